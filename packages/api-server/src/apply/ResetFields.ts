/** Which fields a write through a resource or subresource cannot change, so that nobody comes to own them by it. */
import { ofPaths, type FieldSet } from "./FieldSet.ts"

const status: FieldSet = ofPaths(["f:status"])
const spec: FieldSet = ofPaths(["f:spec"])
const specAndMeta: FieldSet = ofPaths(["f:spec"], ["f:metadata"])

/** Kinds whose status subresource leaves all of `metadata` alone. */
const keepsMeta = new Set([
  "validatingadmissionpolicies.admissionregistration.k8s.io",
  "flowschemas.flowcontrol.apiserver.k8s.io",
  "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
  "servicecidrs.networking.k8s.io",
  "resourceclaims.resource.k8s.io",
  "volumeattachments.storage.k8s.io",
  "apiservices.apiregistration.k8s.io"
])

const special: Readonly<Record<string, FieldSet>> = {
  "pods/status": ofPaths(["f:spec"], ["f:metadata", "f:deletionTimestamp"], ["f:metadata", "f:ownerReferences"]),
  "namespaces/finalize": status,
  "deployments.apps/status": ofPaths(["f:spec"], ["f:metadata", "f:labels"]),
  "certificatesigningrequests.certificates.k8s.io": ofPaths(["f:spec"], ["f:status"]),
  "certificatesigningrequests.certificates.k8s.io/status": ofPaths(["f:spec"], ["f:status", "f:conditions"]),
  "certificatesigningrequests.certificates.k8s.io/approval": ofPaths(["f:spec"], ["f:status", "f:certificate"])
}

/** What a write through a built-in resource leaves alone (`hasStatus`: it has a status subresource); `undefined` where all fields count. */
export const builtinResets = (group: string, plural: string, subresource: string, hasStatus: boolean): FieldSet | undefined => {
  const name = group === "" ? plural : `${plural}.${group}`
  const found = special[subresource === "" ? name : `${name}/${subresource}`]
  if (found !== undefined) return found
  if (subresource === "status") return keepsMeta.has(name) ? specAndMeta : spec
  return subresource === "" && hasStatus ? status : undefined
}

/** The filter for a custom resource. */
export const customResets = (subresource: string, hasStatus: boolean): FieldSet | undefined =>
  !hasStatus ? undefined : subresource === "status" ? specAndMeta : subresource === "" ? status : undefined
