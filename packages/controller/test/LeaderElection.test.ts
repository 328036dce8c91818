import { Clock, Effect, Exit, Fiber, Layer } from "effect"
import { expect, it } from "vitest"
import { KubeClient, KubeError, KubeResource, type Lease } from "@fairlead/kube"
import { Controller, Health, Informer, LeaderElection, LeadershipLost, Result, Source } from "../src/index.ts"
import { type ClusterFake, unavailable } from "./support/clusterFake.ts"
import { simulate, widget, widgets } from "./support/objects.ts"

const options = (identity: string) => ({ namespace: "default", name: "engine", identity })
const leaseOf = (cluster: ClusterFake): Lease | undefined => cluster.find(KubeResource.leases, "default", "engine") as Lease | undefined
const holder = (cluster: ClusterFake): string | undefined => leaseOf(cluster)?.spec?.holderIdentity

/** Candidates that write down when they begin and end to lead. */
const candidate = (identity: string, log: Array<string>, work: Effect.Effect<unknown> = Effect.never) =>
  LeaderElection.run(options(identity), Effect.gen(function*() {
    log.push(`${identity} leads at ${yield* seconds}`)
    return yield* work
  }).pipe(Effect.ensuring(Effect.flatMap(seconds, (at) => Effect.sync(() => log.push(`${identity} ends at ${at}`))))))

const epoch = 1_767_225_600_000
const seconds = Effect.map(Clock.currentTimeMillis, (it) => Math.floor((it - epoch) / 1000))

/** Fails all calls while `isDown` says so. */
const failWhile = (cluster: ClusterFake, isDown: () => boolean): void => {
  cluster.rule = () => (isDown() ? { before: unavailable() } : undefined)
}

it("one candidate leads, the other waits and takes over at once when the lease is given back", () => {
  simulate((cluster) => Effect.gen(function*() {
    const log: Array<string> = []
    const a = yield* Effect.forkScoped(candidate("a", log))
    yield* Effect.sleep(1000)
    yield* Effect.forkScoped(candidate("b", log))
    yield* Effect.sleep("5 minutes")
    expect(log).toEqual(["a leads at 0"])
    yield* Fiber.interrupt(a)
    expect(holder(cluster)).toBe("")
    yield* Effect.sleep("5 seconds")
    expect(log.slice(0, 2)).toEqual(["a leads at 0", "a ends at 301"])
    expect(log[2]).toMatch(/^b leads at 30[1-5]$/)
    expect(leaseOf(cluster)?.spec).toMatchObject({ holderIdentity: "b", leaseDurationSeconds: 15, leaseTransitions: 1 })
  }))
})

it("a candidate says what it waits for, and again when that changes", () => {
  simulate((cluster, logs) => Effect.gen(function*() {
    let isDown = true
    failWhile(cluster, () => isDown)
    yield* Effect.forkScoped(candidate("b", []))
    yield* Effect.sleep("1 minute")
    expect(logs).toEqual(["b waits for the lease default/engine: fake failed: ServiceUnavailable: ServiceUnavailable"])
    isDown = false
    yield* Effect.sleep("10 seconds")
    yield* Effect.forkScoped(candidate("c", []))
    yield* Effect.sleep("1 minute")
    expect(logs.slice(1)).toEqual(["b holds the lease default/engine", "c waits for the lease default/engine: b holds it"])
  }))
})

it("the lease says who renewed it and when, in the form that other clients read", () => {
  simulate((cluster) => Effect.gen(function*() {
    yield* Effect.forkScoped(candidate("a", []))
    yield* Effect.sleep("5 seconds")
    expect(leaseOf(cluster)).toMatchObject({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      spec: { holderIdentity: "a", leaseDurationSeconds: 15, acquireTime: "2026-01-01T00:00:00.000000Z", renewTime: "2026-01-01T00:00:04.000000Z", leaseTransitions: 0 }
    })
    expect(cluster.requests).toEqual(["get leases engine", "create leases", "update leases engine", "update leases engine"])
  }))
})

