/** The configuration of Airflow 1.10: sections `kubernetes`, `kubernetes_*` and `core`. */
import type { Result } from "effect"
import { AirflowConfigException, type AirflowSettings, SettingsSection } from "./AirflowSettings.ts"
import { type KubeConfig, readSettings } from "./KubeConfig.ts"

/** `KubeConfig` of 1.10.2, and what later 1.10s added. Texts are empty where nothing is set, as there. */
export interface KubeConfigContrib extends KubeConfig {
  readonly dialect: "contrib"
  readonly coreSection: "core"
  readonly kubernetesSection: "kubernetes"
  readonly kubeSecrets: { readonly [name: string]: string }
  readonly kubeEnvVars: { readonly [name: string]: string }
  readonly kubeNodeSelectors: { readonly [name: string]: string }
  readonly kubeAnnotations: { readonly [name: string]: string }
  readonly kubeLabels: { readonly [name: string]: string }
  readonly envFromConfigmapRef: ReadonlyArray<string>
  readonly envFromSecretRef: ReadonlyArray<string>
  readonly airflowHome: string
  readonly dagsFolder: string
  readonly baseLogFolder: string
  /** Address of the database; put into pods only where Airflow would. */
  readonly sqlAlchemyConn: string
  readonly kubeImagePullPolicy: string
  readonly airflowConfigmap: string
  readonly airflowLocalSettingsConfigmap: string
  readonly dagsInImage: boolean
  readonly dagsVolume: VolumeChoice
  readonly logsVolume: VolumeChoice
  readonly git: GitConfig
  readonly workerServiceAccountName: string
  readonly imagePullSecrets: ReadonlyArray<string>
  readonly gcpServiceAccountKeys: string
  readonly workerRunAsUser: number | undefined
  readonly workerFsGroup: number | undefined
  readonly kubeAffinity: unknown
  readonly kubeTolerations: unknown
}

/** Where a folder of the workers comes from. */
export interface VolumeChoice {
  readonly subpath: string
  readonly claim: string
  readonly host: string
}

/** How workers get DAGs from git. */
export interface GitConfig {
  readonly repo: string
  readonly branch: string
  readonly rev: string
  readonly subpath: string
  readonly user: string
  readonly password: string
  readonly syncRoot: string
  readonly syncDest: string
  readonly dagsFolderMountPoint: string
  readonly sshKeySecretName: string
  readonly sshKnownHostsConfigmapName: string
  readonly credentialsSecret: string
  readonly containerImage: string
  readonly initContainerName: string
  /** `undefined` where the option is blank. */
  readonly runAsUser: number | undefined
}

/** Reads and checks the configuration. */
export const fromSettings = (settings: AirflowSettings): Result.Result<KubeConfigContrib, AirflowConfigException> =>
  readSettings(() => validate(read(settings)))

const read = (settings: AirflowSettings): KubeConfigContrib => {
  const core = new SettingsSection(settings, "core")
  const kube = new SettingsSection(settings, "kubernetes")
  const all = (section: string): { readonly [option: string]: string } => new SettingsSection(settings, section).all
  const namespace = kube.text("namespace", "default")
  return {
    dialect: "contrib",
    coreSection: "core",
    kubernetesSection: "kubernetes",
    parallelism: core.whole("parallelism", 32),
    ...pods(kube),
    kubeNamespace: namespace,
    executorNamespace: namespace,
    watchedNamespaces: [namespace],
    kubeSecrets: all("kubernetes_secrets"),
    kubeEnvVars: all("kubernetes_environment_variables"),
    kubeNodeSelectors: all("kubernetes_node_selectors"),
    kubeAnnotations: all("kubernetes_annotations"),
    kubeLabels: all("kubernetes_labels"),
    envFromConfigmapRef: kube.list("env_from_configmap_ref"),
    envFromSecretRef: kube.list("env_from_secret_ref"),
    airflowHome: core.text("airflow_home"),
    dagsFolder: core.text("dags_folder"),
    baseLogFolder: core.text("base_log_folder"),
    sqlAlchemyConn: core.text("sql_alchemy_conn"),
    airflowConfigmap: kube.text("airflow_configmap"),
    airflowLocalSettingsConfigmap: kube.text("airflow_local_settings_configmap"),
    dagsInImage: kube.boolean("dags_in_image", false),
    dagsVolume: volume(kube, "dags"),
    logsVolume: volume(kube, "logs"),
    git: git(kube),
    workerServiceAccountName: kube.text("worker_service_account_name"),
    imagePullSecrets: kube.list("image_pull_secrets"),
    gcpServiceAccountKeys: kube.text("gcp_service_account_keys"),
    workerRunAsUser: kube.optionalWhole("run_as_user"),
    workerFsGroup: kube.optionalWhole("fs_group"),
    kubeAffinity: kube.json("affinity"),
    kubeTolerations: kube.json("tolerations")
  }
}

