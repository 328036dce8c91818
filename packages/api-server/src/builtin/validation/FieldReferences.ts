/** References to fields and resources of the pod itself, in environment variables and volumes. */
import type { Fields } from "../Sharing.ts"
import { text, type Check } from "./Check.ts"

/** Fields that volumes can show. */
export const volumeFields: ReadonlyArray<string> = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"]

/** Fields that environment variables can show. */
export const environmentFields: ReadonlyArray<string> = [
  "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP",
  "status.podIPs"
]

const knownFields = new Set([
  ...volumeFields, ...environmentFields, "spec.restartPolicy", "spec.schedulerName", "status.phase"
])

const subscripted = /^(.*)\['(.*)'\]$/

const conversionProblem = (version: string, path: string, subscript: RegExpExecArray | null): string | undefined => {
  if (version !== "v1") return `unsupported pod version: ${version}`
  if (subscript !== null) {
    return subscript[1] === "metadata.annotations" || subscript[1] === "metadata.labels" ? undefined : `field label does not support subscript: ${path}`
  }
  return knownFields.has(path) || path === "spec.host" ? undefined : `field label not supported: ${path}`
}

/** Checks a `fieldRef`; `supported` in the order in which it is to be listed. */
export const checkFieldRef = (check: Check, field: string, ref: Fields, supported: ReadonlyArray<string>): void => {
  const [version, path] = [text(ref, "apiVersion"), text(ref, "fieldPath")]
  if (version === "") return check.required(`${field}.apiVersion`)
  if (path === "") return check.required(`${field}.fieldPath`)
  if (version === "v1" && supported.includes(path)) return
  const subscript = subscripted.exec(path)
  const problem = conversionProblem(version, path, subscript)
  if (problem !== undefined) return check.invalid(`${field}.fieldPath`, path, `error converting fieldPath: ${problem}`)
  if (subscript !== null) return check.qualifiedName(field, subscript[1] === "metadata.annotations" ? (subscript[2] ?? "").toLowerCase() : (subscript[2] ?? ""))
  const internal = path === "spec.host" ? "spec.nodeName" : path
  check.oneOf(`${field}.fieldPath`, internal, supported)
}

const resources = [
  "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"
]

const sizes = new Set(["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"])
const sizesText = "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the"

/** Checks a `resourceFieldRef`; in volumes it must name its container. */
export const checkResourceFieldRef = (check: Check, field: string, ref: Fields, inVolume: boolean): void => {
  const resource = text(ref, "resource")
  const hugePages = /^(requests|limits)\.hugepages-/.test(resource)
  if (inVolume && text(ref, "containerName") === "") check.required(`${field}.containerName`)
  else if (resource === "") check.required(`${field}.resource`)
  else if (!hugePages) check.oneOf(`${field}.resource`, resource, resources)
  const divisor = text(ref, "divisor")
  if (divisor === "" || divisor === "0") return
  if (resource.endsWith(".cpu")) {
    if (divisor !== "1m" && divisor !== "1") check.invalid(`${field}.divisor`, resource, "only divisor's values 1m and 1 are supported with the cpu resource")
  } else if (!sizes.has(divisor)) {
    const what = resource.endsWith(".memory") ? "memory" : resource.endsWith(".ephemeral-storage") ? "local ephemeral storage" : hugePages ? "hugepages" : undefined
    if (what !== undefined) check.invalid(`${field}.divisor`, resource, `${sizesText} ${what} resource`)
  }
}
