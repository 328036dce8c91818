/** What becomes of a run when its pod ends, vanishes or changes hands. */
import type { Pod } from "@fairlead/kube"
import { Effect } from "effect"
import { type FailureDetails, hasTaskStarted, textOfFailure } from "../FailureDetails.ts"
import type { KubeConfig } from "../KubeConfig.ts"
import type { KubernetesResults } from "../KubernetesJob.ts"
import type { AirflowDatabase } from "../KubernetesExecutorOptions.ts"
import { identityOf } from "../AirflowKubernetesScheduler.ts"
import { makeSafeLabelValue } from "../LabelValue.ts"
import { podMarks, type TaskKey } from "../TaskKey.ts"
import { isEnded } from "./audit.ts"
import type { Chores } from "./chores.ts"
import type { ExecutorState } from "./executorState.ts"
import type { Launcher } from "./launcher.ts"
import { pendingReason } from "./pendingPods.ts"
import type { Run } from "./runTable.ts"

export interface OutcomesOptions {
  readonly config: KubeConfig
  readonly worker: string
  readonly state: ExecutorState
  readonly launcher: Launcher
  readonly chores: Chores
  readonly database: AirflowDatabase
}

/** How a pod is known to have failed. */
interface Failure {
  readonly info: string
  readonly details: FailureDetails | undefined
}

export class Outcomes {
  readonly #options: OutcomesOptions
  /** Uids of pods that ended and were dealt with, for as long as they are in sight. */
  readonly #handled = new Set<string>()

  constructor(options: OutcomesOptions) {
    this.#options = options
  }

  get handled(): number {
    return this.#handled.size
  }

  /** True for a pod that has ended and was told of. */
  hasHandled(pod: Pod): boolean {
    return this.#handled.has(pod.metadata.uid ?? "")
  }