it("a leader that cannot renew stops after 10 s, before another one may start", () => {
  simulate((cluster) => Effect.gen(function*() {
    const log: Array<string> = []
    let isDown = false
    failWhile(cluster, () => isDown)
    const a = yield* Effect.forkScoped(Effect.exit(candidate("a", log)))
    yield* Effect.sleep(1000)
    yield* Effect.forkScoped(Effect.exit(candidate("b", log)))
    yield* Effect.sleep("59 seconds")
    isDown = true
    const exit = yield* Fiber.join(a)
    expect(Exit.isFailure(exit) && String(exit.cause)).toContain("a lost the lease default/engine: it could not be renewed for 10000 ms")
    isDown = false
    yield* Effect.sleep("20 seconds")
    const [, end, next] = log
    expect(end).toMatch(/a ends at (68|69|70)/)
    expect(Number(next?.split(" ").at(-1))).toBeGreaterThanOrEqual(73)
    expect(Number(next?.split(" ").at(-1))).toBeLessThanOrEqual(90)
  }))
})

it("an outage shorter than the deadline is survived, also when answers are lost", () => {
  simulate((cluster) => Effect.gen(function*() {
    const log: Array<string> = []
    yield* Effect.forkScoped(candidate("a", log))
    yield* Effect.sleep("60 seconds")
    cluster.rule = (verb) => (verb === "update" ? { after: unavailable() } : undefined)
    yield* Effect.sleep("7 seconds")
    cluster.rule = () => undefined
    yield* Effect.sleep("60 seconds")
    cluster.rule = () => ({ hang: true })
    yield* Effect.sleep("3 seconds")
    cluster.rule = () => undefined
    yield* Effect.sleep("60 seconds")
    expect(log).toEqual(["a leads at 0"])
  }))
})

it("expiry counts from when the record was seen to change, whatever its times say", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.put(KubeResource.leases, {
      metadata: { namespace: "default", name: "engine" },
      spec: { holderIdentity: "ghost", leaseDurationSeconds: 15, renewTime: "1999-01-01T00:00:00.000000Z" }
    } as Lease)
    const log: Array<string> = []
    yield* Effect.forkScoped(candidate("a", log))
    yield* Effect.sleep("30 seconds")
    expect(Number(log[0]?.split(" ").at(-1))).toBeGreaterThanOrEqual(15)
    expect(Number(log[0]?.split(" ").at(-1))).toBeLessThanOrEqual(19)
    expect(leaseOf(cluster)?.spec?.leaseTransitions).toBe(1)
  }))
})

it("a leader whose lease somebody else holds stops at once", () => {
  simulate((cluster) => Effect.gen(function*() {
    const log: Array<string> = []
    const a = yield* Effect.forkScoped(Effect.exit(candidate("a", log)))
    yield* Effect.sleep("5 seconds")
    cluster.put(KubeResource.leases, { ...leaseOf(cluster)!, spec: { holderIdentity: "thief", leaseDurationSeconds: 15 } } as Lease)
    const exit = yield* Fiber.join(a)
    expect(Exit.isFailure(exit) && String(exit.cause)).toContain("thief holds it now")
    expect(log).toEqual(["a leads at 0", "a ends at 6"])
    expect(holder(cluster)).toBe("thief")
  }))
})

it("whatever the outages, two candidates never lead at once, and somebody leads when they are over", () => {
  for (let seed = 1; seed <= 20; seed++) {
    simulate((cluster) => Effect.gen(function*() {
      const leading = new Set<string>()
      const down = new Map<string, boolean>()
      const candidateOf = (identity: string) => Effect.gen(function*() {
        const client = yield* KubeClient
        const guarded = <A>(call: Effect.Effect<A, KubeError.KubeError>) => Effect.suspend(() => (down.get(identity) === true ? Effect.fail(unavailable()) : call))
        const own: KubeClient["Service"] = { ...client, get: (...it) => guarded(client.get(...it)), update: (...it) => guarded(client.update(...it)), create: (...it) => guarded(client.create(...it)) }
        const work = Effect.acquireUseRelease(
          Effect.sync(() => {
            leading.add(identity)
            expect([...leading]).toEqual([identity])
          }),
          () => Effect.never,
          () => Effect.sync(() => leading.delete(identity))
        )
        return yield* Effect.forever(Effect.ignore(LeaderElection.run(options(identity), work)).pipe(Effect.provideService(KubeClient, own)))
      })
      for (const identity of ["a", "b", "c"]) yield* Effect.forkScoped(candidateOf(identity))
      for (let i = 0; i < 60; i++) {
        const random = ((seed * 7919 + i * 104_729) % 1000) / 1000
        down.set(["a", "b", "c"][i % 3]!, random < 0.6)
        yield* Effect.sleep(1000 + random * 12_000)
      }
      down.clear()
      yield* Effect.sleep("1 minute")
      expect([...leading]).toEqual([holder(cluster)])
    }), seed)
  }
})

