/** Defaults of the other core kinds that depend on other fields. */
import type { Defaults } from "../Decode.ts"
import { isObject, put, type Fields } from "../Sharing.ts"

const encode = (text: string): string => {
  let binary = ""
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** `stringData` goes into `data`, over what is there. */
const secret: Defaults = (out) => {
  const texts = out["stringData"]
  if (!isObject(texts)) return
  delete out["stringData"]
  const data: Fields = { ...(out["data"] as Fields | undefined) }
  for (const key in texts) put(data, key, encode(String(texts[key])))
  if (Object.keys(data).length > 0) out["data"] = data
}

/** A namespace carries its name as a label. */
const namespace: Defaults = (out) => {
  const metadata = out["metadata"] as Fields
  const name = metadata["name"]
  const labels = metadata["labels"] as Fields | undefined
  if (name === undefined || labels?.["kubernetes.io/metadata.name"] === name) return
  out["metadata"] = { ...metadata, labels: { ...labels, "kubernetes.io/metadata.name": name } }
}

const nodeStatus: Defaults = (out) => {
  if (out["capacity"] !== undefined) out["allocatable"] ??= out["capacity"]
}

/** Requests default to limits, and limits to the maximum. */
const limitRangeItem: Defaults = (out) => {
  if (out["type"] !== "Container") return
  const limits = { ...(out["max"] as Fields | undefined), ...(out["default"] as Fields | undefined) }
  const requests = { ...(out["min"] as Fields | undefined), ...limits, ...(out["defaultRequest"] as Fields | undefined) }
  if (Object.keys(limits).length > 0) out["default"] = limits
  if (Object.keys(requests).length > 0) out["defaultRequest"] = requests
}

const replicationController: Defaults = (out) => {
  const spec = out["spec"] as Fields
  const labels = ((spec["template"] as Fields | undefined)?.["metadata"] as Fields | undefined)?.["labels"]
  if (labels === undefined) return
  if (spec["selector"] === undefined) out["spec"] = { ...spec, selector: labels }
  const metadata = out["metadata"] as Fields
  if (metadata["labels"] === undefined) out["metadata"] = { ...metadata, labels }
}

/** Accounts belong to the core group, users and groups to that of roles. */
const subject: Defaults = (out) => {
  if (out["apiGroup"] === undefined && (out["kind"] === "User" || out["kind"] === "Group")) out["apiGroup"] = "rbac.authorization.k8s.io"
}

const networkPolicySpec: Defaults = (out) => {
  out["policyTypes"] ??= out["egress"] === undefined ? ["Ingress"] : ["Ingress", "Egress"]
}

/** Rules by Go type. */
export const coreRules: Readonly<Record<string, Defaults>> = {
  "core/v1.Secret": secret,
  "core/v1.Namespace": namespace,
  "core/v1.NodeStatus": nodeStatus,
  "core/v1.LimitRangeItem": limitRangeItem,
  "core/v1.ReplicationController": replicationController,
  "rbac/v1.Subject": subject,
  "networking/v1.NetworkPolicySpec": networkPolicySpec
}
