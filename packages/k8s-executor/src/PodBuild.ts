/** Builds the pod of a task: the task's own description, then everything that the platform adds, in a fixed order. */
import { badTaskSpecification, PluginError } from "@fairlead/core"
import type { Container, PodSpec, PodTemplate } from "@fairlead/kube"
import { Result } from "effect"
import type { BuildContext } from "./KubeObjectPlugin.ts"
import { type Accelerators, extendedResources, makeAccelerators, partitionSlices, partitionSlicesLabel, selectAcceleratorNodes } from "./PodAccelerator.ts"
import { type ContainerContext, containerContext, prepare } from "./PodContainers.ts"
import { addCopilot } from "./PodCopilot.ts"
import { probeEditor } from "./PodDevelopmentServer.ts"
import { type CommonEnvironment, commonEnvironment, lastOfEachName } from "./PodEnvironment.ts"
import type { PodPluginConfig } from "./PodPluginConfig.ts"
import { constrain, schedule, tolerateExtendedResources } from "./PodScheduling.ts"
import { secure } from "./PodSecurity.ts"
import { addSharedMemory } from "./PodSharedMemory.ts"
import { primaryContainerKey, type RawPod, rawPod, sidecarTaskType } from "./PodSource.ts"
import { mergeOntoTemplate } from "./PodTemplateMerge.ts"
import { noPodTemplates, type PodTemplates } from "./PodTemplates.ts"

/** Task type whose pods end as a whole, even if they have one container. */
const rawContainerTaskType = "raw-container"

/** What pods are built with, prepared once for all tasks. */
export interface PodBuildSettings {
  readonly config: PodPluginConfig
  readonly accelerators: Accelerators
  readonly environment: CommonEnvironment
  readonly podTemplates: PodTemplates
}

/** Where settings come from besides the configuration. */
export interface PodBuildOptions {
  readonly podTemplates?: PodTemplates | undefined
  /** The engine's own environment, for variables that pods take over from it. */
  readonly environment?: { readonly [name: string]: string | undefined } | undefined
}

/** Prepares the settings. */
export const podBuildSettings = (config: PodPluginConfig, options: PodBuildOptions = {}): PodBuildSettings => ({
  config,
  accelerators: makeAccelerators(config),
  environment: commonEnvironment(config, options.environment ?? {}),
  podTemplates: options.podTemplates ?? noPodTemplates
})

/** A finished pod, but for its name and its owner. */
export interface BuiltPod {
  readonly spec: PodSpec
  readonly labels: { readonly [key: string]: string }
  readonly annotations: { readonly [key: string]: string }
  readonly primaryName: string
}

/** Builds the pod of a task for the plugin with this id. Equal tasks give equal pods, to the order of every list. */
export const buildPod = (plugin: string, context: BuildContext, settings: PodBuildSettings): Result.Result<BuiltPod, PluginError> => {
  const { metadata, template } = context
  const { accelerators, config } = settings
  const bad = (description: string) => Result.fail(badTaskSpecification(plugin, description))

  const described = rawPod(context, config)
  if (Result.isFailure(described)) return bad(described.failure)
  const raw = described.success
  const { gpuAccelerator, sharedMemory } = extendedResources(template.extendedResources, metadata.overrides.extendedResources)
  const prepared = prepareContainers(raw, containerContext(context, gpuAccelerator, settings))
  if (Result.isFailure(prepared)) return bad(prepared.failure)
  const withCopilot = addCopilot(prepared.success, raw.primaryName, context, config.copilot)
  const scheduled = defaultSecurity(schedule(withCopilot, metadata, config), raw.primaryName, config)

  const deviceTemplate = gpuAccelerator === undefined ? undefined : accelerators.of(gpuAccelerator).podTemplateSpec as PodSpec | undefined
  const onDevice = deviceTemplate === undefined ? scheduled : mergeOntoTemplate(deviceTemplate, scheduled, raw.primaryName)
  const podTemplate = findPodTemplate(plugin, context, settings)
  if (Result.isFailure(podTemplate)) return Result.fail(podTemplate.failure)
  const pattern = podTemplate.success?.template
  const merged = pattern?.spec === undefined ? onDevice : mergeOntoTemplate(pattern.spec, onDevice, raw.primaryName)

  const constrained = constrain(merged, metadata.interruptible, config)
  const placed = gpuAccelerator === undefined ? constrained : selectAcceleratorNodes(constrained, gpuAccelerator, accelerators)
  const shared = sharedMemory === undefined ? Result.succeed(placed) : addSharedMemory(placed, raw.primaryName, sharedMemory)
  if (Result.isFailure(shared)) return bad(shared.failure)
  const spec = finish(overrideImage(shared.success, raw.primaryName, metadata.overrides.containerImage), raw.primaryName, config)
  const labels: { [key: string]: string } = { ...pattern?.metadata?.labels, ...raw.labels }
  const slices = gpuAccelerator === undefined ? undefined : partitionSlices(gpuAccelerator)
  if (slices !== undefined) labels[partitionSlicesLabel] = slices
  const annotations: { [key: string]: string } = { ...pattern?.metadata?.annotations, ...raw.annotations }
  if (endsWithPrimary(context, spec)) annotations[primaryContainerKey] = raw.primaryName
  return Result.succeed({ spec, labels, annotations, primaryName: raw.primaryName })
}

