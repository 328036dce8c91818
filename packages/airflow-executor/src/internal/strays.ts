/** Pods that the books know nothing of: after a takeover, and from creates that were late. */
import type { Pod } from "@fairlead/kube"
import { type AirflowKubernetesScheduler, identityOf } from "../AirflowKubernetesScheduler.ts"
import { podMarks } from "../TaskKey.ts"
import { dropRuns, isEnded, recoverRun } from "./audit.ts"
import type { Chores } from "./chores.ts"
import type { ExecutorState } from "./executorState.ts"

export interface StraysOptions {
  readonly state: ExecutorState
  readonly chores: Chores
  readonly isOwn: (pod: Pod | undefined) => boolean
  /** True for a pod that has ended and was told of. */
  readonly hasHandled: (pod: Pod) => boolean
}

export class Strays {
  readonly #options: StraysOptions
  /** Pods whose runs were dropped when the lease was lost, and dropped runs whose create may still arrive. */
  #dropped: ReadonlySet<string> = new Set()
  #fenced = new Set<string>()

  constructor(options: StraysOptions) {
    this.#options = options
  }

  /**
   * Somebody took this executor for dead and may have its commands and pods: those without a pod are dropped, and for the
   * pods the server is asked whose they are now.
   */
  takenOver({ kubeWatchers }: AirflowKubernetesScheduler): void {
    const { chores, state } = this.#options
    state.queuedTasks.clear()
    this.#fenced = new Set(state.runs.all().flatMap(({ runId, stage }) => (stage === "Creating" ? [runId] : [])))
    this.#dropped = new Set(dropRuns(state))
    for (const pod of kubeWatchers.flatMap(({ informer }) => informer.store.list())) chores.add({ _tag: "Confirm", pod, row: "TakenOver" })
  }

  /** A pod that is still this executor's is a run again. Answers whether its end, if it has ended, is news once more. */
  confirmed(pod: Pod | undefined, now: number): pod is Pod {
    const { hasHandled, isOwn, state } = this.#options
    if (pod === undefined || !isOwn(pod) || hasHandled(pod)) return false
    // Whether the end of a pod that was no run of this executor has been told of is not known; that of its own runs has not.
    if (!isEnded(pod) || this.#dropped.has(pod.metadata.uid ?? "")) recoverRun(state, pod, now)
    return true
  }

  /** The run is wanted here once more. */
  wanted(runId: string): void {
    this.#fenced.delete(runId)
  }

  /** Airflow has no event for a pod that runs; those who listen want to know. And pods turn up that nobody wants any more. */
  follow({ kubeWatchers }: AirflowKubernetesScheduler): void {
    const { runs } = this.#options.state
    for (const { informer } of kubeWatchers) {
      informer.subscribe(({ object, previous, type }) => {
        if (type === "Added") this.#turnedUp(object)
        if (type === "Deleted" || object.status?.phase !== "Running" || previous?.status?.phase === "Running") return
        const run = runs.match(object)
        if (run !== undefined) this.#options.state.tellRun(run, "running")
      })
    }
  }

  /** A create that was on its way for too long: its run has ended, or was given up together with the lease. */
  #turnedUp(pod: Pod): void {
    const { chores, state } = this.#options
    const runId = pod.metadata.annotations?.[podMarks.run] ?? ""
    if (isEnded(pod) || state.runs.ofRunId(runId) !== undefined || !(state.hasEnded(runId) || this.#fenced.has(runId))) return
    chores.add({ _tag: "Revoke", pod: identityOf(pod), isOwnOnly: true })
  }
}
