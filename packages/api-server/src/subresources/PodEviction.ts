/** Deletes a pod if its disruption budget allows it: `pods/eviction`. */
import { type KubeObject, KubeTime, type Pod, type PodCondition, Selector } from "@fairlead/kube"
import { Result } from "effect"
import { badRequest, failure, rawError } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import { draftOf, field } from "../Draft.ts"
import { answer } from "../rest/Answer.ts"
import type { Call } from "../rest/Call.ts"
import { deleteObject } from "../rest/Delete.ts"
import type { DeleteOptions } from "../rest/DeleteOptions.ts"
import { existingObject } from "../rest/Update.ts"
import { readOther } from "./OtherKind.ts"

interface Budget extends KubeObject {
  readonly spec?: { readonly selector?: Selector.LabelSelectorObject; readonly unhealthyPodEvictionPolicy?: string }
  readonly status?: {
    readonly disruptionsAllowed?: number
    readonly currentHealthy?: number
    readonly desiredHealthy?: number
    readonly observedGeneration?: number
    readonly disruptedPods?: { readonly [name: string]: string }
  }
}

const budgets = { group: "policy", plural: "poddisruptionbudgets" } as const

/** POST of an eviction. */
export const evictPod = (call: Call): ApiResponse => {
  const eviction = readOther(withVersion(call), { group: "policy", version: "v1", kind: "Eviction" })
  const { name } = eviction.metadata
  if (name !== undefined && name !== "" && name !== call.name) throw badRequest("name in URL does not match name in Eviction object")
  const options = field<DeleteOptions>(eviction, "deleteOptions") ?? {}
  const dryRun = call.dryRun || (options.dryRun?.includes("All") ?? false)
  const deletion = { ...call, dryRun }
  const pod = existingObject(call) as Pod
  if (!isExempt(pod)) takeFromBudget(deletion, pod)
  const marked = dryRun ? pod : markDisrupted(call, pod)
  deleteObject(deletion, marked, options)
  return answer(call, 201, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 })
}

/** Evictions of the version before are taken for those of this one. */
const withVersion = (call: Call): Call => {
  const body = call.request.body as { readonly apiVersion?: unknown } | null | undefined
  return body?.apiVersion === "policy/v1beta1" ? { ...call, request: { ...call.request, body: { ...body, apiVersion: "policy/v1" } } } : call
}

/** Pods that are not running cost their budget nothing. */
const isExempt = (pod: Pod): boolean => {
  const phase = pod.status?.phase
  return phase === "Succeeded" || phase === "Failed" || phase === "Pending" || pod.metadata.deletionTimestamp !== undefined
}

const isReady = (pod: Pod): boolean => pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false

const takeFromBudget = (call: Call, pod: Pod): void => {
  const collection = call.server.store.collection(budgets)
  const found = (collection.list(call.namespace) as ReadonlyArray<Budget>).filter((budget) => selects(budget, pod))
  if (found.length === 0) return
  if (found.length > 1) throw rawError("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
  const budget = found[0]!
  const { disruptionsAllowed = 0, currentHealthy = 0, desiredHealthy = 0, observedGeneration = 0, disruptedPods } = budget.status ?? {}
  if (!isReady(pod)) {
    if (budget.spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return
    if (currentHealthy >= desiredHealthy && desiredHealthy > 0) return
  }
  const name = budget.metadata.name!
  if (observedGeneration < (budget.metadata.generation ?? 0)) {
    throw tooMany("Cannot evict pod as it would violate the pod's disruption budget.", `The disruption budget ${name} is still being processed by the server.`, 10)
  }
  if (disruptionsAllowed <= 0) {
    throw tooMany(
      "Cannot evict pod as it would violate the pod's disruption budget.",
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`
    )
  }
  if (call.dryRun) return
  const draft = draftOf(budget)
  draft["status"] = {
    ...budget.status,
    disruptionsAllowed: disruptionsAllowed - 1,
    disruptedPods: { ...disruptedPods, [call.name]: KubeTime.format(call.server.now()) }
  }
  call.server.store.put(collection, call.namespace, name, draft)
}

const selects = (budget: Budget, pod: Pod): boolean => {
  const selector = Selector.fromLabelSelector(budget.spec?.selector)
  return Result.isSuccess(selector) && selector.success.matches(pod.metadata.labels)
}

const tooMany = (message: string, cause: string, seconds?: number): Error =>
  failure(
    429,
    "TooManyRequests",
    message,
    { causes: [{ reason: "DisruptionBudget", message: cause }], ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }) },
    seconds === undefined ? undefined : { "Retry-After": String(seconds) }
  )

/** Notes on the pod why it goes. */
const markDisrupted = (call: Call, pod: Pod): KubeObject => {
  if (!pod.spec?.nodeName) return pod
  const condition: PodCondition = {
    type: "DisruptionTarget",
    status: "True",
    lastProbeTime: null as never,
    lastTransitionTime: KubeTime.format(call.server.now()),
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting"
  }
  const draft = draftOf(pod)
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== "DisruptionTarget")
  draft["status"] = { ...pod.status, conditions: [...others, condition] }
  return call.server.store.put(call.resource.collection, call.namespace, call.name, draft)
}
