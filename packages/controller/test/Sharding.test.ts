import { Effect, Exit, Fiber } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { KubeClient, KubeError, KubeResource, type Lease } from "@fairlead/kube"
import { Controller, Informer, Result, Sharding, Source } from "../src/index.ts"
import { assign } from "../src/internal/shardAssignment.ts"
import { type ClusterFake, unavailable } from "./support/clusterFake.ts"
import { simulate, widget, widgets } from "./support/objects.ts"

const options = (identity: string) => ({ namespace: "default", name: "engine", identity, shards: 12 })
const leases = (cluster: ClusterFake): ReadonlyArray<Lease> => cluster.all(KubeResource.leases) as ReadonlyArray<Lease>

/** Who works on which shard; dies when two work on one. */
class Board {
  readonly owners = new Map<number, string>()
  readonly failures: Array<string> = []

  work(identity: string, end: Effect.Effect<void> = Effect.void) {
    return (shard: number) => Effect.acquireUseRelease(
      Effect.sync(() => {
        if (this.owners.has(shard)) this.failures.push(`${identity} and ${this.owners.get(shard)} work on shard ${shard}`)
        this.owners.set(shard, identity)
      }),
      () => Effect.never,
      () => Effect.andThen(end, Effect.sync(() => this.owners.delete(shard)))
    )
  }

  counts(): { readonly [identity: string]: number } {
    const counts: { [identity: string]: number } = {}
    for (const owner of [...this.owners.values()].sort()) counts[owner] = (counts[owner] ?? 0) + 1
    return counts
  }
}

describe("assign", () => {
  const members = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 12 })

  it("gives everyone an equal share, give or take one round", () => {
    fc.assert(fc.property(members, fc.integer({ min: 1, max: 100 }), (names, shards) => {
      const owners = assign(names, shards)
      expect(owners).toHaveLength(shards)
      for (const name of names) expect(owners.filter((it) => it === name).length).toBeLessThanOrEqual(Math.ceil(shards / names.length))
    }))
  })

  it("does not depend on the order of the members", () => {
    fc.assert(fc.property(members, (names) => {
      expect(assign([...names].reverse(), 32)).toEqual(assign(names, 32))
    }))
  })

  it("moves few shards of the others when a member comes", () => {
    const before = assign(["a", "b", "c", "d"], 64)
    const after = assign(["a", "b", "c", "d", "e"], 64)
    expect(after.filter((it, i) => it !== before[i]).length).toBeLessThan(32)
  })
})

describe("shardOf", () => {
  it("spreads keys evenly", () => {
    const counts = Array.from({ length: 16 }, () => 0)
    for (let i = 0; i < 16_000; i++) counts[Sharding.shardOf({ namespace: "default", name: `task-${i}` }, 16)]!++
    expect(Math.min(...counts)).toBeGreaterThan(850)
    expect(Math.max(...counts)).toBeLessThan(1150)
  })

  it("never changes for a key", () => {
    expect(["a", "b", "task-1"].map((name) => Sharding.shardOf({ namespace: "default", name }, 1024))).toEqual([447, 724, 286])
  })
})

