/** Assigns a pod to a node: `pods/binding`, and the older `bindings`. */
import { type KubeObject, KubeTime, type Pod, type PodCondition } from "@fairlead/kube"
import { badRequest, conflict, notFound, rawError } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import { type Draft, draftOf, field } from "../Draft.ts"
import { nodeTopology } from "../policy/PodTopology.ts"
import { answer } from "../rest/Answer.ts"
import type { Call } from "../rest/Call.ts"
import { uidConflict } from "../rest/Update.ts"
import { readOther } from "./OtherKind.ts"

const pods = { group: "", plural: "pods" } as const
const bindings = { group: "", plural: "pods/binding" } as const
const kind = { group: "", version: "v1", kind: "Binding" } as const

/** POST of a binding to a pod. */
export const bindPod = (call: Call): ApiResponse => {
  const binding = readOther(call, kind)
  const { name } = binding.metadata
  if (name !== undefined && name !== "" && name !== call.name) throw badRequest("name in URL does not match name in Binding object")
  return bind(call, call.name, binding)
}

/** POST to `bindings`: the binding itself names the pod. */
export const createBinding = (call: Call): ApiResponse => {
  const binding = readOther(call, kind)
  return bind(call, binding.metadata.name ?? "", binding)
}

/** Sets the node once, copies what the binding carries, and notes that the pod is scheduled. */
const bind = (call: Call, name: string, binding: Draft): ApiResponse => {
  const node = targetOf(binding)
  const collection = call.server.store.collection(pods)
  const pod = collection.get(call.namespace, name) as Pod | undefined
  if (pod === undefined) throw notFound(pods, name)
  const { uid, resourceVersion } = binding.metadata
  if (uid && uid !== pod.metadata.uid) throw uidConflict(call, uid, pod.metadata.uid ?? "")
  if (resourceVersion && resourceVersion !== pod.metadata.resourceVersion) throw conflict(pods, name, "the object has been modified; please apply your changes to the latest version and try again")
  refuseUnbindable(pod, name)
  const draft = draftOf(pod)
  draft["spec"] = { ...pod.spec, nodeName: node }
  draft["status"] = { ...pod.status, conditions: withScheduled(pod.status?.conditions ?? [], KubeTime.format(call.server.now())) }
  mergeMetadata(draft, "annotations", binding.metadata.annotations)
  mergeMetadata(draft, "labels", binding.metadata.labels)
  mergeMetadata(draft, "labels", nodeTopology(call.server, node))
  if (!call.dryRun) call.server.store.put(collection, call.namespace, name, draft)
  return answer(call, 201, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 })
}

const targetOf = (binding: Draft): string => {
  const { kind: targetKind = "", name = "" } = field<{ kind?: string; name?: string }>(binding, "target") ?? {}
  const problems: Array<string> = []
  if (targetKind !== "" && targetKind !== "Node") {
    problems.push(`target.kind: Unsupported value: ${JSON.stringify(targetKind)}: supported values: "Node", "<empty>"`)
  }
  if (name === "") problems.push("target.name: Required value")
  if (problems.length > 0) throw rawError(problems.length === 1 ? problems[0]! : `[${problems.join(", ")}]`)
  return name
}

const refuseUnbindable = (pod: Pod, name: string): void => {
  const refuse = (why: string): never => {
    throw conflict(bindings, name, `pod ${name} ${why}`)
  }
  if (pod.metadata.deletionTimestamp !== undefined) refuse("is being deleted, cannot be assigned to a host")
  if (pod.spec?.nodeName) refuse(`is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`)
  if ((pod.spec?.schedulingGates ?? []).length > 0) refuse("has non-empty .spec.schedulingGates")
}

const mergeMetadata = (draft: Draft, key: "labels" | "annotations", added: KubeObject["metadata"]["labels"]): void => {
  if (added !== undefined && Object.keys(added).length > 0) draft.metadata[key] = { ...draft.metadata[key], ...added }
}

const withScheduled = (conditions: ReadonlyArray<PodCondition>, now: string): ReadonlyArray<PodCondition> => {
  const condition = { type: "PodScheduled", status: "True", lastProbeTime: null as never, lastTransitionTime: now }
  const at = conditions.findIndex(({ type }) => type === "PodScheduled")
  return at < 0 ? [...conditions, condition] : conditions.with(at, condition)
}
