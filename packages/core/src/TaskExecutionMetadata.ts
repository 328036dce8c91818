/** What a plugin may know about the execution that it works for: all getters of Flyte's `TaskExecutionMetadata`. */
import type { ExtendedResources, K8sPod, SecurityContext, TaskExecutionIdentifier } from "./idl/core.generated.ts"

/** Namespace and name of a Kubernetes object. */
export interface NamespacedName {
  readonly namespace: string
  readonly name: string
}

/** Points from a launched object to its TaskAction; same shape as `metadata.ownerReferences[]`. */
export interface TaskOwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller: boolean
  readonly blockOwnerDeletion: boolean
}

/** Requests and limits by resource name, as Kubernetes quantities. */
export interface TaskResources {
  readonly requests: { readonly [name: string]: string }
  readonly limits: { readonly [name: string]: string }
}

/** Identifies one attempt of one action. */
export interface TaskExecutionId {
  /** `<TaskAction name>-<attempt - 1>`: unique and the same on every call. */
  readonly generatedName: string
  /** The generated name cut to `max` characters by hashing (`encoding.FixedLengthUniqueID`); fails if `max` is below 8. */
  readonly generatedNameWith: (min: number, max: number) => string
  readonly id: TaskExecutionIdentifier
  readonly uniqueNodeId: string
}

/** Settings of one execution that replace those of the template. */
export interface TaskOverrides {
  readonly resources: TaskResources | undefined
  readonly extendedResources: ExtendedResources | undefined
  readonly containerImage: string
  readonly configMap: { readonly [key: string]: string } | undefined
  /** Takes the place of the pod or the container that the template describes. */
  readonly podTemplate: K8sPod | undefined
  readonly config: { readonly [key: string]: string }
}

/** Connections to services outside the cluster, by name. */
export interface ExternalResourceAttributes {
  readonly connections: { readonly [name: string]: { readonly source: string; readonly connection: unknown } }
}

/** All 16 getters of the original (seed 000), under their names without `Get`. Values never change during an attempt. */
export interface TaskExecutionMetadata {
  readonly ownerId: NamespacedName
  readonly taskExecutionId: TaskExecutionId
  readonly namespace: string
  readonly ownerReference: TaskOwnerReference
  readonly overrides: TaskOverrides
  readonly labels: { readonly [key: string]: string }
  readonly maxAttempts: number
  readonly annotations: { readonly [key: string]: string }
  /** Empty when neither the template nor the configuration names one. */
  readonly k8sServiceAccount: string
  readonly securityContext: SecurityContext
  readonly interruptible: boolean
  readonly platformResources: TaskResources
  readonly interruptibleFailureThreshold: number
  readonly environmentVariables: { readonly [name: string]: string }
  readonly externalResourceAttributes: ExternalResourceAttributes
  /** Empty when there is no console. */
  readonly consoleUrl: string
}