const prepareContainers = (raw: RawPod, context: ContainerContext): Result.Result<PodSpec, string> => {
  const initContainers: Array<Container> = []
  for (const container of raw.spec.initContainers ?? []) {
    const prepared = prepare(container, false, context)
    if (Result.isFailure(prepared)) return Result.fail(prepared.failure)
    initContainers.push(prepared.success)
  }
  const containers: Array<Container> = []
  for (const container of raw.spec.containers) {
    const prepared = prepare(container, container.name === raw.primaryName, context)
    if (Result.isFailure(prepared)) return Result.fail(prepared.failure)
    containers.push(prepared.success)
  }
  if (!containers.some((it) => it.name === raw.primaryName)) {
    const names = containers.map((it) => `"${it.name}"`).join(", ") || "none"
    return Result.fail(`the primary container "${raw.primaryName}" is not among the pod's containers: ${names}`)
  }
  return Result.succeed(initContainers.length === 0 ? { ...raw.spec, containers } : { ...raw.spec, containers, initContainers })
}

/** Security contexts that the configuration gives where the task has none at all. */
const defaultSecurity = (spec: PodSpec, primaryName: string, config: PodPluginConfig): PodSpec => {
  const { defaultPodSecurityContext, defaultSecurityContext } = config
  const secured = spec.securityContext !== undefined || defaultPodSecurityContext === undefined
    ? spec
    : { ...spec, securityContext: defaultPodSecurityContext as NonNullable<PodSpec["securityContext"]> }
  return defaultSecurityContext === undefined ? secured : {
    ...secured,
    containers: secured.containers.map((it) =>
      it.name === primaryName && it.securityContext === undefined
        ? { ...it, securityContext: defaultSecurityContext as NonNullable<Container["securityContext"]> }
        : it)
  }
}

const findPodTemplate = (
  plugin: string,
  { metadata, template }: BuildContext,
  { config, podTemplates }: PodBuildSettings
): Result.Result<PodTemplate | undefined, PluginError> => {
  const named = template.metadata?.podTemplateName ?? ""
  const name = named || config.defaultPodTemplateName
  if (name === "") return Result.succeed(undefined)
  const found = podTemplates.find(metadata.namespace, name)
  if (found !== undefined) return Result.succeed(found)
  if (!podTemplates.ready()) {
    return Result.fail(new PluginError({
      plugin,
      code: "PodTemplatesNotSynced",
      description: `PodTemplate "${name}" is not known yet; the PodTemplates of the cluster are still being read`,
      kind: "SYSTEM",
      retryable: true
    }))
  }
  return named === ""
    ? Result.succeed(undefined)
    : Result.fail(badTaskSpecification(plugin, `PodTemplate "${named}" does not exist, neither in namespace ${metadata.namespace} nor in the platform's own`))
}

const overrideImage = (spec: PodSpec, primaryName: string, image: string): PodSpec =>
  image === "" ? spec : { ...spec, containers: spec.containers.map((it) => (it.name === primaryName ? { ...it, image } : it)) }

const withCleanEnv = (container: Container): Container => {
  if (container.env === undefined) return container
  const env = lastOfEachName(container.env)
  return env === container.env ? container : { ...container, env }
}

/** What is left to do when all parts are together. */
const finish = (spec: PodSpec, primaryName: string, config: PodPluginConfig): PodSpec => {
  const containers = spec.containers.map(withCleanEnv)
  const clean = spec.initContainers === undefined ? { ...spec, containers } : { ...spec, containers, initContainers: spec.initContainers.map(withCleanEnv) }
  return secure(probeEditor(tolerateExtendedResources(clean, config), primaryName), config)
}

/**
 * True when the end of the primary container is the end of the task: where the task says so, and as a short cut where
 * there is no other container, because the kubelet reports the end of a container before that of its pod.
 */
const endsWithPrimary = ({ template }: BuildContext, spec: PodSpec): boolean =>
  template.type === sidecarTaskType ||
  (template.target.case === "k8sPod" && template.target.value.primaryContainerName !== "") ||
  (spec.containers.length === 1 && template.type !== rawContainerTaskType)