  /** Deals with a report now, or later if that breaks, as when the database of Airflow is away: nobody else would tell of the end. */
  take(result: KubernetesResults): Effect.Effect<void> {
    const { name, namespace } = result.pod.metadata
    const again = Effect.suspend(() => this.changeState({ ...result, isRepeat: true }))
    return Effect.catchCause(this.changeState(result), (cause) => Effect.andThen(
      Effect.logError(`the report about ${namespace}/${name} could not be used, and is looked at again later`, cause),
      Effect.sync(() => this.#options.chores.add({ _tag: "Call", what: "report", pod: identityOf(result.pod), call: again }))
    ))
  }

  /** Airflow's `_change_state`, for a report about a pod. */
  changeState(result: KubernetesResults): Effect.Effect<void> {
    const { pod, state } = result
    if (state === "adopted") return Effect.sync(() => this.#outOfSight(result))
    const uid = pod.metadata.uid ?? ""
    if (!result.isRepeat && (result.isGone ? this.#handled.delete(uid) : this.#handled.has(uid))) return Effect.void
    if (!result.isGone) this.#handled.add(uid)
    this.#options.launcher.freed(pod.metadata.namespace ?? "")
    if (state === null) return this.#ended(result.key, pod, result.isGone)
    const info = pod.status?.phase === "Pending"
      ? `the pod could not start: ${pendingReason(pod) || (pod.status?.reason ?? "nobody says why")}`
      : result.row === "RunningDeleted" ? "the pod was deleted before its task ended" : textOfFailure(result.failureDetails)
    return this.#failed(result.key, pod, { info, details: result.failureDetails }, result.isGone)
  }

  /** The pod does not match the watch any more, for whatever reason: only the server knows. */
  #outOfSight({ pod, row }: KubernetesResults): void {
    if (this.#handled.delete(pod.metadata.uid ?? "")) return
    this.#options.chores.add({ _tag: "Confirm", pod, row })
  }

  /** What the server says of a pod that is out of sight. */
  confirmed(pod: Pod, now: Pod | undefined): void {
    const run = this.#options.state.runs.match(pod)
    if (now === undefined) {
      if (run === undefined) return
      this.#options.launcher.freed(run.namespace)
      return this.#vanished(run, pod)
    }
    if (now.metadata.labels?.[podMarks.worker] === makeSafeLabelValue(this.#options.worker) || run === undefined) return
    this.#options.state.conclude(run, { state: null, isTold: false, change: "adopted", info: `the executor ${now.metadata.labels?.[podMarks.worker]} has the pod now` })
  }

  /** The pod is gone, and its last known state says how far it came. */
  #vanished(run: Run, pod: Pod): void {
    const phase = pod.status?.phase
    if (phase === "Succeeded") return this.#options.state.conclude(run, { state: this.#stateOfSuccess() })
    const info = phase === "Running" ? "the pod was deleted before its task ended" : phase === "Failed" ? "the pod failed" : "the pod was deleted before it could start"
    if (phase !== "Running" && phase !== "Failed" && this.#relaunch(run)) return
    this.#options.state.conclude(run, { state: "failed", info })
  }

  #stateOfSuccess(): "success" | null {
    return this.#options.config.dialect === "contrib" ? null : "success"
  }

  #ended(key: TaskKey, pod: Pod, isGone: boolean): Effect.Effect<void> {
    const run = this.#options.state.runs.match(pod)
    if (!isGone) this.#finish(pod, true)
    const { config, database, state } = this.#options
    if (run === undefined) return this.#unowned(key, null, undefined)
    if (config.dialect === "contrib") return Effect.sync(() => state.conclude(run, { state: null }))
    return Effect.map(database.stateOf(key), (known) =>
      state.conclude(run, { state: known === "failed" || known === "success" ? known : "success" }))
  }

  #failed(key: TaskKey, pod: Pod, { details, info }: Failure, isGone: boolean): Effect.Effect<void> {
    const { config, database, state } = this.#options
    const run = state.runs.match(pod)
    if (run === undefined) {
      if (!isGone) this.finishFailed(pod)
      return this.#unowned(key, "failed", info)
    }
    return Effect.gen({ self: this }, function*() {
      const known = yield* database.stateOf(key)
      // The task had told of its success before its pod was ended: by a timeout of its database, or an eviction.
      if (known === "success" && config.dialect === "provider") {
        if (!isGone) this.#finish(pod, true)
        return state.conclude(run, { state: "success" })
      }
      const mayRelaunch = !hasTaskStarted(pod) && !this.#isExcluded(details) && (known === undefined || known === "queued") && state.runs.has(run)
      if (mayRelaunch && this.#relaunch(run, isGone ? undefined : pod)) return
      if (!isGone) this.finishFailed(pod)
      state.conclude(run, { state: "failed", info, failure: details })
      if (config.dialect === "contrib") yield* database.setState(key, "failed")
    })
  }

  /** A pod that failed; one that could still begin is deleted whatever the configuration says. */
  finishFailed(pod: Pod): void {
    if (pod.status?.phase === "Pending") this.#options.chores.add({ _tag: "Revoke", pod: identityOf(pod) })
    else this.#finish(pod, this.#options.config.deleteWorkerPodsOnFailure)
  }

  /** A pod that no run waits for: from before, or of a run that is over. Airflow 1.10 tells of it all the same, the provider does not. */
  #unowned(key: TaskKey, outcome: "failed" | null, info: string | undefined): Effect.Effect<void> {
    const { config, database, state } = this.#options
    if (config.dialect !== "contrib" || state.runs.ofKey(key) !== undefined) return Effect.void
    state.emit(key, outcome, info)
    return outcome === "failed" ? database.setState(key, outcome) : Effect.void
  }

  #isExcluded(details: FailureDetails | undefined): boolean {
    return details?.containerReason !== undefined && this.#options.config.podLaunchFailureExcludedContainerReasons.includes(details.containerReason)
  }

  /**
   * Launches the run once more, if it may be: its task never began. An ended pod stays until the next one is there, which
   * a process after this one can count on; one that could still begin is deleted first.
   */
  #relaunch(run: Run, pod?: Pod): boolean {
    const { config: { podLaunchFailureRetries: most }, chores, launcher, state } = this.#options
    if (run.isRecovered || run.isRevoked || run.next !== undefined || (most >= 0 && run.launchFailures >= most)) return false
    run.launchFailures++
    state.runs.unbind(run)
    if (run.replaced !== undefined) this.finishFailed(run.replaced)
    run.replaced = pod !== undefined && isEnded(pod) ? pod : undefined
    if (pod === undefined || isEnded(pod)) launcher.add(run)
    else chores.add({ _tag: "Revoke", pod: identityOf(pod), onDone: () => launcher.add(run) })
    return true
  }

  /** Deletes the pod or marks it, so that nobody has to look at it again. */
  #finish(pod: Pod, mayDelete: boolean): void {
    const { chores, config } = this.#options
    if (pod.metadata.deletionTimestamp !== undefined) return
    chores.add({ _tag: "Finish", pod, action: config.deleteWorkerPods && mayDelete ? "Delete" : "Done" })
  }
}
