/** What the platform does to every container of a task: fills in templates, adds environment, fits resources. */
import { type Idl, type TaskResources, Templating } from "@fairlead/core"
import type { Container, EnvVar } from "@fairlead/kube"
import { Result } from "effect"
import type { BuildContext } from "./KubeObjectPlugin.ts"
import type { Accelerators } from "./PodAccelerator.ts"
import { type CommonEnvironment, decorate, executionVariables, fromMap, wantsConsoleUrl } from "./PodEnvironment.ts"
import type { PodPluginConfig } from "./PodPluginConfig.ts"
import * as PodResources from "./PodResources.ts"

/** What is the same for all containers of one pod. */
export interface ContainerContext {
  readonly rendering: Templating.TemplateContext
  readonly variables: ReadonlyArray<EnvVar>
  readonly common: CommonEnvironment
  readonly platform: PodResources.Platform
  readonly overrides: TaskResources | undefined
  /** Name under which the task's accelerator is offered. */
  readonly acceleratorName: string
}

/** Works out what is the same for all containers of one pod. */
export const containerContext = (
  context: BuildContext,
  accelerator: Idl.GPUAccelerator | undefined,
  settings: { readonly config: PodPluginConfig; readonly accelerators: Accelerators; readonly environment: CommonEnvironment }
): ContainerContext => {
  const { metadata, paths, template, inputs } = context
  const { generatedName } = metadata.taskExecutionId
  return {
    rendering: { paths, generatedName, namespace: metadata.namespace, inputs },
    variables: executionVariables(metadata.taskExecutionId, wantsConsoleUrl(template) ? metadata.consoleUrl : "").concat(fromMap(metadata.environmentVariables)),
    common: settings.environment,
    platform: {
      resources: metadata.platformResources,
      defaultCpus: settings.config.defaultCpus,
      defaultMemory: settings.config.defaultMemory,
      acceleratorNames: settings.accelerators.resourceNames
    },
    overrides: metadata.overrides.resources,
    acceleratorName: settings.accelerators.of(accelerator).resourceName
  }
}

/** Prepares one container. Only the primary one gets the task's overrides and the platform's defaults. */
export const prepare = (container: Container, isPrimary: boolean, context: ContainerContext): Result.Result<Container, string> => {
  const where = `container "${container.name}"`
  const command = rendered(container.command, context, `command of ${where}`)
  if (Result.isFailure(command)) return Result.fail(command.failure)
  const args = rendered(container.args, context, `args of ${where}`)
  if (Result.isFailure(args)) return Result.fail(args.failure)
  const resources = fitted(container, isPrimary, context)
  if (Result.isFailure(resources)) return Result.fail(`resources of ${where}: ${resources.failure}`)
  const prepared: { -readonly [K in keyof Container]: Container[K] } = { ...container }
  if (command.success !== undefined) prepared.command = command.success
  if (args.success !== undefined) prepared.args = args.success
  const { env, envFrom } = decorate(container, context.variables, context.common)
  if (env !== undefined) prepared.env = env
  if (envFrom !== undefined) prepared.envFrom = envFrom
  prepared.resources = { ...container.resources, ...resources.success }
  return Result.succeed(prepared)
}

const nothing = Result.succeed(undefined)

const rendered = (
  texts: ReadonlyArray<string> | undefined,
  context: ContainerContext,
  where: string
): Result.Result<ReadonlyArray<string> | undefined, string> =>
  texts === undefined
    ? nothing
    : Result.mapError(Templating.render(texts, context.rendering), (error) => `${where}: ${error.message}`)

const fitted = (container: Container, isPrimary: boolean, context: ContainerContext): Result.Result<PodResources.Resources, string> => {
  const overrides = isPrimary ? context.overrides : undefined
  const fault = PodResources.faultIn(container.resources ?? {}) ?? (overrides === undefined ? undefined : PodResources.faultIn(overrides))
  if (fault !== undefined) return Result.fail(fault)
  const named = (resources: PodResources.Resources): PodResources.Resources => PodResources.nameAccelerator(resources, context.acceleratorName)
  const own = named(PodResources.ofContainer(container.resources))
  const asked = overrides === undefined ? own : PodResources.override(own, named(overrides))
  return Result.succeed(PodResources.fit(asked, context.platform, isPrimary))
}
