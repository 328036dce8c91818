/** What an executor tells: the events that Airflow's scheduler reads, and every change for those who follow. */
import type { FailureDetails } from "./FailureDetails.ts"
import type { TaskKey } from "./TaskKey.ts"

/** States of task instances, by Airflow's names. `null` is Airflow's `None`: ended, and the task's own report counts. */
export type TaskState = "queued" | "running" | "success" | "failed" | null

/** An entry of the event buffer. */
export interface ExecutorEvent {
  readonly key: TaskKey
  readonly state: TaskState
  /** In words: why it failed, or who queued it. */
  readonly info: string | undefined
}

/** A change of a run, for those who follow. */
export interface ExecutorChange {
  readonly key: TaskKey
  readonly runId: string
  /** `launched`: the pod was created; `adopted`: another executor has it now; `revoked`: taken back on demand, or superseded by a newer run of its task before it had a pod. */
  readonly state: "queued" | "launched" | "running" | "success" | "failed" | "adopted" | "revoked"
  readonly info: string | undefined
  readonly pod?: { readonly namespace: string; readonly name: string } | undefined
  readonly failure?: FailureDetails | undefined
}

/** True for the changes after which nothing comes. */
export const isFinal = ({ state }: ExecutorChange): boolean => state !== "queued" && state !== "launched" && state !== "running"
