/** Nobody grants rights by roles or bindings that they do not hold (the checks of the RBAC storage). */
import { jsonEqual, type KubeObject } from "@fairlead/kube"
import { forbidden, notFound } from "../ApiFailure.ts"
import { field } from "../Draft.ts"
import type { Call } from "../rest/Call.ts"
import type { Validate } from "./Admission.ts"
import { decide } from "./Authorization.ts"
import { grantsOf, hasOrAll, rulesOf, type PolicyRule, type RoleRef } from "./RbacRules.ts"

const group = "rbac.authorization.k8s.io"

/** Checks writes of roles and bindings. */
export const validateEscalation: Validate = (call, operation, object, previous) => {
  const { resource } = call
  if (resource.group !== group || operation === "delete" || object === undefined || call.user.groups.includes("system:masters")) return
  if (resource.plural === "roles" || resource.plural === "clusterroles") {
    const rules = field<ReadonlyArray<PolicyRule>>(object, "rules") ?? []
    const same = previous !== undefined && jsonEqual(rules, field(previous, "rules") ?? [])
    if (same && jsonEqual(field(object, "aggregationRule"), field(previous!, "aggregationRule"))) return
    if (resource.plural === "clusterroles") checkAggregation(call, object as unknown as KubeObject, previous)
    if (may(call, "escalate", resource.plural, object.metadata.name ?? "")) return
    refuseMissing(call, rules, object.metadata.name ?? "")
    return
  }
  checkBinding(call, object as unknown as KubeObject, previous)
}

const everything: ReadonlyArray<PolicyRule> = [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }, { verbs: ["*"], nonResourceURLs: ["*"] }]

/** Roles that take over the rules of others may come to grant anything. */
const checkAggregation = (call: Call, role: KubeObject, previous: KubeObject | undefined): void => {
  if (field(role, "aggregationRule") === undefined && (previous === undefined || field(previous, "aggregationRule") === undefined)) return
  const held = grantsOf(call.server, call.user, "").grants.flatMap((grant) => grant.rules)
  if (everything.every((wanted) => held.some((owner) => covers(owner, wanted)))) return
  throw forbidden(call.resource, role.metadata.name ?? "", "must have cluster-admin privileges to use the aggregationRule")
}

const checkBinding = (call: Call, object: KubeObject, previous: KubeObject | undefined): void => {
  const ref = field<RoleRef>(object, "roleRef")!
  if (previous !== undefined && jsonEqual(ref, field(previous, "roleRef")) && jsonEqual(field(object, "subjects"), field(previous, "subjects"))) return
  if (may(call, "bind", ref.kind === "ClusterRole" ? "clusterroles" : "roles", ref.name)) return
  const rules = rulesOf(call.server, ref, call.namespace)
  if (rules === undefined) throw notFound(call.resource, ref.name)
  refuseMissing(call, rules, object.metadata.name ?? "")
}

const may = ({ server, user, namespace }: Call, verb: string, plural: string, name: string): boolean =>
  decide(server, user, { verb, group, version: "v1", plural, namespace, name }).allowed

const refuseMissing = (call: Call, rules: ReadonlyArray<PolicyRule>, name: string): void => {
  const { grants, problems } = grantsOf(call.server, call.user, call.namespace)
  const held = grants.flatMap((grant) => grant.rules)
  const missing = rules.flatMap(atoms).filter((rule) => !held.some((owner) => covers(owner, rule)))
  if (missing.length === 0) return
  const lines = [...new Set(compact(missing).map(printRule))].sort()
  const unresolved = problems.length === 0 ? "" : `; resolution errors: [${problems.join(" ")}]`
  throw forbidden(call.resource, name, `user ${JSON.stringify(call.user.name)} (groups=${printList(call.user.groups)}) is attempting to grant RBAC permissions not currently held:\n${lines.join("\n")}${unresolved}`)
}

/** A rule taken apart into rules of one verb, group, resource and name each. */
const atoms = (rule: PolicyRule): ReadonlyArray<PolicyRule> => {
  const out: Array<PolicyRule> = []
  for (const verb of rule.verbs ?? []) {
    for (const apiGroup of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const base = { verbs: [verb], apiGroups: [apiGroup], resources: [resource] }
        if ((rule.resourceNames ?? []).length === 0) out.push(base)
        for (const name of rule.resourceNames ?? []) out.push({ ...base, resourceNames: [name] })
      }
    }
    for (const url of rule.nonResourceURLs ?? []) out.push({ verbs: [verb], nonResourceURLs: [url] })
  }
  return out
}

const covers = (owner: PolicyRule, wanted: PolicyRule): boolean => {
  if (!hasOrAll(owner.verbs, wanted.verbs![0]!)) return false
  if (wanted.nonResourceURLs !== undefined) {
    const url = wanted.nonResourceURLs[0]!
    return owner.nonResourceURLs?.some((it) => it === url || (it.endsWith("*") && url.startsWith(it.slice(0, -1)))) ?? false
  }
  const resource = wanted.resources![0]!
  const slash = resource.indexOf("/")
  const named = hasOrAll(owner.resources, resource) || (slash > 0 && owner.resources?.includes(`*${resource.slice(slash)}`) === true)
  const { resourceNames = [] } = owner
  return hasOrAll(owner.apiGroups, wanted.apiGroups![0]!) && named &&
    (resourceNames.length === 0 || (wanted.resourceNames !== undefined && resourceNames.includes(wanted.resourceNames[0]!)))
}

/** Rules that differ in their verbs only become one. */
const compact = (rules: ReadonlyArray<PolicyRule>): ReadonlyArray<PolicyRule> => {
  const byRest = new Map<string, PolicyRule>()
  for (const rule of rules) {
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames, rule.nonResourceURLs])
    const known = byRest.get(key)
    byRest.set(key, known === undefined ? rule : { ...known, verbs: [...new Set([...known.verbs!, ...rule.verbs!])] })
  }
  return [...byRest.values()]
}

const printList = (list: ReadonlyArray<string>): string => `[${list.map((it) => JSON.stringify(it)).join(" ")}]`

const printRule = ({ apiGroups, resources, resourceNames, nonResourceURLs, verbs = [] }: PolicyRule): string => {
  const parts = [
    ...(apiGroups === undefined ? [] : [`APIGroups:${printList(apiGroups)}`]),
    ...(resources === undefined ? [] : [`Resources:${printList(resources)}`]),
    ...(resourceNames === undefined ? [] : [`ResourceNames:${printList(resourceNames)}`]),
    ...(nonResourceURLs === undefined ? [] : [`NonResourceURLs:${printList(nonResourceURLs)}`]),
    `Verbs:${printList(verbs)}`
  ]
  return `{${parts.join(", ")}}`
}
