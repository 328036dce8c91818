/** Builds worker pods as Airflow 1.10 does, from its configuration alone. Pure. */
import { Result } from "effect"
import type { Container, Pod } from "@fairlead/kube"
import { datetimeToLabelSafeDatestring, parseDatetime } from "./Datestring.ts"
import type { KubeConfigContrib } from "./KubeConfigContrib.ts"
import type { KubernetesExecutorConfig } from "./KubernetesExecutorConfig.ts"
import { makeSafeLabelValue } from "./LabelValue.ts"
import { mutated, type PodMutationHook } from "./PodGenerator.ts"
import { PodReconciliationError } from "./PublishError.ts"
import { podMarks, type TaskKey } from "./TaskKey.ts"
import { workerEnvironment } from "./WorkerEnvironment.ts"
import { gitSyncContainer, workerVolumeMounts, workerVolumes } from "./WorkerVolumes.ts"

/** What a pod is made from. */
export interface MakePodOptions {
  readonly key: TaskKey
  readonly podId: string
  readonly namespace: string
  readonly workerUuid: string
  readonly airflowVersion: string
  readonly command: ReadonlyArray<string>
  readonly executorConfig: KubernetesExecutorConfig
  readonly mutationHook?: PodMutationHook | undefined
}

/** Airflow's `WorkerConfiguration.make_pod`. Nothing that is handed in is changed. Throws as `constructPod` does. */
export const makePod = (config: KubeConfigContrib, options: MakePodOptions): Pod => {
  const { fields } = options.executorConfig
  const gitSync = gitSyncContainer(config)
  const spec = {
    restartPolicy: "Never",
    containers: [container(config, options)],
    ...(gitSync === undefined ? {} : { initContainers: [gitSync] }),
    volumes: [...workerVolumes(config), ...fields.volumes],
    nodeSelector: fields.nodeSelectors ?? config.kubeNodeSelectors,
    affinity: fields.affinity ?? config.kubeAffinity ?? {},
    ...optional("tolerations", fields.tolerations ?? config.kubeTolerations),
    ...(config.imagePullSecrets.length === 0 ? {} : { imagePullSecrets: config.imagePullSecrets.map((name) => ({ name })) }),
    ...(config.workerServiceAccountName === "" ? {} : { serviceAccountName: config.workerServiceAccountName }),
    ...optional("securityContext", securityContext(config))
  }
  const metadata = { name: options.podId, namespace: options.namespace, labels: labels(config, options), annotations: annotations(config, options) }
  return mutated({ apiVersion: "v1", kind: "Pod", metadata, spec } as unknown as Pod, options.mutationHook)
}

const optional = (name: string, value: unknown): { readonly [name: string]: unknown } => (value === undefined ? {} : { [name]: value })

const container = (config: KubeConfigContrib, { command, executorConfig: { fields } }: MakePodOptions): Container => ({
  name: "base",
  image: fields.image ?? config.kubeImage ?? "",
  command,
  args: [],
  imagePullPolicy: fields.imagePullPolicy ?? config.kubeImagePullPolicy,
  ...workerEnvironment(config),
  volumeMounts: [...workerVolumeMounts(config), ...fields.volumeMounts],
  resources: resources(fields)
})

const resources = (fields: KubernetesExecutorConfig["fields"]): NonNullable<Container["resources"]> => {
  const present = (entries: ReadonlyArray<readonly [string, string | undefined]>): { [name: string]: string } =>
    Object.fromEntries(entries.filter((it): it is [string, string] => it[1] !== undefined))
  const requests = present([["memory", fields.requestMemory], ["cpu", fields.requestCpu]])
  const limits = present([["memory", fields.limitMemory], ["cpu", fields.limitCpu], ["nvidia.com/gpu", fields.limitGpu]])
  return {
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
    ...(Object.keys(limits).length === 0 ? {} : { limits })
  }
}

/** A blank option is no context; user 0 is one. A key for git needs a group that may read it. */
const securityContext = (config: KubeConfigContrib): object | undefined => {
  const fsGroup = config.workerFsGroup ?? (config.git.sshKeySecretName === "" ? undefined : gitGroup)
  if (config.workerRunAsUser === undefined && fsGroup === undefined) return undefined
  return { ...optional("runAsUser", config.workerRunAsUser), ...optional("fsGroup", fsGroup) }
}

const gitGroup = 65_533

/** Airflow's `_get_labels`: those of the configuration, those of the task over them, those that find the pod over both. */
export const labels = (config: KubeConfigContrib, { airflowVersion, executorConfig, key, workerUuid }: MakePodOptions): { readonly [name: string]: string } => {
  const date = Result.getOrUndefined(parseDatetime(key.runId))
  if (date === undefined) throw new PodReconciliationError({ description: `Airflow 1.10 names runs by their execution date, and "${key.runId}" is none` })
  return {
    ...config.kubeLabels,
    ...executorConfig.fields.labels,
    [podMarks.worker]: makeSafeLabelValue(workerUuid),
    dag_id: makeSafeLabelValue(key.dagId),
    task_id: makeSafeLabelValue(key.taskId),
    execution_date: datetimeToLabelSafeDatestring(date),
    try_number: String(key.tryNumber),
    [podMarks.version]: airflowVersion.replaceAll("+", "-"),
    [podMarks.executor]: "True"
  }
}

/** Those of the task or those of the configuration, as there; and, beyond Airflow, the ids as they are, so that nobody has to search for them. */
const annotations = (config: KubeConfigContrib, { executorConfig: { fields }, key }: MakePodOptions): { readonly [name: string]: string } => ({
  ...(Object.keys(fields.annotations).length > 0 ? fields.annotations : config.kubeAnnotations),
  ...(fields.gcpServiceAccountKey === undefined ? {} : { "iam.cloud.google.com/service-account": fields.gcpServiceAccountKey }),
  dag_id: key.dagId,
  task_id: key.taskId,
  execution_date: key.runId,
  try_number: String(key.tryNumber)
})
