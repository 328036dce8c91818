/** Which try of which task instance a pod or a command is for. */
import { Data, Result } from "effect"
import { makeSafeLabelValue } from "./LabelValue.ts"

/** Identifies a try of a task instance, as Airflow's `TaskInstanceKey`. */
export interface TaskKey {
  readonly dagId: string
  readonly taskId: string
  /** The run; for Airflow 1.10 its execution date in ISO form. */
  readonly runId: string
  readonly tryNumber: number
  /** -1 for a task that is not mapped. */
  readonly mapIndex: number
}

/** A pod does not say which task it is for. */
export class TaskKeyInvalid extends Data.TaggedError("TaskKeyInvalid")<{ readonly field: string; readonly value: string | undefined }> {
  override get message(): string {
    return this.value === undefined ? `the annotation ${this.field} is missing` : `the annotation ${this.field} is "${this.value}", which is no whole number`
  }
}

/** A key from its parts; a task is not mapped and in its first try unless told otherwise. */
export const taskKey = (dagId: string, taskId: string, runId: string, tryNumber = 1, mapIndex = -1): TaskKey => ({ dagId, taskId, runId, tryNumber, mapIndex })

/** Equal for equal keys only; for maps. */
export const textOfKey = ({ dagId, mapIndex, runId, taskId, tryNumber }: TaskKey): string => JSON.stringify([dagId, taskId, runId, tryNumber, mapIndex])

/** Names of the labels and annotations that Airflow puts on its pods. */
export const podMarks = {
  worker: "airflow-worker",
  executor: "kubernetes_executor",
  done: "airflow_executor_done",
  revoked: "airflow_pod_revoked",
  version: "airflow_version",
  /** Annotation of ours: which run of the key the pod is for. */
  run: "fairlead.dev/airflow-run",
  /** Annotation of ours: how often the run had been launched before. */
  launch: "fairlead.dev/airflow-launch",
  /** Annotation of ours: how many launches of the run had ended before its task began. */
  launchFailures: "fairlead.dev/airflow-launch-failures",
  /** Label of ours: the Secret holds the workload of a pod of its name. */
  workload: "fairlead.dev/airflow-workload"
} as const

/** Labels or annotations. */
export type Marks = { readonly [name: string]: string } | undefined

/** Python's `int()` of a text: blanks around, a sign, underscores between digits. */
export const pythonInt = (text: string): number | undefined => {
  const trimmed = text.trim()
  return /^[+-]?\d+(_\d+)*$/.test(trimmed) ? Number(trimmed.replaceAll("_", "")) : undefined
}

/** The ids of a task as the provider puts them on its pod, as they are. */
export const keyAnnotations = ({ dagId, mapIndex, runId, taskId, tryNumber }: TaskKey): { readonly [name: string]: string } => ({
  dag_id: dagId,
  task_id: taskId,
  try_number: String(tryNumber),
  ...(mapIndex >= 0 ? { map_index: String(mapIndex) } : {}),
  ...(runId === "" ? {} : { run_id: runId })
})

/**
 * Airflow's `annotations_to_key`: the ids as they are. `dag_id`, `task_id` and `try_number` are needed; a pod without
 * `run_id` but with a date is one of Airflow 1.10 or 2.0, and its date takes the place of the run.
 */
export const annotationsToKey = (annotations: Marks): Result.Result<TaskKey, TaskKeyInvalid> => {
  const read = (field: string): Result.Result<string, TaskKeyInvalid> => {
    const value = annotations?.[field]
    return value === undefined ? Result.fail(new TaskKeyInvalid({ field, value })) : Result.succeed(value)
  }
  const whole = (field: string, value: string): Result.Result<number, TaskKeyInvalid> => {
    const number = pythonInt(value)
    return number === undefined ? Result.fail(new TaskKeyInvalid({ field, value })) : Result.succeed(number)
  }
  return Result.gen(function*() {
    const dagId = yield* read("dag_id")
    const taskId = yield* read("task_id")
    const tryNumber = yield* whole("try_number", yield* read("try_number"))
    const mapIndex = yield* whole("map_index", annotations?.["map_index"] ?? "-1")
    const runId = annotations?.["run_id"] || annotations?.["logical_date"] || annotations?.["execution_date"] || ""
    return taskKey(dagId, taskId, runId, tryNumber, mapIndex)
  })
}

/** What the labels and the selector of a pod are made from. */
export interface PodLabelParts extends TaskKey {
  /** Id of the executor that owns the pod. */
  readonly worker?: string | undefined
  readonly airflowVersion?: string | undefined
}

/** The provider's `build_labels_for_k8s_executor_pod`. */
export const providerLabels = (parts: PodLabelParts): { readonly [name: string]: string } => ({
  dag_id: makeSafeLabelValue(parts.dagId),
  task_id: makeSafeLabelValue(parts.taskId),
  try_number: String(parts.tryNumber),
  [podMarks.executor]: "True",
  ...(parts.airflowVersion === undefined ? {} : { [podMarks.version]: parts.airflowVersion.replaceAll("+", "-") }),
  ...(parts.worker === undefined ? {} : { [podMarks.worker]: makeSafeLabelValue(parts.worker) }),
  ...(parts.mapIndex < 0 ? {} : { map_index: String(parts.mapIndex) }),
  ...(parts.runId === "" ? {} : { run_id: makeSafeLabelValue(parts.runId) })
})

/** The provider's `build_selector_for_k8s_executor_pod`: names sorted; without a worker the pods of any. */
export const providerSelector = (parts: PodLabelParts): string => {
  const labels = providerLabels({ ...parts, airflowVersion: undefined })
  const terms = Object.keys(labels).sort().map((name) => `${name}=${labels[name]}`)
  return [...terms, ...(parts.worker === undefined ? [podMarks.worker] : [])].join(",")
}
