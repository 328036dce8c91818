/** Finds task instances that are queued although nothing was launched for them. */
import { Effect, Result } from "effect"
import type { AirflowKubernetesScheduler } from "../AirflowKubernetesScheduler.ts"
import type { AirflowDatabase } from "../KubernetesExecutorOptions.ts"
import { annotationsToKey, type TaskKey, textOfKey } from "../TaskKey.ts"
import type { ExecutorState } from "./executorState.ts"

export interface NotLaunchedContext {
  readonly scheduler: AirflowKubernetesScheduler
  readonly database: AirflowDatabase
  readonly state: ExecutorState
}

/**
 * Airflow 1.10's `clear_not_launched_queued_tasks`. Where Airflow lists once for each task instance, the watchers' own
 * copy is asked here; and the try counts, so that the pod of an earlier try does not hold a task back.
 */
export const clearNotLaunched = ({ database, scheduler, state }: NotLaunchedContext): Effect.Effect<ReadonlyArray<TaskKey>> =>
  Effect.gen(function*() {
    const launched = new Set<string>()
    for (const { informer } of scheduler.kubeWatchers) {
      for (const { metadata } of informer.store.list()) {
        const key = annotationsToKey(metadata.annotations)
        if (Result.isSuccess(key)) launched.add(textOfKey(key.success))
      }
    }
    const isKnown = (key: TaskKey): boolean => launched.has(textOfKey(key)) || state.queuedTasks.has(textOfKey(key)) || state.runs.ofKey(key) !== undefined
    const cleared = (yield* database.queuedTaskInstances).filter((key) => !isKnown(key))
    for (const key of cleared) yield* database.setState(key, null)
    return cleared
  })
