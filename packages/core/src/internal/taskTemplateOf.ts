/** Builds the wire form of a readable task that is known to be sound. */
import { create, type JsonObject } from "@bufbuild/protobuf"
import * as Copilot from "../Copilot.ts"
import * as Durations from "../Durations.ts"
import {
  type Container,
  ContainerSchema,
  type DataLoadingConfig,
  IdentifierSchema,
  type K8sPod,
  K8sPodSchema,
  Resources_ResourceName,
  type Resources,
  ResourcesSchema,
  ResourceType,
  SecurityContextSchema,
  type TaskMetadata,
  TaskMetadataSchema,
  type TaskTemplate,
  TaskTemplateSchema,
  type TypedInterface,
  TypedInterfaceSchema
} from "../idl/core.generated.ts"
import * as LiteralTypes from "../LiteralTypes.ts"
import type { Task } from "../Task.ts"
import type { TaskOwner } from "../TaskTemplates.ts"

/** Resources that a container may ask for, by the names that people write. */
export const resourceNames: { readonly [name: string]: Resources["requests"][number]["name"] } = {
  cpu: Resources_ResourceName.CPU,
  memory: Resources_ResourceName.MEMORY,
  gpu: Resources_ResourceName.GPU,
  "ephemeral-storage": Resources_ResourceName.EPHEMERAL_STORAGE,
  storage: Resources_ResourceName.STORAGE
}

/** Key of a template's config that names the primary container of a pod. */
export const primaryContainerKey = "primary_container_name"

/** Version of the task type `sidecar` whose pod is described by the template's pod, not by its custom part. */
export const sidecarVersion = 2

/** The template of a task. */
export const templateOf = (task: Task, type: string, owner: TaskOwner): TaskTemplate => {
  const config = task.pod === undefined ? task.config : { ...task.config, [primaryContainerKey]: task.pod.primaryContainerName }
  return create(TaskTemplateSchema, {
    id: create(IdentifierSchema, {
      resourceType: ResourceType.TASK,
      project: owner.project,
      domain: owner.domain,
      name: task.name ?? owner.name,
      version: task.version ?? ""
    }),
    type,
    taskTypeVersion: task.pod !== undefined && type === "sidecar" ? sidecarVersion : 0,
    metadata: metadataOf(task),
    ...(task.interface === undefined ? {} : { interface: interfaceOf(task.interface) }),
    ...(task.custom === undefined ? {} : { custom: task.custom as JsonObject }),
    ...(task.serviceAccount === undefined ? {} : {
      securityContext: create(SecurityContextSchema, { runAs: { k8sServiceAccount: task.serviceAccount } })
    }),
    ...(config === undefined ? {} : { config: { ...config } }),
    target: targetOf(task)
  })
}

const targetOf = (task: Task): TaskTemplate["target"] => {
  if (task.container !== undefined) return { case: "container", value: containerOf(task, task.container) }
  if (task.pod !== undefined) return { case: "k8sPod", value: podOf(task, task.pod) }
  return { case: undefined }
}

const metadataOf = (task: Task): TaskMetadata => create(TaskMetadataSchema, {
  ...(task.retries === undefined ? {} : { retries: { retries: task.retries } }),
  ...(task.timeout === undefined ? {} : { timeout: Durations.split(Durations.parseNanos(task.timeout) ?? 0n) }),
  ...(task.interruptible === undefined ? {} : { interruptibleValue: { case: "interruptible" as const, value: task.interruptible } }),
  ...(task.podTemplateName === undefined ? {} : { podTemplateName: task.podTemplateName }),
  ...(task.cache === undefined ? {} : {
    discoverable: true,
    discoveryVersion: task.cache.version,
    cacheSerializable: task.cache.serializable ?? false,
    cacheIgnoreInputVars: [...(task.cache.ignoredInputs ?? [])]
  })
})

type TaskInterface = NonNullable<Task["interface"]>

const interfaceOf = ({ inputs, outputs }: TaskInterface): TypedInterface => create(TypedInterfaceSchema, {
  ...(inputs === undefined ? {} : { inputs: variablesOf(inputs) }),
  ...(outputs === undefined ? {} : { outputs: variablesOf(outputs) })
})

const variablesOf = (declared: NonNullable<TaskInterface["inputs"]>) =>
  LiteralTypes.variables(Object.entries(declared).map(([name, { description, type }]) => ({ name, type: LiteralTypes.fromName(type), description })))

const containerOf = (task: Task, container: NonNullable<Task["container"]>): Container => create(ContainerSchema, {
  image: container.image,
  command: [...(container.command ?? [])],
  args: [...(container.args ?? [])],
  env: Object.entries(container.env ?? {}).map(([key, value]) => ({ key, value })),
  ...(container.resources === undefined ? {} : { resources: resourcesOf(container.resources) }),
  ...dataConfigField(task)
})

const resourcesOf = ({ limits = {}, requests = {} }: NonNullable<NonNullable<Task["container"]>["resources"]>): Resources =>
  create(ResourcesSchema, { requests: entriesOf(requests), limits: entriesOf(limits) })

const entriesOf = (quantities: { readonly [name: string]: string }) =>
  Object.entries(quantities).map(([name, value]) => ({ name: resourceNames[name] ?? Resources_ResourceName.UNKNOWN, value }))

const podOf = (task: Task, pod: NonNullable<Task["pod"]>): K8sPod => create(K8sPodSchema, {
  primaryContainerName: pod.primaryContainerName,
  podSpec: pod.spec as JsonObject,
  ...(pod.labels === undefined && pod.annotations === undefined ? {} : { metadata: { labels: { ...pod.labels }, annotations: { ...pod.annotations } } }),
  ...dataConfigField(task)
})

/** Files are on when there is anything to bring, unless the task says otherwise. */
const dataConfigField = (task: Task): { readonly dataConfig?: DataLoadingConfig } => {
  const declares = Object.keys({ ...task.interface?.inputs, ...task.interface?.outputs }).length > 0
  const enabled = task.dataConfig?.enabled ?? declares
  return enabled ? { dataConfig: Copilot.dataConfig(task.dataConfig) } : {}
}

