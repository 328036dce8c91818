/** The configuration of the provider for Kubernetes, version 10: section `kubernetes_executor`. */
import type { Result } from "effect"
import { AirflowConfigException, type AirflowSettings, SettingsSection } from "./AirflowSettings.ts"
import { type KubeConfig, readSettings } from "./KubeConfig.ts"
import { fatalReasonsDefault } from "./ProcessStatus.ts"

/** `KubeConfig` of the provider. */
export interface KubeConfigProvider extends KubeConfig {
  readonly dialect: "provider"
  readonly coreSection: "core"
  readonly kubernetesSection: "kubernetes_executor"
  readonly workerContainerRepository: string
  readonly workerContainerTag: string
  /** Path of the template, for who reads files; empty when there is none. */
  readonly podTemplateFile: string
  readonly multiNamespaceMode: boolean
  /** `undefined` unless the mode is on and a list is given. Not trimmed, as there. */
  readonly multiNamespaceModeNamespaceList: ReadonlyArray<string> | undefined
  readonly runningPodLogLines: number
  readonly logsTaskMetadata: boolean
  readonly asyncPodCreation: boolean
  readonly kubeClientRequestArgs: { readonly [name: string]: unknown }
  readonly workerPodsQueuedCheckInterval: number
}

/** Reads and checks the configuration. */
export const fromSettings = (settings: AirflowSettings): Result.Result<KubeConfigProvider, AirflowConfigException> => readSettings(() => read(settings))

const read = (settings: AirflowSettings): KubeConfigProvider => {
  const kube = new SettingsSection(settings, "kubernetes_executor")
  const namespace = kube.text("namespace", "default")
  const multiNamespaceMode = kube.boolean("multi_namespace_mode", false)
  const list = multiNamespaceMode && kube.optional("multi_namespace_mode_namespace_list") !== undefined ? kube.text("multi_namespace_mode_namespace_list").split(",") : undefined
  const runningPodLogLines = kube.whole("running_pod_log_lines", 100)
  if (runningPodLogLines <= 0) throw new AirflowConfigException({ description: `[kubernetes_executor] running_pod_log_lines is ${runningPodLogLines}: it must be greater than 0` })
  return {
    dialect: "provider",
    coreSection: "core",
    kubernetesSection: "kubernetes_executor",
    parallelism: new SettingsSection(settings, "core").whole("parallelism", 32),
    ...image(kube),
    kubeNamespace: namespace,
    executorNamespace: namespace,
    multiNamespaceMode,
    multiNamespaceModeNamespaceList: list,
    // Airflow keeps blanks around names, and watches namespaces that there cannot be.
    watchedNamespaces: multiNamespaceMode ? [...new Set((list ?? []).map((it) => it.trim()))].filter((it) => it !== "") : [namespace],
    podTemplateFile: kube.text("pod_template_file"),
    deleteWorkerPods: kube.boolean("delete_worker_pods", true),
    deleteWorkerPodsOnFailure: kube.boolean("delete_worker_pods_on_failure", false),
    fatalReasons: kube.list("worker_pod_pending_fatal_container_state_reasons", fatalReasonsDefault),
    workerPodsCreationBatchSize: kube.whole("worker_pods_creation_batch_size", 1),
    asyncPodCreation: kube.boolean("async_pod_creation", false),
    podCreationMaxConcurrency: kube.whole("pod_creation_max_concurrency", 0),
    kubeClientRequestArgs: kube.object("kube_client_request_args"),
    deleteOptions: kube.object("delete_option_kwargs"),
    // Airflow gives up at the first refusal unless told otherwise, and so burns a try of the task for a busy server.
    taskPublishMaxRetries: kube.whole("task_publish_max_retries", -1),
    podLaunchFailureRetries: kube.whole("pod_launch_failure_retries", 1),
    podLaunchFailureExcludedContainerReasons: kube.list("pod_launch_failure_excluded_container_reasons", ["Error"]),
    runningPodLogLines,
    logsTaskMetadata: kube.boolean("logs_task_metadata", false),
    workerPodsPendingTimeout: kube.optionalWhole("worker_pods_pending_timeout"),
    workerPodsQueuedCheckInterval: kube.whole("worker_pods_queued_check_interval", 60)
  }
}

const image = (kube: SettingsSection) => {
  const workerContainerRepository = kube.text("worker_container_repository")
  const workerContainerTag = kube.text("worker_container_tag")
  const isNamed = workerContainerRepository !== "" && workerContainerTag !== ""
  return { workerContainerRepository, workerContainerTag, kubeImage: isNamed ? `${workerContainerRepository}:${workerContainerTag}` : undefined }
}
