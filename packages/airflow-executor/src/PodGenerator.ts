/** Builds worker pods as the provider does: template, then the executor's own pod, then the task's override. Pure. */
import type { EnvVar, Pod } from "@fairlead/kube"
import { reconcilePods } from "./PodMerge.ts"
import { mergePodsByKey } from "./PodMergeByKey.ts"
import { addUniqueSuffix, podNameLengthMax } from "./PodName.ts"
import { PodMutationHookException, PodReconciliationError } from "./PublishError.ts"
import { keyAnnotations, providerLabels, type TaskKey } from "./TaskKey.ts"

/** Changes every pod before it is created: `pod_mutation_hook` of an installation. May throw. */
export type PodMutationHook = (pod: Pod) => Pod

/** What a pod is constructed from. */
export interface ConstructPodOptions {
  readonly key: TaskKey
  readonly podId: string
  readonly namespace: string
  /** Id of the executor. */
  readonly worker: string
  readonly airflowVersion: string
  readonly args: ReadonlyArray<string>
  readonly kubeImage: string | undefined
  /** Pod of the template; empty when there is none. */
  readonly baseWorkerPod: Pod
  readonly podOverride: Pod | undefined
  /** ISO form of the logical date. */
  readonly logicalDate?: string | undefined
  readonly mutationHook?: PodMutationHook | undefined
  readonly merging?: PodMerging | undefined
}

/** How template, executor and task make one pod: containers by position and the other rules of Airflow, or items of lists by their keys. */
export type PodMerging = "Airflow" | "ByKey"

/** A pod that says nothing. */
export const emptyPod: Pod = { apiVersion: "v1", kind: "Pod", metadata: {} }

/**
 * The provider's `construct_pod`. The override wins over everything that is set here, its image and its namespace
 * included. Throws `PodReconciliationError` and `PodMutationHookException`.
 */
export const constructPod = (options: ConstructPodOptions): Pod => {
  const merge = options.merging === "ByKey" ? mergePodsByKey : reconcilePods
  const merged = reconciled(() => merge(merge(options.baseWorkerPod, dynamicPod(options)), options.podOverride))
  return mutated({ apiVersion: "v1", kind: "Pod", ...merged }, options.mutationHook)
}

/** Applies the hook of the installation, if there is one. */
export const mutated = (pod: Pod, hook: PodMutationHook | undefined): Pod => {
  if (hook === undefined) return pod
  try {
    return hook(pod)
  } catch (cause) {
    throw new PodMutationHookException({ cause })
  }
}

const reconciled = (merge: () => Pod): Pod => {
  try {
    return merge()
  } catch (cause) {
    if (cause instanceof PodReconciliationError) throw cause
    throw new PodReconciliationError({ description: cause instanceof Error ? cause.message : String(cause), cause })
  }
}

const dynamicPod = (options: ConstructPodOptions): Pod => {
  const { airflowVersion, args, key, kubeImage, logicalDate, namespace, podId, podOverride, worker } = options
  const image = podOverride?.spec?.containers?.[0]?.image || kubeImage
  return {
    metadata: {
      namespace,
      name: podId.length > podNameLengthMax ? addUniqueSuffix(podId, podId.slice(-8).replace(/[^a-z0-9]/g, "0")) : podId,
      annotations: {
        ...keyAnnotations(key),
        ...(logicalDate === undefined ? {} : { logical_date: logicalDate })
      },
      labels: providerLabels({ ...key, worker, airflowVersion })
    },
    spec: {
      containers: [{
        name: "base",
        args,
        ...(image === undefined ? {} : { image }),
        env: [{ name: "AIRFLOW_IS_K8S_EXECUTOR_POD", value: "True" }] satisfies ReadonlyArray<EnvVar>
      }]
    }
  } as unknown as Pod
}
