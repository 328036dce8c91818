/** Builds the wire form of a readable task that is known to be sound. */
import { create, type JsonObject } from "@bufbuild/protobuf"
import * as Copilot from "../Copilot.ts"
import * as Durations from "../Durations.ts"
import {
  type Container,
  Container_Architecture,
  type DataLoadingConfig,
  type K8sPod,
  K8sPodSchema,
  Resources_ResourceName,
  type Resources,
  ResourceType,
  SecurityContextSchema,
  type TaskMetadata,
  type TaskTemplate,
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
const sidecarVersion = 2

/** The template of a task. */
export const templateOf = (task: Task, type: string, owner: TaskOwner): TaskTemplate => {
  const config = task.pod === undefined ? task.config : { ...task.config, [primaryContainerKey]: task.pod.primaryContainerName }
  // The parts that every task has are written out: `create` looks at each of their many fields, which took a tenth of a round.
  const template: TaskTemplate = {
    $typeName: "flyteidl2.core.TaskTemplate",
    id: {
      $typeName: "flyteidl2.core.Identifier",
      resourceType: ResourceType.TASK,
      project: owner.project,
      domain: owner.domain,
      name: task.name ?? owner.name,
      version: task.version ?? "",
      org: ""
    },
    type,
    metadata: metadataOf(task),
    target: targetOf(task),
    taskTypeVersion: task.pod !== undefined && type === "sidecar" ? sidecarVersion : 0,
    config: { ...config }
  }
  if (task.interface !== undefined) template.interface = interfaceOf(task.interface)
  if (task.custom !== undefined) template.custom = task.custom as JsonObject
  if (task.serviceAccount !== undefined) template.securityContext = create(SecurityContextSchema, { runAs: { k8sServiceAccount: task.serviceAccount } })
  return template
}

const targetOf = (task: Task): TaskTemplate["target"] => {
  if (task.container !== undefined) return { case: "container", value: containerOf(task, task.container) }
  if (task.pod !== undefined) return { case: "k8sPod", value: podOf(task, task.pod) }
  return { case: undefined }
}

const metadataOf = ({ cache, interruptible, podTemplateName = "", retries, timeout }: Task): TaskMetadata => {
  const metadata: TaskMetadata = {
    $typeName: "flyteidl2.core.TaskMetadata",
    discoverable: cache !== undefined,
    discoveryVersion: cache?.version ?? "",
    deprecatedErrorMessage: "",
    interruptibleValue: interruptible === undefined ? { case: undefined } : { case: "interruptible", value: interruptible },
    cacheSerializable: cache?.serializable ?? false,
    tags: {},
    podTemplateName,
    cacheIgnoreInputVars: [...(cache?.ignoredInputs ?? [])],
    isEager: false,
    debuggable: false,
    logLinks: [],
    isEntrypoint: false,
    codeBundleUri: ""
  }
  if (retries !== undefined) metadata.retries = { $typeName: "flyteidl2.core.RetryStrategy", retries }
  if (timeout !== undefined) metadata.timeout = { $typeName: "google.protobuf.Duration", ...Durations.split(Durations.parseNanos(timeout) ?? 0n) }
  return metadata
}

type TaskInterface = NonNullable<Task["interface"]>

const interfaceOf = ({ inputs, outputs }: TaskInterface): TypedInterface => create(TypedInterfaceSchema, {
  ...(inputs === undefined ? {} : { inputs: variablesOf(inputs) }),
  ...(outputs === undefined ? {} : { outputs: variablesOf(outputs) })
})

const variablesOf = (declared: NonNullable<TaskInterface["inputs"]>) =>
  LiteralTypes.variables(Object.entries(declared).map(([name, { description, type }]) => ({ name, type: LiteralTypes.fromName(type), description })))

const containerOf = (task: Task, { args = [], command = [], env = {}, image, resources }: NonNullable<Task["container"]>): Container => {
  const container: Container = {
    $typeName: "flyteidl2.core.Container",
    image,
    command: [...command],
    args: [...args],
    env: Object.entries(env).map(([key, value]) => ({ $typeName: "flyteidl2.core.KeyValuePair", key, value })),
    config: [],
    ports: [],
    architecture: Container_Architecture.UNKNOWN
  }
  if (resources !== undefined) container.resources = resourcesOf(resources)
  const { dataConfig } = dataConfigField(task)
  if (dataConfig !== undefined) container.dataConfig = dataConfig
  return container
}

const resourcesOf = ({ limits = {}, requests = {} }: NonNullable<NonNullable<Task["container"]>["resources"]>): Resources =>
  ({ $typeName: "flyteidl2.core.Resources", requests: entriesOf(requests), limits: entriesOf(limits) })

const entriesOf = (quantities: { readonly [name: string]: string }): Resources["requests"] =>
  Object.keys(quantities).map((name) => ({
    $typeName: "flyteidl2.core.Resources.ResourceEntry",
    name: resourceNames[name] ?? Resources_ResourceName.UNKNOWN,
    value: quantities[name]!
  }))

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

