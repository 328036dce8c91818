/** Compares the runs that hold slots with the pods that are there. */
import { isOlder } from "@fairlead/controller"
import { Effect, Result } from "effect"
import type { Pod } from "@fairlead/kube"
import { type AirflowKubernetesScheduler, identityOf } from "../AirflowKubernetesScheduler.ts"
import { hasTaskStarted } from "../FailureDetails.ts"
import type { PendingLimits } from "../KubernetesExecutorOptions.ts"
import type { Dialect } from "../ProcessStatus.ts"
import { annotationsToKey, podMarks, type TaskKey } from "../TaskKey.ts"
import type { Chores } from "./chores.ts"
import { type ExecutorState, recoveredRun } from "./executorState.ts"
import { overdueOf, textOfOverdue } from "./pendingPods.ts"
import type { Run } from "./runTable.ts"

/** True for a pod that nobody wants any more: whatever becomes of it is nobody's news. */
export const isRevoked = ({ metadata: { labels } }: Pod): boolean => labels?.[podMarks.revoked] !== undefined

/** True for a pod that will not run any more. */
export const isEnded = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed"

/**
 * Pods of this executor are runs, whoever started them: an earlier process of the same id. Those that have ended are, too,
 * where a mark says which of them were dealt with: nobody has told of the others. One whose task never began is none: whoever
 * hands its command in again has it launched again.
 */
export const recoverRuns = (state: ExecutorState, { kubeWatchers }: AirflowKubernetesScheduler, dialect: Dialect, now: number): void => {
  for (const { informer } of kubeWatchers) {
    for (const pod of informer.store.list()) if (!isEnded(pod) || (dialect === "provider" && (pod.status?.phase === "Succeeded" || hasTaskStarted(pod)))) recoverRun(state, pod, now)
  }
}

/** A pod that no run of its key stands for is a run. */
export const recoverRun = (state: ExecutorState, pod: Pod, now: number): void => {
  if (pod.metadata.deletionTimestamp !== undefined || pod.metadata.labels?.[podMarks.done] !== undefined || isRevoked(pod)) return
  const key = annotationsToKey(pod.metadata.annotations)
  if (Result.isFailure(key) || state.runs.ofKey(key.success) !== undefined) return
  state.runs.add(recoveredRun(key.success, pod, now))
}

/** Milliseconds: longer than somebody who waits for a quota lets pass between two attempts. */
export const patience = 300_000

/**
 * Pods that were marked to go by a process that ended before it could delete them. No run stands for them, and their names
 * are in the way of the next launch. `hasBegun` lets a pod live whose task runs, as its mark came too late. One in which a
 * task was begun waits for a while: if its run is handed in again, it was marked only for the next launch, which is not needed.
 */
export const resumeRevokes = ({ kubeWatchers }: AirflowKubernetesScheduler, chores: Chores, hasBegun: (key: TaskKey) => Effect.Effect<boolean>): void => {
  for (const pod of kubeWatchers.flatMap(({ informer }) => informer.store.list())) {
    if (!isRevoked(pod) || pod.metadata.deletionTimestamp !== undefined) continue
    const key = Result.getOrUndefined(annotationsToKey(pod.metadata.annotations))
    chores.add({
      _tag: "Revoke",
      pod: identityOf(pod),
      ...(key === undefined ? {} : { unless: hasBegun(key) }),
      ...(hasTaskStarted(pod) ? { onlyIf: isRevoked, delay: patience } : {})
    })
  }
}

export interface AuditContext {
  readonly state: ExecutorState
  readonly scheduler: AirflowKubernetesScheduler
  readonly chores: Chores
  readonly limits: PendingLimits
  readonly isHeld: boolean
  readonly wallMillis: number
}

/** A slot whose pod is nowhere to be seen is looked into; a pod that is pending for too long is given up. */
export const auditRuns = ({ chores, isHeld, limits, scheduler, state, wallMillis }: AuditContext): void => {
  for (const run of state.runs.all()) {
    if (run.stage !== "Launched" || run.uid === undefined) continue
    if (isHeld) run.isSettled = true
    const pod = podOf(scheduler, run)
    if (pod === undefined) {
      if (hasBeenSeen(scheduler, run)) chores.add({ _tag: "Confirm", pod: lastKnown(run), row: "Audit" })
      continue
    }
    const overdue = overdueOf(pod, limits, wallMillis)
    if (overdue === undefined) continue
    const giveUp = Effect.map(scheduler.eventsOf(pod), (events) => {
      // Meanwhile it may have started, or ended.
      if (!state.runs.has(run) || podOf(scheduler, run)?.status?.phase !== "Pending") return
      chores.add({ _tag: "Revoke", pod: identityOf(pod) })
      state.conclude(run, { state: "failed", info: textOfOverdue(overdue, pod, events) })
    })
    chores.add({ _tag: "Call", what: "overdue", pod: identityOf(pod), call: giveUp })
  }
}

const podOf = ({ kubeWatchers }: AirflowKubernetesScheduler, run: Run): Pod | undefined => {
  for (const { informer } of kubeWatchers) {
    const pod = informer.store.get(run.namespace, run.podName)
    if (pod?.metadata.uid === run.uid) return pod
  }
  return undefined
}

/** Whether the watchers have come past the creation of the pod; before that they cannot know it. */
const hasBeenSeen = ({ kubeWatchers }: AirflowKubernetesScheduler, run: Run): boolean => {
  const { informer } = kubeWatchers.find((it) => it.namespace === undefined || it.namespace === run.namespace) ?? {}
  // A pod in a namespace that nobody watches is asked for each time.
  if (informer === undefined) return true
  const { version } = informer.store
  return informer.isSynced() && version !== undefined && !isOlder(version, run.version)
}

const lastKnown = (run: Run): Pod => ({ apiVersion: "v1", kind: "Pod", metadata: { name: run.podName, namespace: run.namespace, uid: run.uid! }, status: { phase: "Running" } })
