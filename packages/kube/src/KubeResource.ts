/** Names of resources and the paths that they are served under. */

/** A kind of object and where the API serves it. */
export interface KubeResource {
  /** API group; `""` is the core group. */
  readonly group: string
  readonly version: string
  /** Lower-case plural name as in paths: `pods`. */
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

/** Builds a resource description. */
export const make = (
  group: string,
  version: string,
  plural: string,
  kind: string,
  namespaced = true
): KubeResource => ({ group, version, plural, kind, namespaced })

/** The resources that Fairlead and its fakes read and write by name. */
export const pods = make("", "v1", "pods", "Pod")
export const nodes = make("", "v1", "nodes", "Node", false)
export const namespaces = make("", "v1", "namespaces", "Namespace", false)
export const configMaps = make("", "v1", "configmaps", "ConfigMap")
export const secrets = make("", "v1", "secrets", "Secret")
export const serviceAccounts = make("", "v1", "serviceaccounts", "ServiceAccount")
export const podTemplates = make("", "v1", "podtemplates", "PodTemplate")
export const events = make("events.k8s.io", "v1", "events", "Event")
export const coreEvents = make("", "v1", "events", "Event")
export const leases = make("coordination.k8s.io", "v1", "leases", "Lease")
export const jobs = make("batch", "v1", "jobs", "Job")
export const cronJobs = make("batch", "v1", "cronjobs", "CronJob")
export const deployments = make("apps", "v1", "deployments", "Deployment")
export const replicaSets = make("apps", "v1", "replicasets", "ReplicaSet")
export const replicationControllers = make("", "v1", "replicationcontrollers", "ReplicationController")
export const statefulSets = make("apps", "v1", "statefulsets", "StatefulSet")
export const daemonSets = make("apps", "v1", "daemonsets", "DaemonSet")
export const controllerRevisions = make("apps", "v1", "controllerrevisions", "ControllerRevision")
export const services = make("", "v1", "services", "Service")
export const endpoints = make("", "v1", "endpoints", "Endpoints")
export const endpointSlices = make("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
export const persistentVolumes = make("", "v1", "persistentvolumes", "PersistentVolume", false)
export const persistentVolumeClaims = make("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
export const storageClasses = make("storage.k8s.io", "v1", "storageclasses", "StorageClass", false)
export const clusterRoles = make("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false)
export const customResourceDefinitions = make(
  "apiextensions.k8s.io",
  "v1",
  "customresourcedefinitions",
  "CustomResourceDefinition",
  false
)

/** The custom resource that tasks come in. */
export const taskActions = make("flyte.org", "v1", "taskactions", "TaskAction")

/** `apiVersion` of the resource's objects: `v1`, `batch/v1`. */
export const apiVersionOf = ({ group, version }: KubeResource): string =>
  // Joined: docs/HACKING.md says why.
  (group === "" ? version : [group, version].join("/"))

/** The URL path of a collection, an object or a subresource. Segments are percent-encoded. */
export const pathOf = (
  resource: KubeResource,
  at: { readonly namespace?: string | undefined; readonly name?: string | undefined; readonly subresource?: string | undefined } = {}
): string => {
  const parts = resource.group === "" ? ["api", resource.version] : ["apis", resource.group, resource.version]
  if (resource.namespaced && at.namespace !== undefined) parts.push("namespaces", encodeURIComponent(at.namespace))
  parts.push(resource.plural)
  if (at.name !== undefined) parts.push(encodeURIComponent(at.name))
  if (at.subresource !== undefined) parts.push(at.subresource)
  return `/${parts.join("/")}`
}
