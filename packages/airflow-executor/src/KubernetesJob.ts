/** What goes into the executor and what comes out of its watchers. */
import type { Pod } from "@fairlead/kube"
import type { FailureDetails } from "./FailureDetails.ts"
import type { KubernetesExecutorConfig } from "./KubernetesExecutorConfig.ts"
import type { StatusVerdict, WatchedState } from "./ProcessStatus.ts"
import type { TaskKey } from "./TaskKey.ts"

/** What a worker runs: words of a command line, or a workload of Airflow 3 as JSON, which holds a token and travels in a Secret. */
export type TaskCommand =
  | { readonly _tag: "Words"; readonly words: ReadonlyArray<string> }
  | { readonly _tag: "Workload"; readonly json: string }

/** A command that waits for its pod. */
export interface KubernetesJob {
  readonly key: TaskKey
  readonly command: TaskCommand
  /** Provider: what the task lays over its pod. */
  readonly podOverride: Pod | undefined
  readonly podTemplateFile: string | undefined
  /** Airflow 1.10: what the task asks for. */
  readonly executorConfig: KubernetesExecutorConfig | undefined
  readonly image: string | undefined
  readonly queue: string
  readonly priority: number
}

/** One launch of one run: everything that its pod follows from. */
export interface Launch {
  readonly job: KubernetesJob
  /** Tells this run of the key from every other, before and after. */
  readonly runId: string
  /** How often the run was launched before. */
  readonly number: number
  /** How many of these launches ended before the task began. */
  readonly failures: number
}

/** What a watcher has to report about a pod. */
export interface KubernetesWatch {
  readonly pod: Pod
  readonly state: WatchedState
  readonly row: StatusVerdict["row"]
  readonly failureDetails: FailureDetails | undefined
  readonly reason: string | undefined
  /** True for the last report of a pod: it is out of sight. */
  readonly isGone: boolean
  /** True when the pod was asked for once more: its end counts also if it was dealt with before. */
  readonly isRepeat: boolean
}

/** The same, with the task that the pod is for. */
export interface KubernetesResults extends KubernetesWatch {
  readonly key: TaskKey
}
