/** What plugins may know about an execution, from the action, its template and the configuration. */
import { create } from "@bufbuild/protobuf"
import {
  type ExternalResourceAttributes,
  Idl,
  Names,
  TaskAction,
  type TaskExecutionId,
  type TaskExecutionMetadata,
  type TaskOverrides,
  type TaskResources
} from "@fairlead/core"
import { KubeResource } from "@fairlead/kube"
import { Result } from "effect"
import type { EngineConfig } from "./EngineConfig.ts"
import { secretAnnotations, secretsLabel } from "./internal/secretReferences.ts"

/** The attempt and launch that metadata is made for. */
export interface LaunchNumber {
  /** From 1. */
  readonly attempt: number
  /** From 0, counting anew for every attempt. */
  readonly launch: number
}

/**
 * Builds the metadata of one launch. Names, labels and environment are Flyte's; where Flyte's executor answers with
 * constants, the template and the configuration answer here.
 */
export const make = (
  action: TaskAction.TaskAction,
  template: Idl.TaskTemplate,
  config: EngineConfig,
  at: LaunchNumber
): TaskExecutionMetadata => {
  const { metadata, spec } = action
  const name = metadata.name ?? ""
  const namespace = metadata.namespace ?? ""
  const securityContext = template.securityContext ?? noSecurityContext
  return {
    ownerId: { namespace, name },
    taskExecutionId: executionId(name, spec, template, at.attempt),
    namespace,
    ownerReference: {
      apiVersion: KubeResource.apiVersionOf(KubeResource.taskActions),
      kind: KubeResource.taskActions.kind,
      name,
      uid: metadata.uid ?? "",
      controller: true,
      blockOwnerDeletion: false
    },
    overrides: overridesOf(template, config),
    labels: labelsOf(action, template, config, at.attempt),
    maxAttempts: maxAttemptsOf(template),
    annotations: { ...passedOn(metadata.annotations, unsharedAnnotations), ...(securityContext.secrets.length === 0 ? none : secretAnnotations(securityContext.secrets)) },
    k8sServiceAccount: securityContext.runAs?.k8sServiceAccount || config.serviceAccountDefault,
    securityContext,
    interruptible: isInterruptible(spec, template, config, at.launch),
    platformResources: config.platformResources,
    interruptibleFailureThreshold: config.interruptibleFailureThreshold,
    environmentVariables: environmentOf(spec),
    externalResourceAttributes: { connections: config.connections } satisfies ExternalResourceAttributes,
    consoleUrl: consoleUrlOf(spec, config, at.attempt)
  }
}

const noSecurityContext = create(Idl.SecurityContextSchema)

/** Attempts that a template allows: its retries and the first one. */
export const maxAttemptsOf = (template: Idl.TaskTemplate): number => (template.metadata?.retries?.retries ?? 0) + 1

const executionId = (name: string, spec: TaskAction.TaskActionSpec, template: Idl.TaskTemplate, attempt: number): TaskExecutionId => {
  const generatedName = Names.generatedName(name, attempt)
  return {
    generatedName,
    generatedNameWith: (_min, max) => Result.getOrThrow(Names.fixedLengthUniqueId(generatedName, max)),
    uniqueNodeId: spec.actionName,
    id: {
      $typeName: "flyteidl2.core.TaskExecutionIdentifier",
      taskId: template.id,
      nodeExecutionId: {
        $typeName: "flyteidl2.core.NodeExecutionIdentifier",
        nodeId: spec.actionName,
        executionId: { $typeName: "flyteidl2.core.WorkflowExecutionIdentifier", project: spec.project, domain: spec.domain, name: spec.runName, org: "" }
      },
      retryAttempt: attempt - 1
    }
  }
}

/** Labels and annotations that belong to the action alone: on a pod they would say something false, or be far too long. */
const unsharedLabels: ReadonlySet<string> = new Set([
  TaskAction.labels.terminationStatus,
  TaskAction.labels.completedTime,
  TaskAction.labels.terminalStatusRecorded
])
const unsharedAnnotations: ReadonlySet<string> = new Set(["kubectl.kubernetes.io/last-applied-configuration"])

const passedOn = (map: { readonly [key: string]: string } | undefined, without: ReadonlySet<string>): { readonly [key: string]: string } =>
  map === undefined ? none : Object.fromEntries(Object.entries(map).filter(([key]) => !without.has(key)))

