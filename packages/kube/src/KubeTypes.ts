/** The built-in kinds that Fairlead reads and writes, in their raw JSON form. */
import type {
  V1ConfigMap,
  V1Container,
  V1ContainerState,
  V1ContainerStatus,
  V1CustomResourceDefinition,
  V1EnvVar,
  V1Job,
  V1Lease,
  V1Namespace,
  V1Node,
  V1Pod,
  V1PodCondition,
  V1PodSpec,
  V1PodStatus,
  V1PodTemplate,
  V1ResourceRequirements,
  V1Secret,
  V1Volume,
  V1VolumeMount,
  EventsV1Event
} from "@kubernetes/client-node"
import type { ObjectMeta } from "./KubeObject.ts"

/**
 * The JSON form of a generated client type: dates are strings, everything is read-only, `metadata` is ours.
 * Only types are taken from the client, so nothing of it is loaded at run time.
 */
export type Raw<T> = T extends Date ? string
  : T extends (infer A)[] ? ReadonlyArray<Raw<A>>
  : T extends (...args: never) => unknown ? never
  : T extends object ? { readonly [K in keyof T]: Raw<T[K]> }
  : T

/** An object of a generated type with the `metadata` that objects from the cluster always have. */
export type RawObject<T> = Omit<Raw<T>, "metadata"> & { readonly metadata: ObjectMeta }

/** Parts of built-in objects. */
export type Container = Raw<V1Container>
export type ContainerState = Raw<V1ContainerState>
export type ContainerStatus = Raw<V1ContainerStatus>
export type EnvVar = Raw<V1EnvVar>
export type PodCondition = Raw<V1PodCondition>
export type PodSpec = Raw<V1PodSpec>
export type PodStatus = Raw<V1PodStatus>
export type ResourceRequirements = Raw<V1ResourceRequirements>
export type Volume = Raw<V1Volume>
export type VolumeMount = Raw<V1VolumeMount>

/** Built-in objects. */
export type ConfigMap = RawObject<V1ConfigMap>
export type CustomResourceDefinition = RawObject<V1CustomResourceDefinition>
export type Event = RawObject<EventsV1Event>
export type Job = RawObject<V1Job>
export type Lease = RawObject<V1Lease>
export type Namespace = RawObject<V1Namespace>
export type Node = RawObject<V1Node>
export type Pod = RawObject<V1Pod>
export type PodTemplate = RawObject<V1PodTemplate>
export type Secret = RawObject<V1Secret>
