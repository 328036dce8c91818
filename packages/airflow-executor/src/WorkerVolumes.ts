/** Volumes of a worker of Airflow 1.10, and the container that brings DAGs from git. Pure. */
import type { Container, EnvVar, Volume, VolumeMount } from "@fairlead/kube"
import type { KubeConfigContrib, VolumeChoice } from "./KubeConfigContrib.ts"

const dagsVolume = "airflow-dags"
const logsVolume = "airflow-logs"
const configVolume = "airflow-config"
const sshKeyVolume = "git-sync-ssh-key"
const knownHostsVolume = "git-sync-known-hosts"
const secretsFolder = "/etc/git-secret"

/** True when DAGs are brought from git: no claim, no folder of the node, not in the image. */
const usesGit = ({ dagsInImage, dagsVolume: { claim, host } }: KubeConfigContrib): boolean => claim === "" && host === "" && !dagsInImage

/** Where DAGs are mounted: in their folder, or where git brings them to. */
export const dagsMountPath = (config: KubeConfigContrib): string => (usesGit(config) ? config.git.dagsFolderMountPoint : config.dagsFolder)

/** Claim before folder of the node before an empty volume. */
const chosen = (name: string, { claim, host }: VolumeChoice): Volume => {
  if (claim !== "") return { name, persistentVolumeClaim: { claimName: claim } }
  return host === "" ? { name, emptyDir: {} } : { name, hostPath: { path: host } as NonNullable<Volume["hostPath"]> }
}

/** The volumes of a pod. */
export const workerVolumes = (config: KubeConfigContrib): ReadonlyArray<Volume> => {
  const { git } = config
  return [
    ...(config.dagsInImage ? [] : [chosen(dagsVolume, config.dagsVolume)]),
    chosen(logsVolume, config.logsVolume),
    ...(git.sshKeySecretName === "" ? [] : [{ name: sshKeyVolume, secret: { secretName: git.sshKeySecretName, items: [{ key: "gitSshKey", path: "ssh", mode: 0o440 }] } }]),
    ...(git.sshKnownHostsConfigmapName === "" ? [] : [{ name: knownHostsVolume, configMap: { name: git.sshKnownHostsConfigmapName, defaultMode: 0o440 } }]),
    ...(config.airflowConfigmap === "" ? [] : [{ name: configVolume, configMap: { name: config.airflowConfigmap } }])
  ]
}

/** A part of a volume is named on its mounts, never on the volume. */
const subPath = (path: string): { readonly subPath?: string } => (path === "" ? {} : { subPath: path })

/** The mounts of the worker's container. */
export const workerVolumeMounts = (config: KubeConfigContrib): ReadonlyArray<VolumeMount> => [
  ...(config.dagsInImage ? [] : [{ name: dagsVolume, mountPath: dagsMountPath(config), readOnly: true, ...subPath(config.dagsVolume.subpath) }]),
  { name: logsVolume, mountPath: config.baseLogFolder, ...subPath(config.logsVolume.subpath) },
  ...(config.airflowConfigmap === "" ? [] : [{ name: configVolume, mountPath: `${config.airflowHome}/airflow.cfg`, subPath: "airflow.cfg", readOnly: true }])
]

/** The container that fetches DAGs before the worker starts; `undefined` where they come from elsewhere. */
export const gitSyncContainer = (config: KubeConfigContrib): Container | undefined => {
  if (!usesGit(config)) return undefined
  const { git } = config
  return {
    name: git.initContainerName,
    image: git.containerImage,
    env: gitEnvironment(config),
    ...(git.runAsUser === undefined ? {} : { securityContext: { runAsUser: git.runAsUser } }),
    volumeMounts: [
      { name: dagsVolume, mountPath: git.syncRoot, readOnly: false, ...subPath(config.dagsVolume.subpath) },
      ...(git.sshKeySecretName === "" ? [] : [{ name: sshKeyVolume, mountPath: `${secretsFolder}/ssh`, subPath: "ssh" }]),
      ...(git.sshKnownHostsConfigmapName === "" ? [] : [{ name: knownHostsVolume, mountPath: `${secretsFolder}/known_hosts`, subPath: "known_hosts" }])
    ]
  }
}

const gitEnvironment = ({ git }: KubeConfigContrib): ReadonlyArray<EnvVar> => {
  const set = (name: string, value: string): ReadonlyArray<EnvVar> => (value === "" ? [] : [{ name, value }])
  const credential = (name: string): ReadonlyArray<EnvVar> =>
    git.credentialsSecret === "" ? [] : [{ name, valueFrom: { secretKeyRef: { name: git.credentialsSecret, key: name } } }]
  const hasKnownHosts = git.sshKnownHostsConfigmapName !== ""
  return [
    { name: "GIT_SYNC_REPO", value: git.repo },
    { name: "GIT_SYNC_BRANCH", value: git.branch },
    { name: "GIT_SYNC_ROOT", value: git.syncRoot },
    { name: "GIT_SYNC_DEST", value: git.syncDest },
    { name: "GIT_SYNC_REV", value: git.rev },
    { name: "GIT_SYNC_DEPTH", value: "1" },
    { name: "GIT_SYNC_ONE_TIME", value: "true" },
    ...set("GIT_SYNC_USERNAME", git.user),
    ...set("GIT_SYNC_PASSWORD", git.password),
    ...credential("GIT_SYNC_USERNAME"),
    ...credential("GIT_SYNC_PASSWORD"),
    ...(git.sshKeySecretName === "" ? [] : [{ name: "GIT_SSH_KEY_FILE", value: `${secretsFolder}/ssh` }, { name: "GIT_SYNC_SSH", value: "true" }]),
    { name: "GIT_KNOWN_HOSTS", value: hasKnownHosts ? "true" : "false" },
    ...(hasKnownHosts ? [{ name: "GIT_SSH_KNOWN_HOSTS_FILE", value: `${secretsFolder}/known_hosts` }] : [])
  ]
}