describe("run", () => {
  it("one member works on all shards, a second one takes over its share when the first has finished there", () => {
    simulate(() => Effect.gen(function*() {
      const board = new Board()
      yield* Effect.forkScoped(Sharding.run(options("a"), board.work("a", Effect.sleep("5 seconds"))))
      yield* Effect.sleep("1 second")
      expect(board.counts()).toEqual({ a: 12 })
      yield* Effect.forkScoped(Sharding.run(options("b"), board.work("b")))
      yield* Effect.sleep("6 seconds")
      expect(board.counts()["b"]).toBeUndefined()
      yield* Effect.sleep("10 seconds")
      expect(board.counts()).toEqual({ a: 6, b: 6 })
      expect(board.failures).toEqual([])
    }))
  })

  it("a member that ends gives its shards back, the others take them soon", () => {
    simulate((cluster) => Effect.gen(function*() {
      const board = new Board()
      const [a] = yield* Effect.forEach(["a", "b", "c"], (it) => Effect.forkScoped(Sharding.run(options(it), board.work(it))))
      yield* Effect.sleep("10 seconds")
      expect(board.counts()).toEqual({ a: 4, b: 4, c: 4 })
      yield* Fiber.interrupt(a!)
      yield* Effect.sleep("5 seconds")
      expect(board.counts()).toEqual({ b: 6, c: 6 })
      expect(leases(cluster).filter((it) => it.metadata.labels?.["fairlead.dev/sharding-role"] === "member")).toHaveLength(2)
    }))
  })

  it("a member that is cut off stops before the others take its shards", () => {
    simulate((cluster) => Effect.gen(function*() {
      const board = new Board()
      let isCut = false
      const client = yield* KubeClient
      const guarded = <A>(call: Effect.Effect<A, KubeError.KubeError>) => Effect.suspend(() => (isCut ? Effect.fail(unavailable()) : call))
      const cut: KubeClient["Service"] = {
        ...client,
        get: (...it) => guarded(client.get(...it)), list: (...it) => guarded(client.list(...it)),
        update: (...it) => guarded(client.update(...it)), create: (...it) => guarded(client.create(...it))
      }
      const a = yield* Effect.forkScoped(Effect.exit(Sharding.run(options("a"), board.work("a"))).pipe(Effect.provideService(KubeClient, cut)))
      yield* Effect.forkScoped(Sharding.run(options("b"), board.work("b")))
      yield* Effect.sleep("20 seconds")
      expect(board.counts()).toEqual({ a: 6, b: 6 })
      isCut = true
      const exit = yield* Fiber.join(a)
      expect(String(Exit.isFailure(exit) && exit.cause)).toContain("could not be renewed")
      expect(board.counts()).toEqual({ b: 6 })
      yield* Effect.sleep("15 seconds")
      expect(board.counts()).toEqual({ b: 12 })
      expect(board.failures).toEqual([])
      yield* Effect.sleep("10 minutes")
      expect(leases(cluster).filter((it) => it.metadata.labels?.["fairlead.dev/sharding-role"] === "member")).toHaveLength(1)
    }))
  })

  it("a shard that somebody takes by force is left at once", () => {
    simulate((cluster) => Effect.gen(function*() {
      const board = new Board()
      yield* Effect.forkScoped(Sharding.run(options("a"), board.work("a")))
      yield* Effect.sleep("5 seconds")
      const claim = leases(cluster).find((it) => it.metadata.name === "engine-shard-3")!
      cluster.put(KubeResource.leases, { ...claim, spec: { ...claim.spec, holderIdentity: "thief" } } as Lease)
      yield* Effect.sleep("3 seconds")
      expect(board.owners.has(3)).toBe(false)
      yield* Effect.sleep("20 seconds")
      expect(board.owners.get(3)).toBe("a")
    }))
  })

  it("a failure of the work on one shard ends the whole", () => {
    simulate(() => Effect.gen(function*() {
      const exit = yield* Effect.exit(Sharding.run(options("a"), (shard) => shard === 5 ? Effect.delay(Effect.fail("broken"), "5 seconds") : Effect.never))
      expect(String(Exit.isFailure(exit) && exit.cause)).toContain("broken")
    }))
  })

  it("whatever comes, goes and fails, no shard has two workers, and in the end every shard has one", () => {
    for (let seed = 1; seed <= 12; seed++) {
      simulate((cluster) => Effect.gen(function*() {
        const board = new Board()
        const down = new Set<string>()
        const client = yield* KubeClient
        const memberOf = (identity: string) => {
          const guarded = <A>(call: Effect.Effect<A, KubeError.KubeError>) => Effect.suspend(() => (down.has(identity) ? Effect.fail(unavailable()) : call))
          const own: KubeClient["Service"] = {
            ...client,
            get: (...it) => guarded(client.get(...it)), list: (...it) => guarded(client.list(...it)), delete: (...it) => guarded(client.delete(...it)),
            update: (...it) => guarded(client.update(...it)), create: (...it) => guarded(client.create(...it))
          }
          return Effect.forever(Effect.ignore(Sharding.run(options(identity), board.work(identity, Effect.sleep(500)))).pipe(Effect.provideService(KubeClient, own)))
        }
        const fibers = new Map<string, Fiber.Fiber<unknown, unknown>>()
        for (let i = 0; i < 40; i++) {
          const random = (seed * 7919 + i * 104_729) % 1000
          const identity = ["a", "b", "c", "d"][random % 4]!
          const fiber = fibers.get(identity)
          if (fiber === undefined) fibers.set(identity, yield* Effect.forkScoped(memberOf(identity)))
          else if (random % 3 === 0) {
            fibers.delete(identity)
            yield* Effect.forkScoped(Fiber.interrupt(fiber))
          } else if (down.has(identity)) down.delete(identity)
          else down.add(identity)
          yield* Effect.sleep(500 + random * 15)
        }
        down.clear()
        if (fibers.size === 0) fibers.set("a", yield* Effect.forkScoped(memberOf("a")))
        yield* Effect.sleep("2 minutes")
        expect(board.failures).toEqual([])
        expect(board.owners.size).toBe(12)
        expect(Math.max(...Object.values(board.counts()))).toBeLessThanOrEqual(Math.ceil(12 / fibers.size))
        expect(leases(cluster).length).toBeGreaterThanOrEqual(12)
      }), seed)
    }
  })

  it("controllers of all shards together reconcile every key once", () => {
    simulate((cluster) => Effect.gen(function*() {
      for (let i = 0; i < 50; i++) cluster.put(widgets, widget(`w${i}`))
      const informer = yield* Informer.make({ resource: widgets })
      const runs: Array<string> = []
      const engine = (identity: string) => Sharding.run(options(identity), (shard) => Controller.run({
        name: `widgets-${shard}`,
        sources: [Source.of(informer)],
        accepts: (request) => Sharding.shardOf(request, 12) === shard,
        reconcile: ({ name }) => Effect.sync(() => {
          runs.push(`${name} by ${identity}`)
          return Result.done
        })
      }))
      yield* Effect.forkScoped(engine("a"))
      yield* Effect.sleep("10 seconds")
      expect(runs).toHaveLength(50)
      yield* Effect.forkScoped(engine("b"))
      yield* Effect.sleep("10 seconds")
      runs.length = 0
      for (let i = 0; i < 50; i++) cluster.put(widgets, widget(`w${i}`))
      yield* Effect.sleep("10 seconds")
      expect(runs).toHaveLength(50)
      expect(new Set(runs.map((it) => it.split(" ")[0])).size).toBe(50)
      expect(runs.filter((it) => it.endsWith("by b")).length).toBeGreaterThan(10)
    }))
  })
})
