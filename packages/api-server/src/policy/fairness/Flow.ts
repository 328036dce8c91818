/** Finds the flow schema that a request falls under (API priority and fairness). */
import type { KubeObject } from "@fairlead/kube"
import type { User } from "../../ApiRequest.ts"
import type { ServerContext } from "../../ServerContext.ts"
import type { Attributes } from "../Authorization.ts"

interface FlowSubject {
  readonly kind: string
  readonly user?: { readonly name: string }
  readonly group?: { readonly name: string }
  readonly serviceAccount?: { readonly namespace: string; readonly name: string }
}

interface FlowRule {
  readonly subjects?: ReadonlyArray<FlowSubject>
  readonly resourceRules?: ReadonlyArray<{
    readonly verbs?: ReadonlyArray<string>
    readonly apiGroups?: ReadonlyArray<string>
    readonly resources?: ReadonlyArray<string>
    readonly clusterScope?: boolean
    readonly namespaces?: ReadonlyArray<string>
  }>
  readonly nonResourceRules?: ReadonlyArray<{ readonly verbs?: ReadonlyArray<string>; readonly nonResourceURLs?: ReadonlyArray<string> }>
}

interface FlowSchema extends KubeObject {
  readonly spec?: { readonly matchingPrecedence?: number; readonly priorityLevelConfiguration?: { readonly name?: string }; readonly rules?: ReadonlyArray<FlowRule> }
}

/** What a request falls under. */
export interface Flow {
  readonly flowSchema: string
  readonly flowSchemaUid: string
  readonly priorityLevel: string
  readonly priorityLevelUid: string
}

const group = "flowcontrol.apiserver.k8s.io"

/** The flow of a request: the first fitting schema by precedence, then by name; `undefined` if all schemas are gone. */
export const flowOf = ({ store }: ServerContext, user: User, attributes: Attributes): Flow | undefined => {
  const schemas = (store.collection({ group, plural: "flowschemas" }).list("") as ReadonlyArray<FlowSchema>)
    .filter(({ spec }) => spec?.rules?.some((rule) => fits(rule, user, attributes)) === true)
    .sort((left, right) => (left.spec?.matchingPrecedence ?? 0) - (right.spec?.matchingPrecedence ?? 0))
  const [schema] = schemas
  if (schema === undefined) return undefined
  const priorityLevel = schema.spec?.priorityLevelConfiguration?.name ?? ""
  const level = store.collection({ group, plural: "prioritylevelconfigurations" }).get("", priorityLevel)
  return { flowSchema: schema.metadata.name!, flowSchemaUid: schema.metadata.uid ?? "", priorityLevel, priorityLevelUid: level?.metadata.uid ?? "" }
}

const has = (list: ReadonlyArray<string> | undefined, wanted: string): boolean => list?.some((it) => it === "*" || it === wanted) === true

const fits = ({ nonResourceRules = [], resourceRules = [], subjects = [] }: FlowRule, user: User, attributes: Attributes): boolean => {
  if (!subjects.some((subject) => isSubject(subject, user))) return false
  const { group: of = "", namespace = "", path, plural = "", subresource = "", verb } = attributes
  if (path !== undefined) return nonResourceRules.some(({ nonResourceURLs, verbs }) => has(verbs, verb) && nonResourceURLs?.some((url) => matchesPath(url, path)) === true)
  const resource = subresource === "" ? plural : `${plural}/${subresource}`
  return resourceRules.some(({ apiGroups, clusterScope, namespaces, resources, verbs }) =>
    has(verbs, verb) && has(apiGroups, of) && has(resources, resource) && (namespace === "" ? clusterScope === true : has(namespaces, namespace)))
}

const matchesPath = (pattern: string, path: string): boolean => pattern === "*" || pattern === path || (pattern.endsWith("/*") && path.startsWith(pattern.slice(0, -1)))

const isSubject = ({ group: of, kind, serviceAccount, user: wanted }: FlowSubject, { groups, name }: User): boolean => {
  switch (kind) {
    case "User":
      return wanted?.name === "*" || wanted?.name === name
    case "Group":
      return of?.name === "*" || groups.includes(of?.name ?? "")
    default: {
      const { name: account = "", namespace = "" } = serviceAccount ?? {}
      return account === "*" ? name.startsWith(`system:serviceaccount:${namespace}:`) : name === `system:serviceaccount:${namespace}:${account}`
    }
  }
}
