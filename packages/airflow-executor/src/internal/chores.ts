/** Deletes, marks and looks for pods, away from the thread that schedules: each with its own retries, none in the way of others. */
import { monotonicMillis } from "@fairlead/controller"
import { type KubeError, KubeError as KubeErrors, type Pod } from "@fairlead/kube"
import { type Clock, Effect, Random } from "effect"
import { type AirflowKubernetesScheduler, identityOf, type PodIdentity } from "../AirflowKubernetesScheduler.ts"
import { publishBackoffMillis } from "../PublishError.ts"
import { WorkPool } from "./workPool.ts"

export type Chore =
  /** The pod is over and is to go, or to be marked. */
  | { readonly _tag: "Finish"; readonly pod: Pod; readonly action: "Delete" | "Done" }
  /**
   * Nobody wants the pod any more: it is marked, and deleted as it was then. `unless` is asked in between: true lets it
   * live. `onlyIf` is asked first, of the pod as the server has it. `delay`: not before so many milliseconds. `onMarked` is called when the mark is there, `onDone` when it will not begin any more.
   */
  | { readonly _tag: "Revoke"; readonly pod: PodIdentity; readonly unless?: Effect.Effect<boolean>; readonly onlyIf?: (pod: Pod) => boolean; readonly delay?: number; readonly onMarked?: () => void; readonly onDone?: () => void }
  /** Any other call that is repeated until it is carried out; `what` tells several for a pod apart. */
  | { readonly _tag: "Call"; readonly pod: PodIdentity; readonly what: string; readonly call: Effect.Effect<void, KubeError.KubeError> }
  /** The pod is out of sight: find out whether it is gone or somebody else's. */
  | { readonly _tag: "Confirm"; readonly pod: Pod; readonly row: string }

export interface ChoresOptions {
  readonly clock: Clock.Clock
  readonly random: Random.Random
  readonly scheduler: () => AirflowKubernetesScheduler
  readonly isHeld: () => boolean
  readonly concurrency: number
  /** Whether the logs of a finished pod are safe. */
  readonly logsShipped: (pod: Pod) => Effect.Effect<boolean>
  /** Milliseconds that a finished pod waits for its logs, and that it stays at least. */
  readonly logsWait: number
  readonly finishedDelay: number
  /** `now` is the pod as the server has it; `undefined` when it is gone. */
  readonly onConfirmed: (pod: Pod, now: Pod | undefined, row: string) => void
}

/** Failures after which a chore is given up; with their backoff that is several hours. */
const failuresMax = 500
const logsPoll = 1000

interface Entry {
  chore: Chore
  failures: number
  readonly since: number
}

export class Chores {
  readonly pool: WorkPool
  readonly #options: ChoresOptions
  readonly #entries = new Map<string, Entry>()
  givenUp = 0

  constructor(options: ChoresOptions) {
    this.#options = options
    this.pool = new WorkPool({
      clock: options.clock,
      limit: () => options.concurrency,
      queue: { tenantOf: () => "" },
      work: (key) => this.#work(key)
    })
  }

  get size(): number {
    return this.#entries.size
  }

  add(chore: Chore): void {
    const { name, namespace, uid } = podOf(chore)
    const key = `${namespace}/${name}/${uid ?? ""}/${chore._tag === "Confirm" ? "confirm" : chore._tag === "Call" ? chore.what : "end"}`
    const known = this.#entries.get(key)
    const delay = chore._tag === "Finish" ? this.#options.finishedDelay : chore._tag === "Revoke" ? chore.delay ?? 0 : 0
    // A pod that is to go is not kept for a mark.
    if ((known?.chore._tag === "Revoke" && known.chore.delay === undefined) || (known?.chore._tag === "Finish" && known.chore.action === "Delete" && chore._tag === "Finish")) return
    this.#entries.set(key, { chore, failures: 0, since: this.#now() })
    if (delay > 0) this.pool.addAfter(key, delay)
    else this.pool.add(key)
  }

