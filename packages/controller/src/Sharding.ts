/** Divides the keys of a controller among many processes. */
import { Clock, Deferred, Duration, Effect, Fiber } from "effect"
import { KubeClient, KubeError, KubeResource, type Lease } from "@fairlead/kube"
import { type Elector, type ElectorOptions, makeElector } from "./internal/elector.ts"
import { claimed, newLease, released } from "./internal/leaseRecord.ts"
import { monotonicMillis } from "./MonotonicTime.ts"
import { Series } from "./internal/series.ts"
import { hash } from "./internal/shardAssignment.ts"
import { claimName, groupLabel, memberName, roleLabel, ShardTable } from "./internal/shardTable.ts"
import { LeadershipLost } from "./LeaderElection.ts"
import { Leadership, type LeadershipState } from "./Leadership.ts"
import { keyOf, type ReconcileRequest } from "./ReconcileRequest.ts"

/** Who shares what with whom. */
export interface ShardingOptions {
  readonly namespace: string
  /** Names the group; all its members must agree on it and on `shards`. */
  readonly name: string
  /** Must be different for every process. */
  readonly identity: string
  /** Number of shards, some times the number of processes. It must never change while members run. */
  readonly shards: number
  /** As in `LeaderElection`; 15 s, 10 s and 2 s when left out. */
  readonly leaseDuration?: Duration.Input | undefined
  readonly renewDeadline?: Duration.Input | undefined
  readonly retryPeriod?: Duration.Input | undefined
}

/** Divides keys into shards and shards among processes. */
export const Sharding = {
  /** The shard that a key belongs to: the same on every machine and in every version. */
  shardOf: ({ name, namespace }: ReconcileRequest, shards: number): number => hash(keyOf(namespace, name)) % shards,

  /**
   * Works on this process's share of the shards: runs `work` for each, for as long as it is ours.
   *
   * Flow: each member renews a lease of its own. Every 2 s it reads all leases of the group, computes from the members
   * that are alive who is to have which shard, and claims those of its own that are free. A shard that is to move is
   * drained first: its work is interrupted and finishes, then its claim is given back and the new owner takes it.
   *
   * Guarantees: a shard has one worker at most. A claim is written with the version it was read at, so one of two wins;
   * the claims of a dead member are free only after its lease has not changed for its duration, as this process saw it,
   * and a member that cannot renew its lease has stopped by then.
   *
   * Costs one write and one list for each member and `retryPeriod`.
   */
  run: <A, E, R>(options: ShardingOptions, work: (shard: number) => Effect.Effect<A, E, R>): Effect.Effect<never, E | LeadershipLost, R | KubeClient> =>
    run(options, work)
}

/** The work on one shard. */
interface Held {
  readonly fiber: Fiber.Fiber<unknown, unknown>
  isLost: boolean
  isEnding: boolean
}

const run = Effect.fnUntraced(function*<A, E, R>(options: ShardingOptions, work: (shard: number) => Effect.Effect<A, E, R>) {
  const member = memberOptions(options)
  const elector = yield* makeElector(member)
  const group = new ShardGroup<E>(options, member, elector, yield* KubeClient, yield* Clock.Clock)
  const services = yield* Effect.context<R>()
  const start = (shard: number): Fiber.Fiber<unknown, E> => Effect.runForkWith(services)(Effect.provideService(work(shard), Leadership, group.leadershipOf(shard)))
  const series = new Series(services, { name: options.name })
    .gauge("sharding_shards_held", "Shards that this process works on", () => group.held.size)
    .gauge("sharding_members", "Members that are alive, as this process sees it", () => group.members)
  const lost = (description: string): LeadershipLost =>
    new LeadershipLost({ lease: `${options.namespace}/${member.name}`, identity: options.identity, description })
  return yield* elector.acquire.pipe(
    Effect.flatMap(() => Effect.acquireUseRelease(
      Effect.forkDetach(elector.keep),
      (keeping) => Effect.raceFirst(
        Effect.raceFirst(group.coordinate(start), Deferred.await(group.failure)),
        Effect.flatMap(Fiber.join(keeping), (description) => Effect.fail(lost(description)))
      ),
      (keeping) => Effect.andThen(group.leave, Effect.andThen(Fiber.interrupt(keeping), group.unregister))
    )),
    Effect.ensuring(Effect.sync(() => series.remove()))
  )
})

const memberOptions = (options: ShardingOptions): ElectorOptions => ({
  namespace: options.namespace,
  name: memberName(options.name, options.identity),
  labels: { [groupLabel]: options.name, [roleLabel]: "member" },
  identity: options.identity,
  leaseMillis: Duration.toMillis(options.leaseDuration ?? "15 seconds"),
  renewMillis: Duration.toMillis(options.renewDeadline ?? "10 seconds"),
  retryMillis: Duration.toMillis(options.retryPeriod ?? "2 seconds")
})

/** One member of a group: its table, its claims and the work that goes on. */
class ShardGroup<E> {
  readonly held = new Map<number, Held>()
  members = 1
  readonly failure: Deferred.Deferred<never, E> = Deferred.makeUnsafe()
  readonly #options: ShardingOptions
  readonly #member: ElectorOptions
  readonly #elector: Elector
  readonly #client: KubeClient["Service"]
  readonly #clock: Clock.Clock
  readonly #table: ShardTable

