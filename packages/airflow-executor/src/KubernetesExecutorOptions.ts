/** How an executor is set up, and what it asks of its surroundings. */
import type { Pod } from "@fairlead/kube"
import type { Duration, Effect } from "effect"
import type { KubeConfig } from "./KubeConfig.ts"
import type { Launch } from "./KubernetesJob.ts"
import type { TaskInstanceId } from "./LabelsToKey.ts"
import type { PodMerging, PodMutationHook } from "./PodGenerator.ts"
import type { PodNaming } from "./PodName.ts"
import type { TaskKey } from "./TaskKey.ts"

/** What the executor may ask the database of Airflow. Everything has an answer for those who have no database. */
export interface AirflowDatabase {
  /** State of a task instance (`queued`, `running`, …); `undefined` when nobody knows. */
  readonly stateOf: (key: TaskKey) => Effect.Effect<string | undefined>
  /** Task instances of an execution date. */
  readonly instancesOn: (executionDate: string) => Effect.Effect<ReadonlyArray<TaskInstanceId>>
  /** Task instances that are queued, by whomever. */
  readonly queuedTaskInstances: Effect.Effect<ReadonlyArray<TaskKey>>
  /** Airflow 1.10: writes the state of a task instance; `null` makes it ready to be scheduled. */
  readonly setState: (key: TaskKey, state: string | null) => Effect.Effect<void>
}

/** Seconds that a pod may be pending: for each stage, and all together (`worker_pods_pending_timeout`, unless given here). Its task fails then, with what stood in the way. */
export interface PendingLimits {
  readonly scheduling?: number | undefined
  readonly image?: number | undefined
  readonly starting?: number | undefined
  readonly total?: number | undefined
}

/** How an executor is set up. All but `config` and `worker` may be left out. */
export interface KubernetesExecutorOptions {
  readonly config: KubeConfig
  /** Id under which the pods are owned: the id of the scheduler's job, or the UUID of Airflow 1.10. Must be different for every executor. */
  readonly worker: string
  /** Goes into a label of every pod; `unknown` if not given. */
  readonly airflowVersion?: string | undefined
  /** How pods are named; as the dialect does unless told otherwise. */
  readonly naming?: PodNaming | undefined
  readonly template?: ((path: string | undefined) => Pod | undefined) | undefined
  readonly mutationHook?: PodMutationHook | undefined
  /** How overrides are laid over templates; as Airflow does unless told otherwise. */
  readonly merging?: PodMerging | undefined
  /** What runs a workload of Airflow 3; the file's name is added. */
  readonly workloadCommand?: ReadonlyArray<string> | undefined
  /** What the workload of a launch is at the moment it is launched: the place to put in a token that is valid from then on. As it was handed in, if not given. */
  readonly workload?: ((json: string, launch: Launch) => Effect.Effect<string>) | undefined
  readonly database?: AirflowDatabase | undefined
  /**
   * `Continuous` (the default) creates pods as soon as there are slots, as many at once as the server bears;
   * `Batch` lets each `sync` release `workerPodsCreationBatchSize` jobs, as Airflow does.
   */
  readonly pace?: "Continuous" | "Batch" | undefined
  /** Creates at once: to begin with (32), and at most (256, or the configuration's `podCreationMaxConcurrency`). */
  readonly concurrency?: { readonly start?: number; readonly max?: number } | undefined
  /** Longest wait for an answer of the server; 30 s. */
  readonly requestTimeout?: Duration.Input | undefined
  /** Deletes and marks at once; 16. */
  readonly choresConcurrency?: number | undefined
  /** Whether the logs of a finished pod are safe, so that it may be deleted; asked each second. Always, if not given. */
  readonly logsShipped?: ((pod: Pod) => Effect.Effect<boolean>) | undefined
  /** Longest wait for the logs of a pod; 60 s. */
  readonly logsWait?: Duration.Input | undefined
  /** How long finished pods stay at least; 0, with a lease a little longer than `requestTimeout`: a create that comes late then meets its pod. */
  readonly finishedPodDelay?: Duration.Input | undefined
  /** How often slots are compared with the pods that are there; 30 s. */
  readonly auditInterval?: Duration.Input | undefined
  /** How long a pod may wait for a node, for an image, and on its node for its start; as long as it takes, if not given. */
  readonly pendingLimits?: PendingLimits | undefined
  /** Longest time that `end` takes; 20 s. */
  readonly endTimeout?: Duration.Input | undefined
  /** Reports that one `sync` takes at most; 2000. It also stops after `syncTime` (25 ms) and leaves the rest to the next one. */
  readonly syncReportsMax?: number | undefined
  readonly syncTime?: Duration.Input | undefined
  /**
   * The lease that proves that this executor lives. Others adopt its pods only once it has expired, and it writes
   * nothing from then on. `undefined` turns it off: then nobody may have the same `worker`.
   */
  readonly lease?: ExecutorLeaseOptions | undefined
  /** How often pods that nobody answers for are adopted; 300 s, and never without a lease. */
  readonly orphanedTasksCheckInterval?: Duration.Input | undefined
}

/** Where the leases of executors are, and how long they last. */
export interface ExecutorLeaseOptions {
  readonly namespace: string
  /** 15 s, 10 s and 2 s, as in `LeaderElection`. */
  readonly leaseDuration?: Duration.Input | undefined
  readonly renewDeadline?: Duration.Input | undefined
  readonly retryPeriod?: Duration.Input | undefined
}
