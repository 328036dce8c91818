/** The built-in kinds that Fairlead reads and writes, in their raw JSON form. */
import type {
  V1ClusterRole,
  V1ConfigMap,
  V1Container,
  V1ContainerState,
  V1ContainerStatus,
  V1ControllerRevision,
  V1CronJob,
  V1CustomResourceDefinition,
  V1DaemonSet,
  V1Deployment,
  V1EndpointSlice,
  V1Endpoints,
  V1EnvVar,
  V1Job,
  V1Lease,
  V1Namespace,
  V1Node,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodCondition,
  V1PodSpec,
  V1PodStatus,
  V1PodTemplate,
  V1PodTemplateSpec,
  V1PriorityClass,
  V1ReplicaSet,
  V1ResourceRequirements,
  V1Secret,
  V1Service,
  V1StatefulSet,
  V1StorageClass,
  V1Volume,
  V1VolumeMount,
  CoreV1Event,
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
export type PodTemplateSpec = Raw<V1PodTemplateSpec>
export type ResourceRequirements = Raw<V1ResourceRequirements>
export type Volume = Raw<V1Volume>
export type VolumeMount = Raw<V1VolumeMount>

/** Built-in objects. */
export type ClusterRole = RawObject<V1ClusterRole>
export type ConfigMap = RawObject<V1ConfigMap>
export type ControllerRevision = RawObject<V1ControllerRevision>
export type CoreEvent = RawObject<CoreV1Event>
export type CronJob = RawObject<V1CronJob>
export type CustomResourceDefinition = RawObject<V1CustomResourceDefinition>
export type DaemonSet = RawObject<V1DaemonSet>
export type Deployment = RawObject<V1Deployment>
export type EndpointSlice = RawObject<V1EndpointSlice>
export type Endpoints = RawObject<V1Endpoints>
export type Event = RawObject<EventsV1Event>
export type Job = RawObject<V1Job>
export type Lease = RawObject<V1Lease>
export type Namespace = RawObject<V1Namespace>
export type Node = RawObject<V1Node>
export type PersistentVolume = RawObject<V1PersistentVolume>
export type PersistentVolumeClaim = RawObject<V1PersistentVolumeClaim>
export type Pod = RawObject<V1Pod>
export type PodTemplate = RawObject<V1PodTemplate>
export type PriorityClass = RawObject<V1PriorityClass>
export type ReplicaSet = RawObject<V1ReplicaSet>
export type Secret = RawObject<V1Secret>
export type Service = RawObject<V1Service>
export type StatefulSet = RawObject<V1StatefulSet>
export type StorageClass = RawObject<V1StorageClass>