const pods = (kube: SettingsSection) => ({
  kubeImage: `${kube.text("worker_container_repository")}:${kube.text("worker_container_tag")}`,
  kubeImagePullPolicy: kube.text("worker_container_image_pull_policy", "IfNotPresent"),
  deleteWorkerPods: kube.boolean("delete_worker_pods", true),
  deleteWorkerPodsOnFailure: kube.boolean("delete_worker_pods_on_failure", true),
  workerPodsCreationBatchSize: kube.whole("worker_pods_creation_batch_size", 1),
  podCreationMaxConcurrency: 0,
  fatalReasons: [],
  // 1.10 puts every job back that met an error of the API.
  taskPublishMaxRetries: -1,
  podLaunchFailureRetries: kube.whole("pod_launch_failure_retries", 0),
  podLaunchFailureExcludedContainerReasons: kube.list("pod_launch_failure_excluded_container_reasons", ["Error"]),
  deleteOptions: kube.object("delete_option_kwargs"),
  workerPodsPendingTimeout: kube.optionalWhole("worker_pods_pending_timeout")
})

const volume = (kube: SettingsSection, of: "dags" | "logs"): VolumeChoice => ({
  subpath: kube.text(`${of}_volume_subpath`),
  claim: kube.text(`${of}_volume_claim`),
  host: kube.text(`${of}_volume_host`)
})

const git = (kube: SettingsSection): GitConfig => ({
  repo: kube.text("git_repo"),
  branch: kube.text("git_branch"),
  rev: kube.text("git_sync_rev"),
  subpath: kube.text("git_subpath"),
  user: kube.text("git_user"),
  password: kube.text("git_password"),
  syncRoot: kube.text("git_sync_root", "/git"),
  syncDest: kube.text("git_sync_dest", "repo"),
  dagsFolderMountPoint: kube.text("git_dags_folder_mount_point"),
  sshKeySecretName: kube.text("git_ssh_key_secret_name"),
  sshKnownHostsConfigmapName: kube.text("git_ssh_known_hosts_configmap_name"),
  credentialsSecret: kube.text("git_sync_credentials_secret"),
  containerImage: `${kube.text("git_sync_container_repository", "k8s.gcr.io/git-sync")}:${kube.text("git_sync_container_tag", "v3.1.1")}`,
  initContainerName: kube.text("git_sync_init_container_name", "git-sync-clone"),
  runAsUser: kube.has("git_sync_run_as_user") ? kube.optionalWhole("git_sync_run_as_user") : 65_533
})

/** Airflow's `_validate`: there is a source of DAGs, and git has one kind of credentials. Answers the configuration that is fine. */
export const validate = (config: KubeConfigContrib): KubeConfigContrib => {
  const { dagsFolderMountPoint, branch, password, repo, sshKeySecretName, user } = config.git
  const hasGit = repo !== "" && branch !== "" && dagsFolderMountPoint !== ""
  if (config.dagsVolume.claim === "" && config.dagsVolume.host === "" && !config.dagsInImage && !hasGit) {
    throw new AirflowConfigException({
      description: "[kubernetes] needs a source of DAGs: dags_volume_claim, dags_volume_host, dags_in_image, or git_repo with git_branch and git_dags_folder_mount_point"
    })
  }
  if (repo !== "" && (user !== "" || password !== "") && sshKeySecretName !== "") {
    throw new AirflowConfigException({
      description: "[kubernetes] git_repo takes credentials as git_user and git_password or as git_ssh_key_secret_name, but not both"
    })
  }
  return config
}
