/** Writes down as a readable task what a template says, as far as there are words for it. */
import * as Copilot from "../Copilot.ts"
import * as Durations from "../Durations.ts"
import type { Container, DataLoadingConfig, K8sObjectMetadata, Resources, TaskMetadata, TaskTemplate, VariableMap } from "../idl/core.generated.ts"
import * as LiteralTypes from "../LiteralTypes.ts"
import type { Task } from "../Task.ts"
import { primaryContainerKey, resourceNames } from "./taskTemplateOf.ts"

/** The readable form; what has no words is left out, so compare before you trust it. */
export const readableTask = (template: TaskTemplate, typeDefault: (task: Task) => string): Task => {
  const target = targetOf(template)
  const task: Task = {
    ...(template.id?.name ? { name: template.id.name } : {}),
    ...(template.id?.version ? { version: template.id.version } : {}),
    ...target,
    ...interfaceOf(template),
    ...dataConfigOf(template),
    ...metadataOf(template.metadata),
    ...(template.securityContext?.runAs?.k8sServiceAccount ? { serviceAccount: template.securityContext.runAs.k8sServiceAccount } : {}),
    ...configOf(template),
    ...(template.custom === undefined ? {} : { custom: template.custom })
  }
  return typeDefault(task) === template.type ? task : { type: template.type, ...task }
}

const targetOf = ({ config, target }: TaskTemplate): Pick<Task, "container" | "pod"> => {
  if (target.case === "container") return { container: containerOf(target.value) }
  if (target.case !== "k8sPod") return {}
  const { metadata, podSpec, primaryContainerName } = target.value
  return {
    pod: {
      primaryContainerName: primaryContainerName || config[primaryContainerKey] || "",
      ...podMetadataOf(metadata),
      spec: podSpec ?? {}
    }
  }
}

const podMetadataOf = (metadata: K8sObjectMetadata | undefined) =>
  metadata === undefined ? {} : { labels: metadata.labels, annotations: metadata.annotations }

const containerOf = (container: Container): NonNullable<Task["container"]> => ({
  image: container.image,
  ...(container.command.length === 0 ? {} : { command: container.command }),
  ...(container.args.length === 0 ? {} : { args: container.args }),
  ...(container.env.length === 0 ? {} : { env: Object.fromEntries(container.env.map(({ key, value }) => [key, value])) }),
  ...(container.resources === undefined ? {} : { resources: resourcesOf(container.resources) })
})

const resourcesOf = ({ limits, requests }: Resources) => ({
  ...(requests.length === 0 ? {} : { requests: quantitiesOf(requests) }),
  ...(limits.length === 0 ? {} : { limits: quantitiesOf(limits) })
})

const quantitiesOf = (entries: Resources["requests"]): { readonly [name: string]: string } => {
  const nameOf = (wanted: number): string => Object.keys(resourceNames).find((name) => resourceNames[name] === wanted) ?? "unknown"
  return Object.fromEntries(entries.map(({ name, value }) => [nameOf(name), value]))
}

const interfaceOf = (template: TaskTemplate): Pick<Task, "interface"> => {
  const { inputs, outputs } = template.interface ?? {}
  if (template.interface === undefined) return {}
  return {
    interface: {
      ...(inputs === undefined ? {} : { inputs: variablesOf(inputs) }),
      ...(outputs === undefined ? {} : { outputs: variablesOf(outputs) })
    }
  }
}

const variablesOf = (map: VariableMap): NonNullable<NonNullable<Task["interface"]>["inputs"]> =>
  Object.fromEntries(LiteralTypes.declared(map).map(({ description, name, type }) => [name, {
    type: LiteralTypes.toName(type) ?? "string",
    ...(description === undefined ? {} : { description })
  }]))

const dataConfigOf = (template: TaskTemplate): Pick<Task, "dataConfig"> => {
  const { case: kind, value } = template.target
  const config = kind === "container" || kind === "k8sPod" ? value.dataConfig : undefined
  const declares = (template.interface?.inputs?.variables.length ?? 0) + (template.interface?.outputs?.variables.length ?? 0) > 0
  if (config === undefined) return declares ? { dataConfig: { enabled: false } } : {}
  const settings = settingsOf(config)
  return declares && Object.keys(settings).length === 0 ? {} : { dataConfig: { ...(declares ? {} : { enabled: true }), ...settings } }
}

const settingsOf = (config: DataLoadingConfig): NonNullable<Task["dataConfig"]> => ({
  ...(config.inputPath === "" ? {} : { inputPath: config.inputPath }),
  ...(config.outputPath === "" ? {} : { outputPath: config.outputPath }),
  ...(Copilot.formatOf(config) === "JSON" ? {} : { format: Copilot.formatOf(config) === "YAML" ? "yaml" as const : "proto" as const }),
  ...(Copilot.layoutOf(config) === "DIRECT" ? {} : { layout: "named" as const })
})

const metadataOf = (metadata: TaskMetadata | undefined): Partial<Task> => {
  if (metadata === undefined) return {}
  return {
    ...(metadata.retries === undefined ? {} : { retries: metadata.retries.retries }),
    ...(metadata.timeout === undefined ? {} : { timeout: Durations.formatNanos(Durations.join(metadata.timeout)) }),
    ...(metadata.interruptibleValue.case === undefined ? {} : { interruptible: metadata.interruptibleValue.value }),
    ...(metadata.podTemplateName === "" ? {} : { podTemplateName: metadata.podTemplateName }),
    ...(metadata.discoverable ? { cache: cacheOf(metadata) } : {})
  }
}

const cacheOf = (metadata: TaskMetadata): NonNullable<Task["cache"]> => ({
  version: metadata.discoveryVersion,
  ...(metadata.cacheSerializable ? { serializable: true } : {}),
  ...(metadata.cacheIgnoreInputVars.length === 0 ? {} : { ignoredInputs: metadata.cacheIgnoreInputVars })
})

const configOf = ({ config, target }: TaskTemplate): Pick<Task, "config"> => {
  const entries = Object.entries(config).filter(([key]) => target.case !== "k8sPod" || key !== primaryContainerKey)
  return entries.length === 0 ? {} : { config: Object.fromEntries(entries) }
}