it("the end of the work gives the lease back and is the end of the whole", () => {
  simulate((cluster) => Effect.gen(function*() {
    const answer = yield* LeaderElection.run(options("a"), Effect.as(Effect.sleep("30 seconds"), 42))
    expect(answer).toBe(42)
    expect(holder(cluster)).toBe("")
  }))
})

it("the lease is renewed while the work takes its time to end", () => {
  simulate((cluster) => Effect.gen(function*() {
    const a = yield* Effect.forkScoped(LeaderElection.run(options("a"), Effect.ensuring(Effect.never, Effect.sleep("1 minute"))))
    yield* Effect.sleep("5 seconds")
    yield* Effect.forkChild(Fiber.interrupt(a))
    yield* Effect.sleep("50 seconds")
    expect(leaseOf(cluster)?.spec).toMatchObject({ holderIdentity: "a", renewTime: "2026-01-01T00:00:54.000000Z" })
    yield* Effect.sleep("20 seconds")
    expect(holder(cluster)).toBe("")
  }))
})

it("fence refuses writes of a leader whose lease may have expired, and of nobody else", () => {
  simulate((cluster) => Effect.gen(function*() {
    const outcomes: Array<string> = []
    const write = (name: string) => Effect.gen(function*() {
      const client = yield* KubeClient
      const exit = yield* Effect.exit(client.create(widgets, widget(name)))
      outcomes.push(`${name} ${Exit.isSuccess(exit) ? "written" : String(exit.cause).includes("may have expired") ? "refused" : "failed"}`)
      yield* client.list(widgets, "default")
    })
    const frozen = { value: false }
    cluster.rule = (_, request) => (frozen.value && request.resource === KubeResource.leases ? { hang: true } : undefined)
    const stubborn = Effect.uninterruptible(Effect.gen(function*() {
      yield* write("early")
      frozen.value = true
      yield* Effect.sleep("20 seconds")
      yield* write("late")
    }))
    const exit = yield* Effect.exit(LeaderElection.run(options("a"), stubborn))
    yield* write("outside")
    expect(Exit.isFailure(exit) && exit.cause.reasons[0]?._tag === "Fail" && exit.cause.reasons[0].error instanceof LeadershipLost).toBe(true)
    expect(outcomes).toEqual(["early written", "late refused", "outside written"])
  }).pipe(Effect.provide(Layer.provide(Layer.fresh(KubeClient.layer), LeaderElection.fence))))
})

it("a warm standby has its caches full and starts at once; a lost lease interrupts reconciles without grace", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.put(widgets, widget("a"))
    const informer = yield* Informer.make({ resource: widgets })
    const runs: Array<string> = []
    const controller = Controller.run({
      name: "widgets",
      sources: [Source.of(informer)],
      reconcile: ({ name }) => Effect.as(Effect.ensuring(Effect.sleep("1 hour"), Effect.flatMap(seconds, (at) => Effect.sync(() => runs.push(`${name} ends at ${at}`)))), Result.done)
    })
    cluster.put(KubeResource.leases, { metadata: { namespace: "default", name: "engine" }, spec: { holderIdentity: "other", leaseDurationSeconds: 15 } } as Lease)
    const fiber = yield* Effect.forkScoped(Effect.exit(LeaderElection.run(options("me"), controller)))
    yield* informer.synced
    yield* Effect.sleep("10 seconds")
    cluster.requests.length = 0
    yield* Effect.sleep("20 seconds")
    expect(cluster.requests.filter((it) => it === "list widgets")).toEqual([])
    cluster.put(KubeResource.leases, { ...leaseOf(cluster)!, spec: { holderIdentity: "thief", leaseDurationSeconds: 15 } } as Lease)
    yield* Fiber.join(fiber)
    expect(runs).toHaveLength(1)
    expect(Number(runs[0]?.split(" ").at(-1))).toBeLessThanOrEqual(33)
    expect(yield* Health.live).toMatchObject({ ok: true })
  }).pipe(Effect.provide(Health.layer)))
})

it("durations that cannot work are refused", () => {
  simulate(() => Effect.gen(function*() {
    const exit = yield* Effect.exit(LeaderElection.run({ ...options("a"), leaseDuration: "5 seconds" }, Effect.never))
    expect(String(Exit.isFailure(exit) && exit.cause)).toContain("leaseDuration (5000 ms) must be longer than renewDeadline (10000 ms)")
  }))
})
