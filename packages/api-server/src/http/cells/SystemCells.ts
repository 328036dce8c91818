/** Cells of the kinds that administrators of a cluster see: storage drivers, addresses, certificates, devices, flow control, APIs. */
import type { KubeObject } from "@fairlead/kube"
import { humanDuration } from "../Durations.ts"
import { at, count, type Fields, items, since, size, text } from "./CellReaders.ts"
import type { CellReader } from "./Cells.ts"

/** A reader of what stands between the name and the age. */
const named = (cells: (object: KubeObject) => ReadonlyArray<unknown>): CellReader => (object, now) => [
  object.metadata.name ?? "", ...cells(object), since(object, "metadata.creationTimestamp", now)
]

const isTrue = (object: KubeObject, path: string): boolean => at(object, path) === true

const joined = (list: unknown): string => ((list as ReadonlyArray<string> | undefined) ?? []).join(",")

const driver = (object: KubeObject): ReadonlyArray<unknown> => [
  at(object, "spec.attachRequired") !== false, isTrue(object, "spec.podInfoOnMount"), isTrue(object, "spec.storageCapacity"),
  at(object, "spec.tokenRequests") === undefined ? "<unset>" : items(object, "spec.tokenRequests").map((it) => it["audience"] ?? "").join(","),
  isTrue(object, "spec.requiresRepublish"), joined(at(object, "spec.volumeLifecycleModes")) || "<none>"
]

const parentOf = (object: KubeObject): string => {
  const parent = at(object, "spec.parentRef") as Readonly<Record<"group" | "resource" | "namespace" | "name", string | undefined>> | undefined
  if (parent === undefined) return "<none>"
  const resource = parent.group ? `${parent.resource}.${parent.group}` : parent.resource ?? ""
  return [resource.toLowerCase(), ...(parent.namespace ? [parent.namespace] : []), parent.name].join("/")
}

const requestState = (object: KubeObject): string => {
  const types = new Set(items(object, "status.conditions").map((it) => it["type"]))
  const decision = types.has("Denied") ? "Denied" : types.has("Approved") ? "Approved" : "Pending"
  return [decision, ...(types.has("Failed") ? ["Failed"] : []), ...(text(object, "status.certificate") === "" ? [] : ["Issued"])].join(",")
}

const certificateCells: CellReader = (object, now) => {
  const seconds = at(object, "spec.expirationSeconds")
  return [
    object.metadata.name ?? "", since(object, "metadata.creationTimestamp", now), text(object, "spec.signerName", "<none>"), text(object, "spec.username"),
    typeof seconds === "number" ? humanDuration(seconds * 1000) : "<none>", requestState(object)
  ]
}

const claimState = (object: KubeObject): string => {
  const isDeleted = object.metadata.deletionTimestamp !== undefined
  const allocated = at(object, "status.allocation") === undefined ? (isDeleted ? [] : ["pending"]) : ["allocated"]
  const reserved = allocated[0] === "allocated" && size(object, "status.reservedFor") > 0 ? ["reserved"] : []
  return [...(isDeleted ? ["deleted"] : []), ...allocated, ...reserved].join(",")
}

const conditionOf = (object: KubeObject, type: string): Fields | undefined => items(object, "status.conditions").find((it) => it["type"] === type)

const flowSchemaCells: CellReader = (object, now) => [
  object.metadata.name ?? "", text(object, "spec.priorityLevelConfiguration.name"), count(object, "spec.matchingPrecedence"),
  text(object, "spec.distinguisherMethod.type", "<none>"), since(object, "metadata.creationTimestamp", now), conditionOf(object, "Dangling")?.["status"] ?? "?"
]

const priorityLevel = (object: KubeObject): ReadonlyArray<unknown> => {
  const queuing = "spec.limited.limitResponse.queuing"
  const paths = ["spec.limited.nominalConcurrencyShares", `${queuing}.queues`, `${queuing}.handSize`, `${queuing}.queueLengthLimit`]
  return [text(object, "spec.type"), ...paths.map((path) => at(object, path) ?? "<none>")]
}

const availability = (object: KubeObject): string => {
  const { status = "Unknown", reason } = (conditionOf(object, "Available") ?? {}) as { readonly status?: string; readonly reason?: string }
  return status === "True" || !reason ? status : `${status} (${reason})`
}

const apiService = (object: KubeObject): ReadonlyArray<unknown> => [
  at(object, "spec.service") === undefined ? "Local" : `${text(object, "spec.service.namespace")}/${text(object, "spec.service.name")}`,
  availability(object)
]

/** Readers by `group/plural`. */
export const systemCells: Readonly<Record<string, CellReader>> = {
  "storage.k8s.io/csidrivers": named(driver),
  "storage.k8s.io/csinodes": named((object) => [size(object, "spec.drivers")]),
  "storage.k8s.io/volumeattachments": named((object) => [
    text(object, "spec.attacher"), text(object, "spec.source.persistentVolumeName"), text(object, "spec.nodeName"), isTrue(object, "status.attached")
  ]),
  "storage.k8s.io/volumeattributesclasses": named((object) => [text(object, "driverName")]),
  "networking.k8s.io/ipaddresses": (object) => [object.metadata.name ?? "", parentOf(object)],
  "networking.k8s.io/servicecidrs": named((object) => [joined(at(object, "spec.cidrs"))]),
  "certificates.k8s.io/certificatesigningrequests": certificateCells,
  "resource.k8s.io/resourceclaims": named((object) => [claimState(object)]),
  "resource.k8s.io/resourceslices": named((object) => [text(object, "spec.nodeName"), text(object, "spec.driver"), text(object, "spec.pool.name")]),
  "flowcontrol.apiserver.k8s.io/flowschemas": flowSchemaCells,
  "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations": named(priorityLevel),
  "apiregistration.k8s.io/apiservices": named(apiService)
}
