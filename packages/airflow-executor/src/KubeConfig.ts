/** What every dialect's configuration tells the executor. */
import { Result } from "effect"
import { AirflowConfigException } from "./AirflowSettings.ts"
import type { Dialect } from "./ProcessStatus.ts"

/** Settings that the executor reads, whichever version of Airflow they come from. */
export interface KubeConfig {
  readonly dialect: Dialect
  readonly coreSection: "core"
  readonly kubernetesSection: "kubernetes" | "kubernetes_executor"
  /** Most tasks at once. */
  readonly parallelism: number
  /** `repository:tag`; `undefined` where the template names the image. */
  readonly kubeImage: string | undefined
  /** Namespace of worker pods. */
  readonly kubeNamespace: string
  readonly executorNamespace: string
  /** Namespaces that are watched; empty for all of them. */
  readonly watchedNamespaces: ReadonlyArray<string>
  readonly deleteWorkerPods: boolean
  readonly deleteWorkerPodsOnFailure: boolean
  /** Jobs that a `sync` of Airflow would take. */
  readonly workerPodsCreationBatchSize: number
  /** Most creates at once; 0 where it is not set. */
  readonly podCreationMaxConcurrency: number
  /** Waiting reasons that end a pod. */
  readonly fatalReasons: ReadonlyArray<string>
  /** How often a refused create is tried again; -1 without limit. */
  readonly taskPublishMaxRetries: number
  /** How often a pod that failed before its task began is launched again; -1 without limit. */
  readonly podLaunchFailureRetries: number
  /** Reasons of containers that are the task's own failure. */
  readonly podLaunchFailureExcludedContainerReasons: ReadonlyArray<string>
  /** `DeleteOptions` of finished pods. */
  readonly deleteOptions: { readonly [name: string]: unknown }
  /** Seconds a pod may be pending; `undefined` without limit. */
  readonly workerPodsPendingTimeout: number | undefined
}

/** Runs a reader of settings; what it throws as a configuration problem is the failure. */
export const readSettings = <A>(read: () => A): Result.Result<A, AirflowConfigException> => {
  try {
    return Result.succeed(read())
  } catch (error) {
    if (error instanceof AirflowConfigException) return Result.fail(error)
    throw error
  }
}
