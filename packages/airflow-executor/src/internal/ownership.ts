/** Who lives: a lease for each executor, and what can be concluded from the leases of others. */
import { LeaderElection, Leadership, type LeadershipState, monotonicMillis } from "@fairlead/controller"
import { KubeClient, KubeError, KubeResource, KubeTime, type Lease } from "@fairlead/kube"
import { type Clock, Clock as Clocks, Duration, Effect, Random, Schedule, type Scope } from "effect"
import type { ExecutorLeaseOptions } from "../KubernetesExecutorOptions.ts"
import { safeLabelValue } from "../LabelValue.ts"

export interface Ownership {
  /** True while nobody else may have taken this executor for dead. */
  readonly isHeld: () => boolean
  /** The other executors that certainly live or may live, by the label of their pods. */
  readonly alive: () => ReadonlyArray<string>
  /** Whether the executor is dead for certain, and stays so for whoever claims it. Waits until that can be known. */
  readonly claim: (worker: string) => Effect.Effect<boolean>
  /** What was claimed is dealt with. */
  readonly release: (worker: string) => Effect.Effect<void>
}

/** Without leases nobody can be proved dead but those that the caller says are. */
export const ownershipWithoutLease: Ownership = { isHeld: () => true, alive: () => [], claim: () => Effect.succeed(true), release: () => Effect.void }

const prefix = "airflow-executor-"
/** Lease names are DNS names; labels may hold more. */
const leaseName = (worker: string): string => `${prefix}${safeLabelValue(worker).toLowerCase().replace(/[^a-z0-9.-]/g, "-")}`
/** Says on the lease whose it is, as the label of the pods does. */
const leaseOwnerText = (worker: string): string => safeLabelValue(worker)

interface Sighting {
  readonly lease: Lease
  readonly signature: string
  readonly at: number
}

/**
 * Holds the executor's lease and watches those of others until the scope closes. `onTakenOver` is called when the lease is
 * held again after somebody else had it; a lease that only expired, and that nobody took, is held again as if nothing had been.
 */
export const startOwnership = Effect.fnUntraced(function*(worker: string, options: ExecutorLeaseOptions, onTakenOver: () => void): Effect.fn.Return<Ownership, never, KubeClient | Scope.Scope> {
  const client = yield* KubeClient
  const clock = yield* Clocks.Clock
  // A process that took over the name of a frozen one is somebody else.
  const identity = `${leaseOwnerText(worker)}_${Math.abs(yield* Random.nextInt).toString(36)}`
  let leadership: LeadershipState | undefined
  let acquireTime: string | undefined
  const lead = Effect.gen(function*() {
    const lease = yield* Effect.retry(client.get<Lease>(KubeResource.leases, { namespace: options.namespace, name: leaseName(worker) }), Schedule.spaced("1 second"))
    const wasTaken = acquireTime !== undefined && acquireTime !== lease.spec?.acquireTime
    acquireTime = lease.spec?.acquireTime ?? ""
    if (wasTaken) onTakenOver()
    leadership = yield* Leadership
    return yield* Effect.never
  }).pipe(Effect.ensuring(Effect.sync(() => void (leadership = undefined))))
  const held = LeaderElection.run({ ...options, name: leaseName(worker), identity }, lead)
  yield* Effect.forkScoped(Effect.forever(Effect.catch(held, (error) => Effect.logWarning(error.message))))
  const leases = new Leases(client, clock, options, identity)
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(leases.look, Effect.sleep(options.retryPeriod ?? "2 seconds"))))
  return {
    isHeld: () => leadership?.isHeld() ?? false,
    alive: () => leases.alive().filter((it) => it !== leaseOwnerText(worker)),
    claim: (of) => leases.claim(of),
    release: (of) => leases.release(of)
  }
})

/** The leases of all executors, as they were seen. */
class Leases {
  readonly #client: KubeClient["Service"]
  readonly #clock: Clock.Clock
  readonly #options: ExecutorLeaseOptions
  readonly #identity: string
  readonly #sightings = new Map<string, Sighting>()

