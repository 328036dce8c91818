/** Makes the pod of a launch, in either dialect, with the marks that tell it from every other. Pure. */
import type { KubeObject, OwnerReference, Pod } from "@fairlead/kube"
import type { KubeConfig } from "./KubeConfig.ts"
import type { KubeConfigContrib } from "./KubeConfigContrib.ts"
import type { Launch } from "./KubernetesJob.ts"
import { KubernetesExecutorConfig } from "./KubernetesExecutorConfig.ts"
import { constructPod, emptyPod, type PodMerging, type PodMutationHook } from "./PodGenerator.ts"
import { makeSafeLabelValue } from "./LabelValue.ts"
import { type PodNaming, podNameOf } from "./PodName.ts"
import { PodReconciliationError } from "./PublishError.ts"
import { keyAnnotations, podMarks } from "./TaskKey.ts"
import { makePod } from "./WorkerConfiguration.ts"

/** Folder of the file with a workload, in the container `base`. */
export const workloadFolder = "/run/fairlead/airflow"
const workloadFile = "workload.json"
const workloadVolume = "airflow-workload"

/** What all pods of an executor have in common. */
export interface PodFactoryOptions {
  readonly config: KubeConfig
  /** Id of the executor that owns the pods. */
  readonly worker: string
  readonly airflowVersion: string
  readonly naming: PodNaming
  /** The pod of a template: by path, or the default one. `undefined`: there is no such template. */
  readonly template: (path: string | undefined) => Pod | undefined
  readonly mutationHook: PodMutationHook | undefined
  readonly merging?: PodMerging | undefined
  /** Words before `--json-path` and the file of a workload. */
  readonly workloadCommand: ReadonlyArray<string>
}

/** What Airflow's workers run a workload with. */
export const workloadCommandDefault: ReadonlyArray<string> = ["python", "-m", "airflow.sdk.execution_time.execute_workload"]

/** Name of the pod of a launch; the same whenever it is asked for. */
export const nameOfLaunch = (naming: PodNaming, { job: { key }, number, runId }: Launch): string =>
  podNameOf(naming, { dagId: key.dagId, taskId: key.taskId, identity: `${runId}/${number}` })

/** Throws `PodReconciliationError` and `PodMutationHookException`. */
export const buildPod = (options: PodFactoryOptions, launch: Launch): Pod => {
  const { job } = launch
  const words = job.command._tag === "Words" ? job.command.words : [...options.workloadCommand, "--json-path", `${workloadFolder}/${workloadFile}`]
  const pod = options.config.dialect === "contrib" ? contribPod(options, launch, words) : providerPod(options, launch, words)
  const marked = withMarks(pod, launch, options.worker)
  return job.command._tag === "Workload" ? withWorkload(marked, marked.metadata.name!) : marked
}

const contribPod = (options: PodFactoryOptions, launch: Launch, command: ReadonlyArray<string>): Pod =>
  makePod(options.config as KubeConfigContrib, {
    key: launch.job.key,
    podId: nameOfLaunch(options.naming, launch),
    namespace: options.config.kubeNamespace,
    workerUuid: options.worker,
    airflowVersion: options.airflowVersion,
    command,
    executorConfig: launch.job.executorConfig ?? new KubernetesExecutorConfig(),
    mutationHook: options.mutationHook
  })

const providerPod = (options: PodFactoryOptions, launch: Launch, args: ReadonlyArray<string>): Pod => {
  const { job } = launch
  const template = options.template(job.podTemplateFile)
  if (template === undefined) throw new PodReconciliationError({ description: `there is no pod template "${job.podTemplateFile ?? ""}"` })
  return constructPod({
    key: job.key,
    podId: nameOfLaunch(options.naming, launch),
    namespace: options.config.kubeNamespace,
    worker: options.worker,
    airflowVersion: options.airflowVersion,
    args,
    kubeImage: job.image ?? options.config.kubeImage,
    baseWorkerPod: template,
    podOverride: job.podOverride,
    mutationHook: options.mutationHook,
    merging: options.merging
  })
}

/** A template that asks for nothing but that the pod is not started again. */
export const templateDefault: Pod = { ...emptyPod, spec: { restartPolicy: "Never", containers: [] } } as unknown as Pod

/** Without its ids, its executor and its run nobody would hear of the pod again, so a hook or an override that leaves them out does not take them away. */
const withMarks = ({ metadata, ...pod }: Pod, { failures, job: { key }, number, runId }: Launch, worker: string): Pod => {
  const marks = { [podMarks.run]: runId, [podMarks.launch]: String(number), ...(failures === 0 ? {} : { [podMarks.launchFailures]: String(failures) }) }
  return {
    ...pod,
    metadata: {
      ...metadata,
      labels: { [podMarks.worker]: makeSafeLabelValue(worker), [podMarks.executor]: "True", ...metadata.labels },
      annotations: { ...keyAnnotations(key), ...metadata.annotations, ...marks }
    }
  }
}

/** The workload holds a token, and whoever may read pods reads their arguments: so it comes as a file. */
const withWorkload = (pod: Pod, secretName: string): Pod => {
  const containers = pod.spec?.containers ?? []
  const at = Math.max(0, containers.findIndex((it) => it.name === "base"))
  return {
    ...pod,
    spec: {
      ...pod.spec!,
      volumes: [...(pod.spec?.volumes ?? []), { name: workloadVolume, secret: { secretName, defaultMode: 0o440 } }],
      containers: containers.map((it, index) => index === at
        ? { ...it, volumeMounts: [...(it.volumeMounts ?? []), { name: workloadVolume, mountPath: workloadFolder, readOnly: true }] }
        : it)
    }
  }
}

/** The Secret with the workload of a pod: made before the pod is, and given to it by `podOwner` as soon as it is there. */
export const workloadSecret = ({ metadata: { labels, name, namespace } }: Pod, json: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: name!, namespace: namespace!, labels: { [podMarks.worker]: labels?.[podMarks.worker] ?? "", [podMarks.workload]: "True" } },
  ...{ type: "Opaque", stringData: { [workloadFile]: json } }
})

/** Says that an object belongs to a pod and goes with it. */
export const podOwner = ({ metadata: { name, uid } }: Pod): OwnerReference => ({ apiVersion: "v1", kind: "Pod", name: name!, uid: uid! })
