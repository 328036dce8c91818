/** Defaults that do not depend on anything else, or on another field as it is given, by Go type and field. */
import { pullPolicyOf } from "./ImageName.ts"

const emptySelector = {}

const webhook = {
  failurePolicy: "Fail",
  matchPolicy: "Equivalent",
  namespaceSelector: emptySelector,
  objectSelector: emptySelector,
  timeoutSeconds: 10
}

const container = {
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
  imagePullPolicy: ({ image }: { readonly image?: unknown }) => pullPolicyOf(typeof image === "string" ? image : "")
}

/** What a field holds that was left out. */
export const constants: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "core/v1.Container": container,
  "core/v1.EphemeralContainer": container,
  "core/v1.PodSpec": {
    dnsPolicy: "ClusterFirst",
    restartPolicy: "Always",
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    schedulerName: "default-scheduler"
  },
  "core/v1.Probe": { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
  "core/v1.SecretVolumeSource": { defaultMode: 0o644 },
  "core/v1.ConfigMapVolumeSource": { defaultMode: 0o644 },
  "core/v1.DownwardAPIVolumeSource": { defaultMode: 0o644 },
  "core/v1.ProjectedVolumeSource": { defaultMode: 0o644 },
  "core/v1.ServiceAccountTokenProjection": { expirationSeconds: 3600 },
  "core/v1.HTTPGetAction": { path: "/", scheme: "HTTP" },
  "core/v1.GRPCAction": { service: "" },
  "core/v1.ContainerPort": { protocol: "TCP" },
  "core/v1.ObjectFieldSelector": { apiVersion: "v1" },
  "core/v1.HostPathVolumeSource": { type: "" },
  "core/v1.ISCSIVolumeSource": { iscsiInterface: "default" },
  "core/v1.ISCSIPersistentVolumeSource": { iscsiInterface: "default" },
  "core/v1.AzureDiskVolumeSource": { cachingMode: "ReadWrite", kind: "Shared", fsType: "ext4", readOnly: false },
  "core/v1.RBDVolumeSource": { pool: "rbd", user: "admin", keyring: "/etc/ceph/keyring" },
  "core/v1.RBDPersistentVolumeSource": { pool: "rbd", user: "admin", keyring: "/etc/ceph/keyring" },
  "core/v1.ScaleIOVolumeSource": { storageMode: "ThinProvisioned", fsType: "xfs" },
  "core/v1.ScaleIOPersistentVolumeSource": { storageMode: "ThinProvisioned", fsType: "xfs" },
  "core/v1.Secret": { type: "Opaque" },
  "core/v1.PersistentVolumeStatus": { phase: "Pending" },
  "core/v1.PersistentVolumeSpec": { persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem" },
  "core/v1.PersistentVolumeClaimStatus": { phase: "Pending" },
  "core/v1.PersistentVolumeClaimSpec": { volumeMode: "Filesystem" },
  "core/v1.EndpointPort": { protocol: "TCP" },
  "core/v1.NamespaceStatus": { phase: "Active" },
  "core/v1.ReplicationControllerSpec": { replicas: 1 },
  "apps/v1.DeploymentSpec": { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 },
  "apps/v1.DaemonSetSpec": { revisionHistoryLimit: 10 },
  "apps/v1.StatefulSetSpec": { podManagementPolicy: "OrderedReady", replicas: 1, revisionHistoryLimit: 10, persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" } },
  "apps/v1.StatefulSetPersistentVolumeClaimRetentionPolicy": { whenDeleted: "Retain", whenScaled: "Retain" },
  "apps/v1.ReplicaSetSpec": { replicas: 1 },
  "batch/v1.CronJobSpec": { concurrencyPolicy: "Allow", suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
  "batch/v1.PodFailurePolicyOnPodConditionsPattern": { status: "True" },
  "rbac/v1.RoleRef": { apiGroup: "rbac.authorization.k8s.io" },
  "networking/v1.NetworkPolicyPort": { protocol: "TCP" },
  "networking/v1.IngressClassParametersReference": { scope: "Cluster" },
  "scheduling/v1.PriorityClass": { preemptionPolicy: "PreemptLowerPriority" },
  "storage/v1.StorageClass": { reclaimPolicy: "Delete", volumeBindingMode: "Immediate" },
  "storage/v1.CSIDriverSpec": {
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    fsGroupPolicy: "ReadWriteOnceWithFSType",
    volumeLifecycleModes: ["Persistent"],
    requiresRepublish: false,
    seLinuxMount: false
  },
  "discovery/v1.EndpointPort": { name: "", protocol: "TCP" },
  "admissionregistration/v1.ValidatingWebhook": webhook,
  "admissionregistration/v1.MutatingWebhook": { ...webhook, reinvocationPolicy: "Never" },
  "admissionregistration/v1.Rule": { scope: "*" },
  "admissionregistration/v1.RuleWithOperations": { scope: "*" },
  "admissionregistration/v1.NamedRuleWithOperations": { scope: "*" },
  "admissionregistration/v1.ServiceReference": { port: 443 },
  "admissionregistration/v1.ValidatingAdmissionPolicySpec": { failurePolicy: "Fail" },
  "admissionregistration/v1.MutatingAdmissionPolicySpec": { failurePolicy: "Fail" },
  "admissionregistration/v1.MatchResources": { matchPolicy: "Equivalent", namespaceSelector: emptySelector, objectSelector: emptySelector },
  "authentication/v1.TokenRequestSpec": { expirationSeconds: 3600 },
  "autoscaling/v1.HorizontalPodAutoscalerSpec": { minReplicas: 1 },
  "autoscaling/v2.HorizontalPodAutoscalerSpec": { minReplicas: 1 }
}
