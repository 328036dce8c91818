/** The pod as a task describes it, before the platform adds anything. */
import { type Idl, Names } from "@fairlead/core"
import type { Container, PodSpec } from "@fairlead/kube"
import { Result } from "effect"
import { faultOfPodSpec, faultOfTexts, withoutNulls } from "./internal/podSpecShape.ts"
import type { BuildContext } from "./KubeObjectPlugin.ts"
import type { PodPluginConfig } from "./PodPluginConfig.ts"
import * as PodResources from "./PodResources.ts"

/** Key of `config` and of the annotation that names the primary container, whose end is the end of the task. */
export const primaryContainerKey = "primary_container_name"

/** Task type whose pods end with their primary container. */
export const sidecarTaskType = "sidecar"

/** A pod and what else the task says about it. */
export interface RawPod {
  readonly spec: PodSpec
  readonly labels: { readonly [key: string]: string }
  readonly annotations: { readonly [key: string]: string }
  readonly primaryName: string
}

type Source = Result.Result<RawPod, string>

/** Reads the pod from wherever a task of its type and version keeps it; fails with what is wrong, in words. */
export const rawPod = (context: BuildContext, config: Pick<PodPluginConfig, "imagePullPolicy">): Source => {
  const { template } = context
  const described = template.type === sidecarTaskType && template.target.case !== "k8sPod" ? ofSidecar(template) : ofTarget(context, config)
  if (Result.isFailure(described)) return described
  const { annotations, labels, primaryName, spec } = described.success
  return Result.succeed({ spec: { ...spec, enableServiceLinks: false }, labels, annotations, primaryName })
}

const ofTarget = (context: BuildContext, config: Pick<PodPluginConfig, "imagePullPolicy">): Source => {
  const { target } = context.template
  if (target.case !== "container" && target.case !== "k8sPod") {
    return Result.fail(
      target.case === undefined ? "the task has neither a container nor a pod" : `the task has a target of kind "${target.case}"; it needs a container or a pod`
    )
  }
  const described = target.case === "container" ? ofContainer(context, target.value, config) : ofPod(context.template, target.value)
  const replacement = context.metadata.overrides.podTemplate
  return replacement?.podSpec === undefined ? described : Result.flatMap(described, (raw) => replaced(raw, replacement))
}

/** A pod of one container. Its name must not depend on chance, or two builds of one task would differ. */
const ofContainer = (context: BuildContext, container: Idl.Container, config: Pick<PodPluginConfig, "imagePullPolicy">): Source => {
  const { generatedName } = context.metadata.taskExecutionId
  const name = containerName(generatedName)
  const { requests, limits } = PodResources.ofTemplate(container.resources)
  const built: { -readonly [K in keyof Container]: Container[K] } = { name, image: container.image }
  if (container.command.length > 0) built.command = container.command
  if (container.args.length > 0) built.args = container.args
  if (container.env.length > 0) built.env = container.env.map(({ key, value }) => ({ name: key, value }))
  if (container.ports.length > 0) built.ports = container.ports.map(portOf)
  if (config.imagePullPolicy !== undefined) built.imagePullPolicy = config.imagePullPolicy
  built.resources = { requests, limits }
  built.terminationMessagePolicy = "FallbackToLogsOnError"
  return Result.succeed({ spec: { containers: [built] }, labels: {}, annotations: {}, primaryName: name })
}

const portOf = ({ containerPort, name }: Idl.ContainerPort): NonNullable<Container["ports"]>[number] =>
  name === "" ? { containerPort } : { containerPort, name }

const containerName = (generatedName: string): string => {
  if (Names.isDns1123Label(generatedName)) return generatedName
  // A hash of 9 characters always fits; the full name is on the pod.
  const hashed = Names.fixedLengthUniqueId(`${generatedName}.`.padEnd(64, "."), 63)
  return hashed._tag === "Success" ? hashed.success : "task"
}

const ofPod = (template: Idl.TaskTemplate, pod: Idl.K8sPod): Source => {
  if (pod.podSpec === undefined) return Result.fail("the task's pod has no spec")
  const primaryName = template.config[primaryContainerKey] ?? pod.primaryContainerName
  if (primaryName === "") return Result.fail(`config.${primaryContainerKey} is missing: say which container's end is the end of the task`)
  return checked(pod.podSpec, "the pod's spec", primaryName, pod.metadata)
}

/** The older forms, in which `custom` holds the pod: version 0 with a frame around it, version 1 bare. */
const ofSidecar = (template: Idl.TaskTemplate): Source => {
  const custom = template.custom
  if (template.taskTypeVersion === 0) {
    const spec = field(custom, "podSpec")
    if (spec === undefined) return Result.fail("custom.podSpec is missing")
    const primaryName = field(custom, "primaryContainerName")
    if (typeof primaryName !== "string" || primaryName === "") return Result.fail("custom.primaryContainerName is missing")
    return checked(spec, "custom.podSpec", primaryName, {
      labels: field(custom, "labels"),
      annotations: field(custom, "annotations")
    })
  }
  if (template.taskTypeVersion === 1) {
    const primaryName = template.config[primaryContainerKey]
    if (primaryName === undefined) return Result.fail(`config.${primaryContainerKey} is missing: say which container's end is the end of the task`)
    return custom === undefined ? Result.fail("custom is missing; it must be the pod's spec") : checked(custom, "custom", primaryName, undefined)
  }
  return Result.fail(`a sidecar task of version ${template.taskTypeVersion} needs a pod as its target`)
}

/** Flyte's Go code reads `PodSpec` and `podSpec` alike. */
const field = (custom: { readonly [key: string]: unknown } | undefined, name: string): unknown =>
  custom?.[name] ?? custom?.[`${name[0]!.toUpperCase()}${name.slice(1)}`] ?? undefined

const checked = (
  spec: unknown,
  path: string,
  primaryName: string,
  metadata: { readonly labels?: unknown; readonly annotations?: unknown } | undefined
): Source => {
  const fault = faultOfPodSpec(spec, path) ?? faultOfTexts(metadata?.labels, "the pod's labels") ??
    faultOfTexts(metadata?.annotations, "the pod's annotations")
  if (fault !== undefined) return Result.fail(fault)
  return Result.succeed({
    spec: withoutNulls(spec) as unknown as PodSpec,
    labels: { ...(metadata?.labels as RawPod["labels"] | undefined) },
    annotations: { ...(metadata?.annotations as RawPod["annotations"] | undefined) },
    primaryName
  })
}

/** A pod given for one execution takes the place of the task's; labels and annotations unite. */
const replaced = (raw: RawPod, pod: Idl.K8sPod): Source =>
  Result.map(checked(pod.podSpec, "the overriding pod's spec", pod.primaryContainerName, pod.metadata), (it) => ({
    ...it,
    labels: { ...raw.labels, ...it.labels },
    annotations: { ...raw.annotations, ...it.annotations }
  }))
