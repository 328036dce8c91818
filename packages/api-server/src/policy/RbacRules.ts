/** Role-based access: which rules a user has, and whether they allow a request. */
import type { KubeObject } from "@fairlead/kube"
import type { User } from "../ApiRequest.ts"
import type { ServerContext } from "../ServerContext.ts"
import type { Attributes } from "./Authorization.ts"

/** One rule of a role. */
export interface PolicyRule {
  readonly verbs?: ReadonlyArray<string>
  readonly apiGroups?: ReadonlyArray<string>
  readonly resources?: ReadonlyArray<string>
  readonly resourceNames?: ReadonlyArray<string>
  readonly nonResourceURLs?: ReadonlyArray<string>
}

interface Role extends KubeObject {
  readonly rules?: ReadonlyArray<PolicyRule> | null
}

/** Points at the role of a binding. */
export interface RoleRef {
  readonly apiGroup?: string
  readonly kind: string
  readonly name: string
}

interface Subject {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

interface Binding extends KubeObject {
  readonly roleRef: RoleRef
  readonly subjects?: ReadonlyArray<Subject>
}

/** Rules that a user has through one binding. */
export interface Grant {
  readonly rules: ReadonlyArray<PolicyRule>
  /** Why the user has them. */
  readonly reason: string
}

/** All grants of a user, and what is wrong with the bindings that grant nothing. */
export interface Grants {
  readonly grants: ReadonlyArray<Grant>
  readonly problems: ReadonlyArray<string>
}

const rbac = (plural: string): { group: string; plural: string } => ({ group: "rbac.authorization.k8s.io", plural })
const clusterBindings = rbac("clusterrolebindings")
const bindings = rbac("rolebindings")

/** Grants that hold in a namespace (`""` for the cluster alone). */
export const grantsOf = (server: ServerContext, user: User, namespace: string): Grants => {
  const grants: Array<Grant> = []
  const problems: Array<string> = []
  const collect = (found: ReadonlyArray<KubeObject>, kind: string): void => {
    for (const binding of found as ReadonlyArray<Binding>) {
      const subject = binding.subjects?.find((it) => isSubject(it, user, binding.metadata.namespace ?? ""))
      if (subject === undefined) continue
      const { namespace: at = "", name = "" } = binding.metadata
      const rules = rulesOf(server, binding.roleRef, at)
      const { roleRef } = binding
      if (rules === undefined) problems.push(`${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(roleRef.name)} not found`)
      else {
        const where = at === "" ? name : `${name}/${at}`
        grants.push({ rules, reason: `RBAC: allowed by ${kind} ${JSON.stringify(where)} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${printSubject(subject, at)}` })
      }
    }
  }
  collect(server.store.collection(clusterBindings).list(""), "ClusterRoleBinding")
  if (namespace !== "") collect(server.store.collection(bindings).list(namespace), "RoleBinding")
  return { grants, problems }
}

/** The rules of a role; `undefined` if there is none of that name. */
export const rulesOf = (server: ServerContext, { kind, name }: RoleRef, namespace: string): ReadonlyArray<PolicyRule> | undefined => {
  const role = kind === "ClusterRole" ? server.store.collection(rbac("clusterroles")).get("", name) : server.store.collection(rbac("roles")).get(namespace, name)
  return role === undefined ? undefined : ((role as Role).rules ?? [])
}

const isSubject = ({ kind, name, namespace }: Subject, user: User, bindingNamespace: string): boolean => {
  switch (kind) {
    case "User":
      return user.name === name
    case "Group":
      return user.groups.includes(name)
    case "ServiceAccount":
      return user.name === `system:serviceaccount:${namespace ?? bindingNamespace}:${name}`
    default:
      return false
  }
}

const printSubject = ({ kind, name, namespace }: Subject, bindingNamespace: string): string =>
  kind === "ServiceAccount" ? `ServiceAccount "${name}/${namespace ?? bindingNamespace}"` : `${kind} ${JSON.stringify(name)}`

/** Whether a rule allows a request. */
export const allows = (rule: PolicyRule, { verb, path, group = "", plural = "", subresource = "", name = "" }: Attributes): boolean => {
  if (!hasOrAll(rule.verbs, verb)) return false
  if (path !== undefined) return rule.nonResourceURLs?.some((pattern) => matchesPath(pattern, path)) ?? false
  if (!hasOrAll(rule.apiGroups, group)) return false
  const full = subresource === "" ? plural : `${plural}/${subresource}`
  const named = rule.resources?.some((it) => it === "*" || it === full || (subresource !== "" && it === `*/${subresource}`)) ?? false
  return named && ((rule.resourceNames ?? []).length === 0 || rule.resourceNames!.includes(name))
}

/** True when a list of a rule names a value, or all. */
export const hasOrAll = (list: ReadonlyArray<string> | undefined, value: string): boolean => list !== undefined && (list.includes("*") || list.includes(value))

const matchesPath = (pattern: string, path: string): boolean =>
  pattern === "*" || pattern === path || (pattern.endsWith("*") && path.startsWith(pattern.slice(0, -1)))
