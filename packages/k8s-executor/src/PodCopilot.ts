/** Copilot: containers around the task that bring its inputs as files and take its outputs from files. */
import { Copilot, type Idl, type TaskExecutionMetadata, type TaskPaths } from "@fairlead/core"
import type { Container, PodSpec, Volume, VolumeMount } from "@fairlead/kube"
import { Duration } from "effect"
import type { CopilotConfig } from "./PodPluginConfig.ts"
import { volumeSize } from "./PodResources.ts"

const storageConfigVolume = "flyte-copilot-storage-config"
const storageConfigPath = "/etc/flyte/copilot"

/** Name of the container that brings inputs. */
export const downloaderName = (config: Pick<CopilotConfig, "namePrefix">): string => `${config.namePrefix}downloader`

/** Name of the container that takes outputs; it ends after the task. */
export const uploaderName = (config: Pick<CopilotConfig, "namePrefix">): string => `${config.namePrefix}uploader`

const dataVolume = (name: string, sizeLimit: string | undefined): Volume => ({
  name,
  emptyDir: sizeLimit === undefined ? {} : { sizeLimit }
})

/** Readable by any user of the copilot containers, and by nobody else because nobody else mounts it. */
const secretVolume = (secretName: string): Volume => ({
  name: storageConfigVolume,
  projected: { defaultMode: 0o444, sources: [{ secret: { name: secretName } }] }
})

/** Flyte's binary names the file for errors differently from what engines read, unless it is told. */
const errorName = ({ command }: CopilotConfig): { readonly errorName?: string } =>
  command[0]?.split("/").at(-1) === "flyte-copilot" ? { errorName: Copilot.defaults.errorName } : {}

const copilotContainer = (name: string, args: ReadonlyArray<string>, mount: VolumeMount, config: CopilotConfig): Container => {
  const amounts = { cpu: config.cpu, memory: config.memory }
  const hasSecret = config.storageConfigSecretName !== undefined
  return {
    name,
    image: config.image,
    command: hasSecret ? [...config.command, "--config", `${storageConfigPath}/*.yaml`] : config.command,
    args,
    workingDir: "/",
    resources: { requests: amounts, limits: amounts },
    volumeMounts: hasSecret ? [mount, { name: storageConfigVolume, mountPath: storageConfigPath, readOnly: true }] : [mount],
    terminationMessagePolicy: "FallbackToLogsOnError",
    imagePullPolicy: "IfNotPresent"
  }
}

/** What copilot needs to know about the task. */
export interface CopilotTask {
  readonly template: Idl.TaskTemplate
  readonly metadata: TaskExecutionMetadata
  readonly paths: TaskPaths
}

/**
 * Adds to a pod what its task's inputs and outputs need; nothing when it declares none or wants no files.
 *
 * The uploader is a native sidecar and comes first, so that it is watching before the task can end. The storage's
 * credentials stay in a Secret that only the copilot containers mount: task code must not be able to read them.
 */
export const addCopilot = (spec: PodSpec, primaryName: string, task: CopilotTask, config: CopilotConfig): PodSpec => {
  const plan = Copilot.plan(task.template)
  if (plan === undefined || (plan.inputPath === undefined && plan.outputPath === undefined)) return spec
  const size = volumeSize(task.metadata.overrides.resources)
  const mounts: Array<VolumeMount> = []
  const volumes: Array<Volume> = config.storageConfigSecretName === undefined ? [] : [secretVolume(config.storageConfigSecretName)]
  let initContainers: ReadonlyArray<Container> = spec.initContainers ?? []
  if (plan.inputPath !== undefined) {
    const mount = { name: config.inputVolumeName, mountPath: plan.inputPath }
    mounts.push(mount)
    volumes.push(dataVolume(mount.name, size))
    initContainers = [...initContainers, downloader(plan, plan.inputPath, mount, task, config)]
  }
  if (plan.outputPath !== undefined) {
    const mount = { name: config.outputVolumeName, mountPath: plan.outputPath }
    mounts.push(mount)
    volumes.push(dataVolume(mount.name, size))
    initContainers = [uploader(plan, plan.outputPath, mount, task, config), ...initContainers]
  }
  return {
    ...spec,
    containers: spec.containers.map((it) =>
      it.name === primaryName ? { ...it, volumeMounts: [...(it.volumeMounts ?? []), ...mounts] } : it),
    initContainers,
    volumes: [...(spec.volumes ?? []), ...volumes],
    ...(plan.outputPath === undefined ? {} : { terminationGracePeriodSeconds: Math.ceil(Duration.toSeconds(config.timeout)) })
  }
}

const downloader = (plan: Copilot.Plan, toLocalDir: string, mount: VolumeMount, { paths }: CopilotTask, config: CopilotConfig): Container =>
  copilotContainer(
    downloaderName(config),
    Copilot.downloadArguments({
      fromRemote: `${paths.inputPrefix}/inputs.pb`,
      toOutputPrefix: paths.outputPrefix,
      toLocalDir,
      format: Copilot.formatOf(plan.config),
      layout: Copilot.layoutOf(plan.config),
      interface: plan.interface.inputs!,
      ...errorName(config)
    }),
    mount,
    config
  )

const uploader = (plan: Copilot.Plan, fromLocalDir: string, mount: VolumeMount, { paths }: CopilotTask, config: CopilotConfig): Container => ({
  ...copilotContainer(
    uploaderName(config),
    Copilot.sidecarArguments({
      timeoutMillis: Duration.toMillis(config.timeout),
      toRawOutput: paths.rawOutputPrefix,
      toOutputPrefix: paths.outputPrefix,
      fromLocalDir,
      interface: plan.interface,
      ...errorName(config)
    }),
    mount,
    config
  ),
  restartPolicy: "Always",
  ...(config.startupProbe === undefined ? {} : { startupProbe: config.startupProbe })
})
