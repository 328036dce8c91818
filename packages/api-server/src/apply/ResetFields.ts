/** Which fields a write through a resource or subresource cannot change, so that nobody comes to own them by it. */
import { ofPaths, type FieldFilter } from "./FieldSet.ts"

const status: FieldFilter = { except: ofPaths(["f:status"]) }
const spec: FieldFilter = { except: ofPaths(["f:spec"]) }
const specAndMeta: FieldFilter = { except: ofPaths(["f:spec"], ["f:metadata"]) }

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

const special: Readonly<Record<string, FieldFilter>> = {
  "pods/status": { except: ofPaths(["f:spec"], ["f:metadata", "f:deletionTimestamp"], ["f:metadata", "f:ownerReferences"]) },
  "pods/ephemeralcontainers": { only: [["f:spec", "f:ephemeralContainers"]] },
  "pods/resize": {
    only: ["f:containers", "f:initContainers"].flatMap((list) => [["f:spec", list, "*", "f:resources"], ["f:spec", list, "*", "f:resizePolicy"]])
  },
  "namespaces/finalize": status,
  "deployments.apps/status": { except: ofPaths(["f:spec"], ["f:metadata", "f:labels"]) },
  "certificatesigningrequests.certificates.k8s.io": { except: ofPaths(["f:spec"], ["f:status"]) },
  "certificatesigningrequests.certificates.k8s.io/status": { except: ofPaths(["f:spec"], ["f:status", "f:conditions"]) },
  "certificatesigningrequests.certificates.k8s.io/approval": { except: ofPaths(["f:spec"], ["f:status", "f:certificate"]) }
}

/** The filter for a built-in resource (`hasStatus`: it has a status subresource); `undefined` where all fields count. */
export const builtinResets = (group: string, plural: string, subresource: string, hasStatus: boolean): FieldFilter | undefined => {
  const name = group === "" ? plural : `${plural}.${group}`
  const found = special[subresource === "" ? name : `${name}/${subresource}`]
  if (found !== undefined) return found
  if (subresource === "status") return keepsMeta.has(name) ? specAndMeta : spec
  return subresource === "" && hasStatus ? status : undefined
}

/** The filter for a custom resource. */
export const customResets = (subresource: string, hasStatus: boolean): FieldFilter | undefined =>
  !hasStatus ? undefined : subresource === "status" ? specAndMeta : subresource === "" ? status : undefined
