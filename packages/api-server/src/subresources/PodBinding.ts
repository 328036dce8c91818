/** Assigns a pod to a node: `pods/binding`. */
import type { Pod, PodCondition } from "@fairlead/kube"
import { badRequest, conflict } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import { draftOf } from "../Draft.ts"
import { formatSeconds } from "../internal/timestamps.ts"
import { answer } from "../rest/Answer.ts"
import type { Call } from "../rest/Call.ts"
import { existingObject } from "../rest/Update.ts"

interface Binding {
  readonly metadata?: { readonly name?: string }
  readonly target?: { readonly kind?: string; readonly name?: string }
}

const bindings = { group: "", plural: "pods/binding" } as const

/** POST of a binding: sets the node once and notes that the pod is scheduled. */
export const bindPod = (call: Call): ApiResponse => {
  const { target, metadata } = call.request.body as Binding
  if (metadata?.name !== undefined && metadata.name !== call.name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${call.name})`)
  }
  if (target?.name === undefined || target.name === "") throw badRequest("target.name: Required value")
  const pod = existingObject(call) as Pod
  if (pod.metadata.deletionTimestamp !== undefined) throw conflict(bindings, call.name, `pod ${call.name} is being deleted, cannot be assigned to a host`)
  if (pod.spec?.nodeName) throw conflict(bindings, call.name, `pod ${call.name} is already assigned to node "${pod.spec.nodeName}"`)
  const draft = draftOf(pod)
  draft["spec"] = { ...pod.spec, nodeName: target.name }
  draft["status"] = { ...pod.status, conditions: withScheduled(pod.status?.conditions ?? [], formatSeconds(call.server.now())) }
  if (!call.dryRun) call.server.store.put(call.resource.collection, call.namespace, call.name, draft)
  return answer(call, 201, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 })
}

const withScheduled = (conditions: ReadonlyArray<PodCondition>, now: string): ReadonlyArray<PodCondition> => [
  ...conditions.filter((condition) => condition.type !== "PodScheduled"),
  { type: "PodScheduled", status: "True", lastProbeTime: null as never, lastTransitionTime: now }
]
