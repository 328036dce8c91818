/** Quotas: what they count, and what is used under them. */
import type { KubeObject } from "@fairlead/kube"
import { Quantity } from "@fairlead/kube"
import { type GroupResource, printResource } from "../../ApiFailure.ts"
import { type Amounts, addAmounts, formatAmounts, keepAmounts, type ResourceList } from "../../internal/resourceLists.ts"
import { claimEvaluator } from "./ClaimEvaluator.ts"
import { countEvaluator, type Evaluator, type ScopeRequirement } from "./Evaluator.ts"
import { podEvaluator } from "./PodEvaluator.ts"
import { serviceEvaluator } from "./ServiceEvaluator.ts"

/** A quota of a namespace. */
export interface ResourceQuota extends KubeObject {
  readonly spec?: {
    readonly hard?: ResourceList
    readonly scopes?: ReadonlyArray<string>
    readonly scopeSelector?: { readonly matchExpressions?: ReadonlyArray<ScopeRequirement> }
  }
  readonly status?: { readonly hard?: ResourceList; readonly used?: ResourceList }
}

const special: { readonly [resource: string]: Evaluator | undefined } = {
  pods: podEvaluator,
  services: serviceEvaluator,
  persistentvolumeclaims: claimEvaluator,
  // Not stored, or never counted.
  bindings: undefined,
  events: undefined,
  "events.events.k8s.io": undefined,
  "localsubjectaccessreviews.authorization.k8s.io": undefined
}

const aliased = new Set(["configmaps", "resourcequotas", "replicationcontrollers", "secrets"])
const evaluators = new Map<string, Evaluator>()
const evaluatorsMax = 1000

/** How objects of a resource are counted; `undefined` if quotas do not concern them. */
export const evaluatorOf = (resource: GroupResource): Evaluator | undefined => {
  const key = printResource(resource)
  if (Object.hasOwn(special, key)) return special[key]
  let found = evaluators.get(key)
  if (found === undefined) {
    found = countEvaluator(resource, aliased.has(key) ? key : undefined)
    if (evaluators.size >= evaluatorsMax) evaluators.clear()
    evaluators.set(key, found)
  }
  return found
}

/** All conditions of a quota on the objects that it counts. */
const scopesOf = ({ spec }: ResourceQuota): ReadonlyArray<ScopeRequirement> => [
  ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" })),
  ...(spec?.scopeSelector?.matchExpressions ?? [])
]

/** Whether an object meets the conditions of a quota. */
export const isInScopes = (evaluator: Evaluator, quota: ResourceQuota, object: KubeObject): boolean =>
  scopesOf(quota).every((scope) => evaluator.isInScope(object, scope))

/** What an entry of a quota is about. */
const resourceOf = (name: string): GroupResource | undefined => {
  if (name.startsWith("count/")) {
    const [plural = "", ...group] = name.slice("count/".length).split(".")
    return { plural, group: group.join(".") }
  }
  if (aliased.has(name)) return { group: "", plural: name }
  const plural = ["pods", "services", "persistentvolumeclaims"].find((it) => special[it]!.covers(name))
  return plural === undefined ? undefined : { group: "", plural }
}

/** The resources of which a quota counts the objects. */
export const quotaResources = (quota: ResourceQuota): ReadonlyArray<GroupResource> => {
  const resources = Object.keys(quota.spec?.hard ?? {}).flatMap((name) => resourceOf(name) ?? [])
  return [...new Map(resources.map((resource) => [printResource(resource), resource])).values()]
}

/**
 * What the objects of a namespace use under a quota; `list` answers all objects of a resource there. Entries that
 * nothing counts are left out. For the controller that fills `status.used`.
 */
export const quotaUsage = (quota: ResourceQuota, list: (resource: GroupResource) => ReadonlyArray<KubeObject>, now: number): ResourceList => {
  const hard = Object.keys(quota.spec?.hard ?? {})
  let used: Amounts = new Map()
  for (const resource of quotaResources(quota)) {
    const evaluator = evaluatorOf(resource)
    if (evaluator === undefined) continue
    const names = new Set(hard.filter(evaluator.covers))
    let sum: Amounts = new Map([...names].map((name) => [name, Quantity.zero]))
    for (const object of list(resource)) {
      if (isInScopes(evaluator, quota, object)) sum = addAmounts(sum, keepAmounts(evaluator.usage(object, now), (name) => names.has(name)))
    }
    used = addAmounts(used, sum)
  }
  return formatAmounts(used)
}
