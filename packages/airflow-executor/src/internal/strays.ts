/** Pods that the books know nothing of: after a takeover, and from creates that were late. */
import type { Pod } from "@fairlead/kube"
import { type AirflowKubernetesScheduler, identityOf } from "../AirflowKubernetesScheduler.ts"
import { podMarks } from "../TaskKey.ts"
import { isEnded, patience, recoverRun } from "./audit.ts"
import type { Chores } from "./chores.ts"
import type { ExecutorState } from "./executorState.ts"
import type { Run } from "./runTable.ts"

export interface StraysOptions {
  readonly state: ExecutorState
  readonly chores: Chores
  readonly isOwn: (pod: Pod | undefined) => boolean
  /** True for a pod that has ended and was told of. */
  readonly hasHandled: (pod: Pod) => boolean
}

const lost = "this executor was taken for dead, and others may have its tasks now"

const runIdOf = ({ metadata }: Pod): string => metadata.annotations?.[podMarks.run] ?? ""

export class Strays {
  readonly #options: StraysOptions
  /** Runs that were let go when the lease was lost, and whose pods whoever took over may not have found. */
  #fenced = new Set<string>()

  constructor(options: StraysOptions) {
    this.#options = options
  }

  /**
   * Somebody took this executor for dead and may have its commands and pods: those without a pod are let go, and so are
   * those whose pod whoever took over may have missed. For all other pods the server is asked whose they are now.
   */
  takenOver({ kubeWatchers }: AirflowKubernetesScheduler): void {
    const { chores, state } = this.#options
    const pods = kubeWatchers.flatMap(({ informer }) => informer.store.list())
    const seen = new Set(pods.map(({ metadata }) => metadata.uid))
    for (const { job, runId } of state.queuedTasks.values()) state.tell({ key: job.key, runId: runId ?? "", state: "adopted", info: lost, pod: undefined, failure: undefined })
    state.queuedTasks.clear()
    const unsure = state.runs.all().filter(({ isSettled, uid }) => !isSettled || !seen.has(uid))
    this.#fenced = new Set(unsure.flatMap(({ isSettled, isUncertain, runId, stage }) => (!isSettled && (isUncertain || stage !== "Waiting") ? [runId] : [])))
    for (const run of unsure) this.#letGo(run)
    for (const pod of pods) chores.add({ _tag: "Confirm", pod, row: "TakenOver" })
  }

  /** Nobody tells of the run here any more. */
  #letGo(run: Run): void {
    this.#options.state.dropNext(run, lost, "adopted")
    this.#options.state.conclude(run, { state: null, isTold: false, change: "adopted", info: lost })
  }

  /** What the server says of a pod after a takeover. Answers the pod if it is this executor's and its end, if it has ended, is news. */
  confirmed(pod: Pod, now: Pod | undefined, millis: number): Pod | undefined {
    const { hasHandled, isOwn, state } = this.#options
    if (now === undefined || !isOwn(now)) {
      const run = state.runs.match(pod)
      if (run !== undefined) this.#letGo(run)
      return undefined
    }
    if (this.#fenced.has(runIdOf(now))) this.#leaveFor(now)
    else if (!isEnded(now)) recoverRun(state, now, millis)
    return hasHandled(now) ? undefined : now
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
    if (state.runs.ofRunId(runIdOf(pod)) !== undefined) return
    if (state.hasEnded(runIdOf(pod)) && !isEnded(pod)) chores.add({ _tag: "Revoke", pod: identityOf(pod) })
    else if (this.#fenced.has(runIdOf(pod))) this.#leaveFor(pod)
  }

  /** Whoever has its run now takes the pod over. It is stopped if nobody does. */
  #leaveFor(pod: Pod): void {
    const onlyIf = (now: Pod): boolean => this.#options.isOwn(now) && this.#fenced.has(runIdOf(now))
    if (!isEnded(pod)) this.#options.chores.add({ _tag: "Revoke", pod: identityOf(pod), onlyIf, delay: patience })
  }
}