const none = {}

const labelsOf = (
  action: TaskAction.TaskAction,
  template: Idl.TaskTemplate,
  config: EngineConfig,
  attempt: number
): { readonly [key: string]: string } => {
  const { spec } = action
  const labels: { [key: string]: string } = { ...passedOn(action.metadata.labels, unsharedLabels) }
  put(labels, "organization", config.organization)
  put(labels, "project", spec.project)
  put(labels, "domain", spec.domain)
  put(labels, "run", spec.runName)
  put(labels, "action", spec.actionName)
  put(labels, "attempt", String(attempt))
  put(labels, "task-name", template.id?.name ?? "")
  labels[TaskAction.labels.managed] = "true"
  if ((template.securityContext?.secrets.length ?? 0) > 0) labels[secretsLabel] = "true"
  return labels
}

const put = (labels: { [key: string]: string }, key: string, text: string): void => {
  const value = Names.sanitizeLabelValue(text)
  if (value !== "") labels[key] = value
}

const environmentOf = (spec: TaskAction.TaskActionSpec): { readonly [name: string]: string } => ({
  ...spec.envVars,
  ACTION_NAME: spec.actionName,
  RUN_NAME: spec.runName,
  _U_RUN_BASE: spec.runOutputBase ?? "",
  _U_ORG_NAME: "local"
})

const isInterruptible = (spec: TaskAction.TaskActionSpec, template: Idl.TaskTemplate, config: EngineConfig, launch: number): boolean => {
  const value = template.metadata?.interruptibleValue
  const wanted = spec.interruptible ?? (value?.case === "interruptible" ? value.value : config.interruptibleDefault)
  const threshold = config.interruptibleFailureThreshold
  return wanted && (threshold === 0 || launch < threshold)
}

const resourceNames: { readonly [name: number]: string } = {
  [Idl.Resources_ResourceName.CPU]: "cpu",
  [Idl.Resources_ResourceName.GPU]: "gpu",
  [Idl.Resources_ResourceName.MEMORY]: "memory",
  [Idl.Resources_ResourceName.STORAGE]: "storage",
  [Idl.Resources_ResourceName.EPHEMERAL_STORAGE]: "ephemeral-storage"
}

const quantitiesOf = (entries: ReadonlyArray<Idl.Resources_ResourceEntry>): { readonly [name: string]: string } => {
  const quantities: { [name: string]: string } = {}
  for (const entry of entries) {
    const name = resourceNames[entry.name]
    if (name !== undefined) quantities[name] = entry.value
  }
  return quantities
}

const containerResources = (template: Idl.TaskTemplate): TaskResources | undefined => {
  const resources = template.target.case === "container" ? template.target.value.resources : undefined
  return resources === undefined
    ? undefined
    : { requests: quantitiesOf(resources.requests), limits: quantitiesOf(resources.limits) }
}

const podOf = (pod: EngineConfig["overrides"][string]["podTemplate"]): Idl.K8sPod | undefined =>
  pod === undefined ? undefined : create(Idl.K8sPodSchema, {
    metadata: { labels: { ...pod.labels }, annotations: { ...pod.annotations } },
    podSpec: pod.spec as NonNullable<Idl.K8sPod["podSpec"]>,
    primaryContainerName: pod.primaryContainerName
  })

const overridesOf = (template: Idl.TaskTemplate, config: EngineConfig): TaskOverrides => {
  const override = config.overrides[template.type]
  return {
    resources: override?.resources ?? containerResources(template),
    extendedResources: template.extendedResources,
    containerImage: override?.containerImage ?? "",
    configMap: override?.configMap,
    podTemplate: podOf(override?.podTemplate),
    config: { ...template.config, ...override?.config }
  }
}

const consoleUrlOf = (spec: TaskAction.TaskActionSpec, config: EngineConfig, attempt: number): string => {
  if (config.consoleUrlTemplate === "") return ""
  const values: { readonly [key: string]: string } = {
    project: spec.project,
    domain: spec.domain,
    run: spec.runName,
    action: spec.actionName,
    attempt: String(attempt)
  }
  return config.consoleUrlTemplate.replace(/\{\{\s*\.?(\w+)\s*\}\}/g, (whole, key: string) =>
    values[key] === undefined ? whole : encodeURIComponent(values[key]))
}
