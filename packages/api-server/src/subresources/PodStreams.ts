/** Subresources that reach into a running pod: `log`, `exec`, `attach`, `portforward`, `proxy`. */
import type { Node, Pod, StatusCause } from "@fairlead/kube"
import { badRequest, failure, invalid, notFound, rawError } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import { invalidValue } from "../FieldCause.ts"
import { answer } from "../rest/Answer.ts"
import type { Call } from "../rest/Call.ts"
import { existingObject } from "../rest/Update.ts"
import { readNumber } from "../rest/WriteOptions.ts"

const nodes = { group: "", plural: "nodes" } as const

/** GET of a log. Pods without a node have none; logs of others are the kubelet's, which `ApiServer.serveNodes` brings in. */
export const readLog = (call: Call): ApiResponse => {
  checkLogOptions(call)
  const pod = existingObject(call) as Pod
  const container = containerOf(pod, call)
  if (!pod.spec?.nodeName) return answer(call, 204, emptyStatus)
  const text = call.server.kubelet?.logs(pod, container, call.query)
  if (text === undefined) refuseNode(call, pod.spec.nodeName)
  return { ...answer(call, 200, emptyStatus), text }
}

const emptyStatus = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" } as const

const checkLogOptions = ({ query, name }: Call): void => {
  const causes: Array<StatusCause> = []
  const check = (key: string, min: number): void => {
    const text = query[key]
    if (text === undefined) return
    const value = readNumber(text)
    if (value < min) causes.push(invalidValue(key, value, min === 0 ? "must be greater than or equal to 0" : "must be greater than 0"))
  }
  check("tailLines", 0)
  check("limitBytes", 1)
  check("sinceSeconds", 1)
  if (causes.length > 0) throw invalid("PodLogOptions", "", name, causes)
}

/** exec, attach, portforward and proxy need a kubelet that takes the stream over. */
export const refuseStream = (call: Call): ApiResponse => {
  const pod = existingObject(call) as Pod
  const { subresource } = call.request
  if (subresource === "exec" || subresource === "attach") containerOf(pod, call)
  if (subresource === "proxy") throw badRequest("address not allowed")
  if (!pod.spec?.nodeName) throw badRequest(`pod ${call.name} does not have a host assigned`)
  return refuseNode(call, pod.spec.nodeName)
}

/** The container that is meant; a pod with several must be told which. */
const containerOf = (pod: Pod, { query, name }: Call): string => {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {}
  const asked = query["container"] ?? ""
  if (asked === "") {
    const preferred = pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"]
    if (containers.length === 1) return containers[0]!.name
    if (preferred !== undefined) return preferred
    const names = [...initContainers, ...containers, ...ephemeralContainers].map((it) => it.name)
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(" ")}]`)
  }
  const known = [...containers, ...initContainers, ...ephemeralContainers].some((it) => it.name === asked)
  if (!known) throw badRequest(`container ${asked} is not valid for pod ${name}`)
  return asked
}

/** Nobody answers on that node: it is unknown, or it has no address. */
const refuseNode = (call: Call, nodeName: string): never => {
  const node = call.server.store.collection(nodes).get("", nodeName) as Node | undefined
  if (node === undefined) throw notFound({ group: "", plural: "pods" }, nodeName)
  const addresses = node.status?.addresses ?? []
  if (addresses.length === 0) throw rawError("no preferred addresses found; known addresses: []")
  throw failure(501, "NotImplemented", `${call.request.subresource ?? ""} of pod ${call.name}: the node ${nodeName} serves no streams`)
}