  constructor(options: ShardingOptions, member: ElectorOptions, elector: Elector, client: KubeClient["Service"], clock: Clock.Clock) {
    this.#options = options
    this.#member = member
    this.#elector = elector
    this.#client = client
    this.#clock = clock
    this.#table = new ShardTable({ group: options.name, shards: options.shards, identity: member.identity, leaseMillis: member.leaseMillis })
  }

  leadershipOf(shard: number): LeadershipState {
    const isLost = (): boolean => this.#elector.isLost() || this.held.get(shard)?.isLost === true
    return { isHeld: () => this.#elector.isHeld() && !isLost(), isLost }
  }

  coordinate(start: (shard: number) => Fiber.Fiber<unknown, E>): Effect.Effect<never> {
    return Effect.gen({ self: this }, function*() {
      for (;;) {
        yield* Effect.catch(this.#round(start), (error) => Effect.logDebug(`sharding ${this.#options.name}: ${error.message}`))
        yield* Effect.sleep(this.#member.retryMillis)
      }
    })
  }

  /** Ends all work and gives all claims back. */
  get leave(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#elector.isLost()) for (const it of this.held.values()) it.isLost = true
      return Effect.forEach(Array.from(this.held.keys()), (shard) => this.#end(shard), { concurrency: "unbounded", discard: true })
    })
  }

  /** Takes this member off the list. */
  get unregister(): Effect.Effect<void> {
    if (!this.#elector.isLeading) return Effect.void
    const { name, namespace } = this.#member
    return Effect.ignore(Effect.timeout(this.#client.delete(KubeResource.leases, { namespace, name }), this.#member.renewMillis / 2))
  }

  #round(start: (shard: number) => Fiber.Fiber<unknown, E>): Effect.Effect<void, KubeError.KubeError> {
    return Effect.gen({ self: this }, function*() {
      const { namespace } = this.#options
      const query = { labelSelector: `${groupLabel}=${this.#options.name}` }
      const listing = this.#client.list<Lease>(KubeResource.leases, namespace, { query })
      const { items } = yield* Effect.timeoutOrElse(listing, { duration: this.#member.renewMillis / 2, orElse: () => Effect.fail(noAnswer) })
      const plan = this.#table.plan(items, new Set(this.held.keys()), this.#now())
      this.members = plan.members.length
      for (const shard of plan.lost) {
        this.held.get(shard)!.isLost = true
        yield* Effect.forkChild(this.#end(shard))
      }
      for (const shard of plan.drain) yield* Effect.forkChild(this.#end(shard))
      for (const { lease, shard } of plan.claim) yield* this.#claim(shard, lease, start)
      for (const lease of plan.giveBack) yield* this.#giveBack(lease)
      for (const { metadata } of plan.bury) {
        yield* Effect.ignore(this.#client.delete(KubeResource.leases, { namespace, name: metadata.name! }, { preconditions: { resourceVersion: metadata.resourceVersion! } }))
      }
    })
  }

  /** Claims a shard and starts its work. Somebody else may be faster: then the next round sees it. */
  #claim(shard: number, lease: Lease | undefined, start: (shard: number) => Fiber.Fiber<unknown, E>): Effect.Effect<void, KubeError.KubeError> {
    const labels = { [groupLabel]: this.#options.name, [roleLabel]: "shard" }
    const wall = this.#clock.currentTimeMillisUnsafe()
    const write = lease === undefined
      ? this.#client.create(KubeResource.leases, newLease({ namespace: this.#options.namespace, name: claimName(this.#options.name, shard), labels }, this.#member, wall))
      : this.#client.update(KubeResource.leases, claimed(lease, this.#member, wall))
    return Effect.map(write, (stored) => {
      // The answer may have come after the own lease has expired.
      if (!this.#elector.isHeld()) return
      this.#table.note(stored, this.#now())
      const fiber = start(shard)
      this.held.set(shard, { fiber, isLost: false, isEnding: false })
      fiber.addObserver((exit) => {
        if (exit._tag === "Failure" && this.held.get(shard)?.isEnding !== true) Deferred.doneUnsafe(this.failure, Effect.failCause(exit.cause))
      })
    })
  }

  /** Ends the work on a shard, then gives the claim back unless it is lost. */
  #end(shard: number): Effect.Effect<void> {
    const held = this.held.get(shard)
    if (held === undefined || held.isEnding) return held === undefined ? Effect.void : Effect.asVoid(Fiber.await(held.fiber))
    held.isEnding = true
    return Effect.uninterruptible(Effect.gen({ self: this }, function*() {
      yield* Fiber.interrupt(held.fiber)
      const lease = this.#table.claimOf(shard)
      if (!held.isLost && !this.#elector.isLost() && lease !== undefined) yield* this.#giveBack(lease)
      this.held.delete(shard)
    }))
  }

  #giveBack(lease: Lease): Effect.Effect<void> {
    const update = this.#client.update(KubeResource.leases, released(lease, this.#clock.currentTimeMillisUnsafe()))
    return Effect.ignore(Effect.timeout(update, this.#member.renewMillis / 2))
  }

  #now(): number {
    return monotonicMillis(this.#clock)
  }
}

const noAnswer = new KubeError.KubeError({ method: "list leases", reason: { _tag: "TransportFailed", description: "no answer in time" } })
