/** Pods carry the zone and region of their node as labels (admission plugin PodTopologyLabels). */
import type { PodSpec } from "@fairlead/kube"
import { field } from "../Draft.ts"
import type { ServerContext } from "../ServerContext.ts"
import type { Admit } from "./Admission.ts"
import { isPodCreate } from "./PodDrafts.ts"

const nodes = { group: "", plural: "nodes" } as const
const copied = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"] as const

/** The labels that a node hands to its pods; none if it is not registered. */
export const nodeTopology = (server: ServerContext, node: string): { readonly [key: string]: string } => {
  const labels = server.store.collection(nodes).get("", node)?.metadata.labels
  if (labels === undefined) return none
  const found: Record<string, string> = {}
  for (const key of copied) {
    const value = labels[key]
    if (value !== undefined) found[key] = value
  }
  return found
}

const none: { readonly [key: string]: string } = {}

/** Labels a pod that names its node from the start. */
export const admitPodTopology: Admit = (call, operation, draft) => {
  if (!isPodCreate(call, operation)) return
  const node = field<PodSpec>(draft, "spec")?.nodeName
  if (node === undefined || node === "") return
  const added = nodeTopology(call.server, node)
  if (Object.keys(added).length > 0) draft.metadata.labels = { ...draft.metadata.labels, ...added }
}
