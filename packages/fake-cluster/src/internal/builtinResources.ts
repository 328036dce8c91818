/** The built-in kinds whose objects can be deleted: what a garbage collector and a namespace controller find by discovery. */
import { KubeResource } from "@fairlead/kube"

const lines = `
v1: configmaps ConfigMap, endpoints Endpoints, events Event, limitranges LimitRange, persistentvolumeclaims PersistentVolumeClaim
v1: pods Pod, podtemplates PodTemplate, replicationcontrollers ReplicationController, resourcequotas ResourceQuota
v1: secrets Secret, serviceaccounts ServiceAccount, services Service
v1: *namespaces Namespace, *nodes Node, *persistentvolumes PersistentVolume
apps/v1: controllerrevisions ControllerRevision, daemonsets DaemonSet, deployments Deployment, replicasets ReplicaSet, statefulsets StatefulSet
autoscaling/v2: horizontalpodautoscalers HorizontalPodAutoscaler
batch/v1: cronjobs CronJob, jobs Job
coordination.k8s.io/v1: leases Lease
discovery.k8s.io/v1: endpointslices EndpointSlice
networking.k8s.io/v1: ingresses Ingress, networkpolicies NetworkPolicy
policy/v1: poddisruptionbudgets PodDisruptionBudget
rbac.authorization.k8s.io/v1: rolebindings RoleBinding, roles Role, *clusterrolebindings ClusterRoleBinding, *clusterroles ClusterRole
apiextensions.k8s.io/v1: *customresourcedefinitions CustomResourceDefinition
`

/** All of them, in a fixed order. A star marks the cluster-scoped ones. */
export const builtinResources: ReadonlyArray<KubeResource.KubeResource> = lines.trim().split("\n").flatMap((line) => {
  const [apiVersion, entries] = line.split(": ") as [string, string]
  const [group, version] = apiVersion.includes("/") ? (apiVersion.split("/") as [string, string]) : ["", apiVersion]
  return entries.split(", ").map((entry) => {
    const [plural, kind] = entry.replace("*", "").split(" ") as [string, string]
    return KubeResource.make(group, version, plural, kind, !entry.startsWith("*"))
  })
})
