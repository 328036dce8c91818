/** Which fields of the built-in kinds field selectors can name. */
import type { KubeObject } from "@fairlead/kube"
import { type FieldReader, type SelectableFields, selectableFields, standardFields } from "../rest/FieldSelector.ts"

/** Reads a path such as `spec.nodeName`; absent values count as `absent`. */
const at = (path: string, absent = ""): FieldReader => {
  const keys = path.split(".")
  return (object) => {
    let value: unknown = object
    for (const key of keys) value = (value as Record<string, unknown> | undefined | null)?.[key]
    return value === undefined || value === null ? absent : String(value)
  }
}

const fields = (...paths: ReadonlyArray<string>): SelectableFields =>
  selectableFields(Object.fromEntries(paths.map((path) => [path, at(path)])))

const involved = (prefix: string): Readonly<Record<string, FieldReader>> =>
  Object.fromEntries(
    ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].map((key) => [`${prefix}.${key}`, at(`involvedObject.${key}`)])
  )

const eventSource: FieldReader = (object) => at("source.component")(object) || at("reportingComponent")(object)

const clusterScoped = (readers: Readonly<Record<string, FieldReader>>, unknown?: SelectableFields["unknown"]): SelectableFields =>
  selectableFields(readers, unknown, { "metadata.name": (object: KubeObject) => object.metadata.name ?? "" })

const byKind: Readonly<Record<string, SelectableFields>> = {
  "/pods": selectableFields({
    "spec.nodeName": at("spec.nodeName"),
    "spec.restartPolicy": at("spec.restartPolicy"),
    "spec.schedulerName": at("spec.schedulerName"),
    "spec.serviceAccountName": at("spec.serviceAccountName"),
    "spec.hostNetwork": at("spec.hostNetwork", "false"),
    "status.phase": at("status.phase"),
    "status.podIP": at("status.podIP"),
    "status.podIPs": at("status.podIP"),
    "status.nominatedNodeName": at("status.nominatedNodeName")
  }),
  "/secrets": fields("type"),
  "/services": fields("spec.clusterIP", "spec.type"),
  "/replicationcontrollers": selectableFields({ "status.replicas": at("status.replicas", "0") }),
  "/namespaces": clusterScoped({ "status.phase": at("status.phase") }),
  "/nodes": clusterScoped({ "spec.unschedulable": at("spec.unschedulable", "false") }),
  "/events": selectableFields({
    ...involved("involvedObject"),
    reason: at("reason"),
    reportingComponent: at("reportingComponent"),
    source: eventSource,
    type: at("type")
  }),
  "events.k8s.io/events": selectableFields({
    ...involved("regarding"),
    reason: at("reason"),
    reportingController: at("reportingComponent"),
    type: at("type")
  }),
  "batch/jobs": selectableFields({ "status.successful": at("status.succeeded", "0") }, (field) => `field label "${field}" not supported for Job`),
  "certificates.k8s.io/certificatesigningrequests": clusterScoped({ "spec.signerName": at("spec.signerName") }),
  "resource.k8s.io/resourceslices": clusterScoped(
    { "spec.nodeName": at("spec.nodeName"), "spec.driver": at("spec.driver") },
    (field) => `field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: ${field}`
  )
}

/** The selectable fields of a built-in kind. */
export const selectableFieldsOf = (group: string, plural: string): SelectableFields => byKind[`${group}/${plural}`] ?? standardFields