  #work(key: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      const entry = this.#entries.get(key)
      if (entry === undefined) return Effect.void
      if (!this.#options.isHeld()) return this.#again(key, 1000)
      return this.#carryOut(entry).pipe(
        // What the installation brought, its database or its hook, is away: no reason to forget the chore.
        Effect.catchDefect((defect) => Effect.fail(new KubeErrors.KubeError({ method: entry.chore._tag, reason: { _tag: "TransportFailed", description: String(defect) } }))),
        Effect.flatMap((isDone) => isDone ? this.#done(key, entry) : this.#again(key, logsPoll)),
        Effect.catch((error) => this.#failed(key, entry, error))
      )
    })
  }

  /** False: not yet. */
  #carryOut({ chore, since }: Entry): Effect.Effect<boolean, KubeError.KubeError> {
    const scheduler = this.#options.scheduler()
    switch (chore._tag) {
      case "Finish": {
        const identity = identityOf(chore.pod)
        if (chore.action === "Done") return Effect.as(scheduler.patchPodExecutorDone(identity), true)
        const isLate = this.#now() - since >= this.#options.finishedDelay + this.#options.logsWait
        const mayGo = isLate ? Effect.succeed(true) : this.#options.logsShipped(chore.pod)
        return Effect.flatMap(mayGo, (isSafe) => (isSafe ? Effect.as(scheduler.deletePod(identity), true) : Effect.succeed(false)))
      }
      case "Revoke":
        return Effect.as(this.#revoke(chore), true)
      case "Call":
        return Effect.as(chore.call, true)
      case "Confirm": {
        const { name, namespace, uid } = identityOf(chore.pod)
        return Effect.map(scheduler.getPod(namespace, name), (now) => {
          this.#options.onConfirmed(chore.pod, now?.metadata.uid === uid ? now : undefined, chore.row)
          return true
        })
      }
    }
  }

  /** What changes between the mark and the deletion makes the deletion fail, and all of it is looked at once more. */
  #revoke({ onDone, onlyIf, onMarked, pod, unless }: Chore & { readonly _tag: "Revoke" }): Effect.Effect<unknown, KubeError.KubeError> {
    const scheduler = this.#options.scheduler()
    return Effect.gen({ self: this }, function*() {
      const seen = onlyIf === undefined ? undefined : yield* scheduler.getPod(pod.namespace, pod.name)
      if (onlyIf !== undefined && (seen === undefined || (pod.uid !== undefined && seen.metadata.uid !== pod.uid) || !onlyIf(seen))) return
      const marked = yield* scheduler.patchPodRevoked({ ...pod, resourceVersion: seen?.metadata.resourceVersion }).pipe(
        Effect.map((it) => ({ uid: it.metadata.uid, resourceVersion: it.metadata.resourceVersion })),
        // Gone, or not to be marked, which is no reason to keep it.
        Effect.catchIf((error) => onlyIf === undefined && KubeErrors.isReason(error, "Invalid", "Forbidden", "Conflict", "NotFound"), () => Effect.succeed({ uid: pod.uid }))
      )
      onMarked?.()
      if (unless !== undefined && (yield* unless)) return yield* scheduler.patchPodRevoked(pod, false)
      yield* scheduler.deletePod({ ...pod, ...marked })
      onDone?.()
    })
  }

  #done(key: string, entry: Entry): Effect.Effect<void> {
    return Effect.sync(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    })
  }

  #failed(key: string, entry: Entry, error: KubeError.KubeError): Effect.Effect<void> {
    entry.failures++
    // A revoked pod may not take the mark any more.
    if (entry.failures >= failuresMax || (KubeErrors.isReason(error, "Invalid", "BadRequest") && entry.chore._tag !== "Confirm")) {
      this.givenUp++
      // Whoever waits for the end of a pod that cannot be deleted would wait for ever.
      if (entry.chore._tag === "Revoke") entry.chore.onDone?.()
      return Effect.andThen(Effect.logError(`given up: ${error.message}`), this.#done(key, entry))
    }
    const delay = publishBackoffMillis(entry.failures, this.#options.random.nextDoubleUnsafe(), error.retryAfterSeconds)
    return Effect.andThen(Effect.logDebug(`again in ${Math.round(delay)} ms: ${error.message}`), this.#again(key, delay))
  }

  #again(key: string, delay: number): Effect.Effect<void> {
    return Effect.sync(() => this.pool.addAfter(key, delay))
  }

  #now(): number {
    return monotonicMillis(this.#options.clock)
  }
}

const podOf = ({ pod }: Chore): PodIdentity => ("metadata" in pod ? identityOf(pod) : pod)
