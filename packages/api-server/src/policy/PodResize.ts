/** Pods on a node grow only as far as the node has room (admission plugin PodResizeValidator). */
import { type KubeObject, type PodSpec, Quantity } from "@fairlead/kube"
import { failure } from "../ApiFailure.ts"
import { type Draft, field } from "../Draft.ts"
import { amountOf, podAmounts, type ResourceList } from "../internal/resourceLists.ts"
import type { Call } from "../rest/Call.ts"
import type { Validate } from "./Admission.ts"
import { refusal } from "./Refusal.ts"

const nodes = { group: "", plural: "nodes" } as const

/** Refuses what the node cannot give. */
export const validatePodResize: Validate = (call, operation, object, previous) => {
  const { resource, request, server } = call
  if (operation !== "update" || resource.plural !== "pods" || resource.group !== "" || request.subresource !== "resize") return
  const spec = field<PodSpec>(object!, "spec")!
  if (!spec.nodeName || previous?.metadata.generation === object!.metadata.generation) return
  const node = server.store.collection(nodes).get("", spec.nodeName)
  if (node === undefined) throw refusal(call, object!, `node ${JSON.stringify(spec.nodeName)} not found`)
  const system = node.metadata.labels?.["kubernetes.io/os"] ?? "linux"
  if (system !== "linux") {
    throw withCause(call, object!, `pod resize is only supported on linux nodes, node ${JSON.stringify(spec.nodeName)} is ${JSON.stringify(system)}`, "UnsupportedPlatform")
  }
  const lacking = shortages(spec, node)
  if (lacking.length > 0) throw withCause(call, object!, `node didn't have enough allocatable resources: ${lacking.join("; ")}`, "NodeCapacity")
}

const shortages = (spec: PodSpec, node: KubeObject): ReadonlyArray<string> => {
  const requests = podAmounts(spec, "requests")
  const allocatable = field<{ readonly allocatable?: ResourceList }>(node, "status")?.allocatable ?? {}
  return ([["cpu", -3], ["memory", 0]] as const).flatMap(([name, scale]) => {
    const [asked, offered] = [requests.get(name) ?? Quantity.zero, amountOf(allocatable[name] ?? "0")]
    if (Quantity.compare(asked, offered) <= 0) return []
    return [`${name}, requested: ${Quantity.toScaled(asked, scale)}, allocatable: ${Quantity.toScaled(offered, scale)}`]
  })
}

const withCause = (call: Call, object: Draft, why: string, reason: string): ReturnType<typeof failure> => {
  const { message = "", details } = refusal(call, object, why).status
  return failure(403, "Forbidden", message, { ...details, causes: [{ reason }] })
}
