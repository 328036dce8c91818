/** Finds the task instance that the labels of a pod of Airflow 1.10 stand for. */
import { Effect, Result } from "effect"
import { isoformat, isSameDatetime, labelSafeDatestringToDatetime, parseDatetime } from "./Datestring.ts"
import { makeSafeLabelValue } from "./LabelValue.ts"
import { type Marks, pythonInt, type TaskKey, taskKey } from "./TaskKey.ts"

/** A task instance of the database, as far as its key goes. */
export interface TaskInstanceId {
  readonly dagId: string
  readonly taskId: string
  /** In ISO form. */
  readonly executionDate: string
}

/**
 * Airflow 1.10's `_labels_to_key`. Labels hold ids that were made safe, so all task instances of the date are looked
 * through for one whose ids become these labels. No match and labels that cannot be read are a warning and no key.
 */
export const labelsToKey = <R>(
  labels: Marks,
  instancesOn: (executionDate: string) => Effect.Effect<ReadonlyArray<TaskInstanceId>, never, R>
): Effect.Effect<TaskKey | undefined, never, R> =>
  Effect.gen(function*() {
    const { dag_id: dagId, execution_date: date, task_id: taskId, try_number: tryText = "1" } = labels ?? {}
    const tryNumber = pythonInt(tryText)
    if (tryNumber === undefined) yield* Effect.logWarning(`the label try_number is "${tryText}", which is no whole number; taken for 1`)
    const executionDate = date === undefined ? undefined : Result.getOrUndefined(labelSafeDatestringToDatetime(date))
    if (dagId === undefined || taskId === undefined || executionDate === undefined) {
      yield* Effect.logWarning(`the labels ${JSON.stringify(labels ?? {})} need dag_id, task_id and an execution_date; the pod is left alone`)
      return undefined
    }
    const isOnDate = (instance: TaskInstanceId): boolean => {
      const other = Result.getOrUndefined(parseDatetime(instance.executionDate))
      return other !== undefined && isSameDatetime(other, executionDate)
    }
    const found = (yield* instancesOn(isoformat(executionDate))).find((it) =>
      isOnDate(it) && makeSafeLabelValue(it.dagId) === dagId && makeSafeLabelValue(it.taskId) === taskId)
    if (found === undefined) {
      yield* Effect.logWarning(`no task instance of ${isoformat(executionDate)} has the labels dag_id=${dagId}, task_id=${taskId}`)
      return undefined
    }
    return taskKey(found.dagId, found.taskId, isoformat(executionDate), tryNumber ?? 1)
  })