  constructor(client: KubeClient["Service"], clock: Clock.Clock, options: ExecutorLeaseOptions, identity: string) {
    this.#client = client
    this.#clock = clock
    this.#options = options
    this.#identity = identity
  }

  /** Reads all leases and notes when each was seen to change. */
  readonly look: Effect.Effect<void> = Effect.suspend(() => this.#client.list<Lease>(KubeResource.leases, this.#options.namespace)).pipe(
    Effect.map(({ items }) => {
      const there = new Set<string>()
      for (const lease of items) {
        const name = lease.metadata.name!
        if (!name.startsWith(prefix)) continue
        there.add(name)
        this.#note(lease)
      }
      for (const name of this.#sightings.keys()) if (!there.has(name)) this.#sightings.delete(name)
    }),
    Effect.timeout("10 seconds"),
    Effect.catch((error) => Effect.logDebug(`the leases of other executors could not be read: ${error.message}`))
  )

  alive(): ReadonlyArray<string> {
    return Array.from(this.#sightings.values())
      .filter((it) => (it.lease.spec?.holderIdentity ?? "") !== "" && !this.#isExpired(it))
      .map(({ lease }) => lease.spec!.holderIdentity!.slice(0, lease.spec!.holderIdentity!.lastIndexOf("_")))
      .sort()
  }

  claim(worker: string): Effect.Effect<boolean> {
    return Effect.gen({ self: this }, function*() {
      const name = leaseName(worker)
      const lease = yield* this.#client.get<Lease>(KubeResource.leases, { namespace: this.#options.namespace, name })
      const sighting = this.#note(lease)
      if ((lease.spec?.holderIdentity ?? "") === "") return true
      if (lease.spec?.holderIdentity === this.#identity) return true
      // Seen for the first time: whether it is still renewed shows within its duration.
      if (!this.#isExpired(sighting)) {
        yield* Effect.sleep(Math.max(1, sighting.at + this.#durationOf(lease) - this.#now()))
        const again = this.#note(yield* this.#client.get<Lease>(KubeResource.leases, { namespace: this.#options.namespace, name }))
        if (!this.#isExpired(again)) return false
      }
      const { lease: latest } = this.#sightings.get(name) ?? sighting
      // Written at the version that was read: an owner that comes back to life at this moment wins or loses, never both.
      const renewTime = KubeTime.formatMicro(this.#clock.currentTimeMillisUnsafe())
      const claimed: Lease = { ...latest, spec: { ...latest.spec, holderIdentity: this.#identity, acquireTime: renewTime, renewTime } }
      this.#note(yield* this.#client.update(KubeResource.leases, claimed))
      return true
    }).pipe(Effect.catch((error) => {
      const { message } = error
      // Executors of others keep no leases: whoever asks knows that they are dead.
      if (KubeError.isReason(error, "NotFound")) return Effect.succeed(true)
      return Effect.as(Effect.logInfo(`the executor ${worker} could not be claimed: ${message}`), false)
    }))
  }

  release(worker: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      const sighting = this.#sightings.get(leaseName(worker))
      if (sighting?.lease.spec?.holderIdentity !== this.#identity) return Effect.void
      const { name, namespace, resourceVersion } = sighting.lease.metadata
      return Effect.ignore(this.#client.delete(KubeResource.leases, { namespace, name: name! }, { preconditions: { resourceVersion: resourceVersion! } }))
    })
  }

  #note(lease: Lease): Sighting {
    const name = lease.metadata.name!
    const signature = [lease.spec?.holderIdentity, lease.spec?.renewTime, lease.spec?.acquireTime].join("|")
    const before = this.#sightings.get(name)
    const sighting = { lease, signature, at: before?.signature === signature ? before.at : this.#now() }
    this.#sightings.set(name, sighting)
    return sighting
  }

  #isExpired({ at, lease }: Sighting): boolean {
    return this.#now() >= at + this.#durationOf(lease)
  }

  #durationOf(lease: Lease): number {
    return (lease.spec?.leaseDurationSeconds ?? 0) * 1000 || Duration.toMillis(this.#options.leaseDuration ?? "15 seconds")
  }

  #now(): number {
    return monotonicMillis(this.#clock)
  }
}
