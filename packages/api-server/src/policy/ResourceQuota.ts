/** Namespaces hold no more than their quotas allow (admission plugin ResourceQuota). */
import type { KubeObject } from "@fairlead/kube"
import { Quantity } from "@fairlead/kube"
import { type Draft, draftOf } from "../Draft.ts"
import { type Amounts, addAmounts, amountsOf, formatAmounts, keepAmounts, printAmounts } from "../internal/resourceLists.ts"
import { type Call, makeCall } from "../rest/Call.ts"
import { ownFields } from "../rest/Ownership.ts"
import type { ServerContext } from "../ServerContext.ts"
import type { Operation } from "./Admission.ts"
import type { Evaluator } from "./quota/Evaluator.ts"
import { evaluatorOf, isInScopes, type ResourceQuota } from "./quota/Quotas.ts"
import { refusal } from "./Refusal.ts"

const resourceQuotas = { group: "", plural: "resourcequotas" } as const

interface Charge {
  readonly quota: ResourceQuota
  readonly used: Amounts
}

/** Refuses a write that would use too much; the answer puts what it uses down in the quotas, to be called when it is stored. */
export const checkQuotas = (call: Call, operation: Operation, object: Draft, previous: KubeObject | undefined): () => void => {
  const { server, namespace, resource, request } = call
  if (namespace === "") return nothing
  const collection = server.admission.resourcequotas
  if (collection.size === 0 || collection.sizeIn(namespace) === 0) return nothing
  const evaluator = evaluatorOf(resource)
  const asObject = object as unknown as KubeObject
  if (evaluator?.handles(operation, request.subresource ?? "", asObject, previous) !== true) return nothing
  const quotas = (collection.list(namespace) as ReadonlyArray<ResourceQuota>).filter((quota) => concerns(call, evaluator, quota, asObject))
  const charges = quotas.flatMap((quota) => chargeOf(call, evaluator, quota, asObject, previous) ?? [])
  return () => {
    for (const charge of charges) store(server, charge)
  }
}

const nothing = (): void => undefined

/** Whether a quota counts the object; refuses objects that do not say what it needs to know. */
const concerns = (call: Call, evaluator: Evaluator, quota: ResourceQuota, object: KubeObject): boolean => {
  const names = Object.keys(quota.status?.hard ?? {}).filter(evaluator.covers)
  if (names.length === 0 || !isInScopes(evaluator, quota, object)) return false
  const missing = evaluator.missing(object, names)
  if (missing !== undefined) throw refusal(call, object, `failed quota: ${quota.metadata.name}: ${missing}`)
  if (names.some((name) => quota.status?.used?.[name] === undefined)) {
    throw refusal(call, object, `status unknown for quota: ${quota.metadata.name}, resources: ${names.sort().join(",")}`)
  }
  return true
}

const chargeOf = (call: Call, evaluator: Evaluator, quota: ResourceQuota, object: KubeObject, previous: KubeObject | undefined): Charge | undefined => {
  const now = call.server.now()
  const hard = amountsOf(quota.status?.hard)
  const used = amountsOf(quota.status?.used)
  const counted = previous !== undefined && isInScopes(evaluator, quota, previous) ? evaluator.usage(previous, now) : noAmounts
  const requested = keepAmounts(growth(evaluator.usage(object, now), counted), (name) => hard.has(name))
  if (requested.size === 0) return undefined
  const total = addAmounts(used, requested)
  const exceeded = new Set([...requested.keys()].filter((name) => Quantity.compare(total.get(name)!, hard.get(name)!) > 0))
  if (exceeded.size > 0 && call.request.subresource !== "status") {
    const print = (amounts: Amounts): string => printAmounts(keepAmounts(amounts, (name) => exceeded.has(name)))
    throw refusal(call, object, `exceeded quota: ${quota.metadata.name}, requested: ${print(requested)}, used: ${print(used)}, limited: ${print(hard)}`)
  }
  return { quota, used: total }
}

const noAmounts: Amounts = new Map()

/** What is used more than before. */
const growth = (usage: Amounts, before: Amounts): Amounts => {
  const more = new Map<string, Quantity.Quantity>()
  for (const [name, amount] of usage) {
    const old = before.get(name)
    const difference = old === undefined ? amount : Quantity.subtract(amount, old)
    if (difference.nanos > 0n) more.set(name, difference)
  }
  return more
}

/** Writes the status of a quota as the server itself. */
const store = (server: ServerContext, { quota, used }: Charge): void => {
  const resource = server.catalog.find("", "v1", "resourcequotas")!
  const { name = "", namespace = "" } = quota.metadata
  const call = makeCall(server, resource, { ...resourceQuotas, verb: "update", version: "v1", namespace, name, subresource: "status", userAgent: "kube-apiserver" })
  const draft = draftOf(quota)
  draft["status"] = { ...quota.status, used: formatAmounts(used) }
  ownFields(call, draft, quota)
  server.store.put(resource.collection, namespace, name, draft)
}
