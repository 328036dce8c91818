/** Kinds that the original's scheme knows beyond those it serves, and how it says that two kinds do not convert. */
import { schemaOf } from "../builtin/Builtin.ts"
import type { ServedResource } from "../ServedResource.ts"

/** Versions that are decoded although they are served no longer. */
const formerVersions: Readonly<Record<string, ReadonlyArray<string>>> = {
  "apps/v1beta1": ["Deployment", "StatefulSet", "ControllerRevision"],
  "apps/v1beta2": ["Deployment", "StatefulSet", "ControllerRevision", "DaemonSet", "ReplicaSet"],
  "extensions/v1beta1": ["Deployment", "DaemonSet", "ReplicaSet", "Ingress", "NetworkPolicy"],
  "batch/v1beta1": ["CronJob"],
  "policy/v1beta1": ["PodDisruptionBudget", "Eviction"],
  "coordination.k8s.io/v1beta1": ["Lease"],
  "events.k8s.io/v1beta1": ["Event"],
  "networking.k8s.io/v1beta1": ["Ingress", "IngressClass", "IPAddress", "ServiceCIDR"],
  "rbac.authorization.k8s.io/v1beta1": ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"],
  "rbac.authorization.k8s.io/v1alpha1": ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"],
  "autoscaling/v2beta1": ["HorizontalPodAutoscaler"],
  "autoscaling/v2beta2": ["HorizontalPodAutoscaler"],
  "autoscaling/v1": ["HorizontalPodAutoscaler"],
  "autoscaling/v2": ["HorizontalPodAutoscaler"],
  "discovery.k8s.io/v1beta1": ["EndpointSlice"],
  "storage.k8s.io/v1beta1": ["StorageClass", "VolumeAttachment", "CSIDriver", "CSINode", "CSIStorageCapacity", "VolumeAttributesClass"],
  "scheduling.k8s.io/v1beta1": ["PriorityClass"],
  "scheduling.k8s.io/v1alpha1": ["PriorityClass"],
  "node.k8s.io/v1beta1": ["RuntimeClass"],
  "admissionregistration.k8s.io/v1beta1": [
    "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"
  ],
  "certificates.k8s.io/v1beta1": ["CertificateSigningRequest"]
}

/** Whether another version of the same kind exists. */
export const registeredVersion = (apiVersion: string, kind: string): boolean => formerVersions[apiVersion]?.includes(kind) ?? false

/** Whether the scheme knows a kind at all. */
export const isRegistered = (apiVersion: string, kind: string): boolean => {
  const slash = apiVersion.indexOf("/")
  const group = slash < 0 ? "" : apiVersion.slice(0, slash)
  return registeredVersion(apiVersion, kind) || schemaOf(group, apiVersion.slice(slash + 1), kind) !== undefined
}

/** `converting (v1.Secret) to (core.ConfigMap): unknown conversion`. */
export const unknownConversion = (version: string, kind: string, resource: ServedResource): string =>
  `converting (${version}.${kind}) to (${resource.group === "" ? "core" : resource.group.split(".")[0]}.${resource.kind}): unknown conversion`
