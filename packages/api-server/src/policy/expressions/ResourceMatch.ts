/** Whether a write is one that a policy is about. */
import { Selector } from "@fairlead/kube"
import { Result } from "effect"
import type { ServedResource } from "../../ServedResource.ts"
import { type AdmissionInput, isNamespace, nameOf, namespaceObject, namespaceOf } from "./AdmissionInput.ts"
import type { MatchResources, ResourceRule } from "./PolicyKinds.ts"

/** The resource under which a write fits; that of another version if only a rule for that one fits. */
export const matchedResource = (input: AdmissionInput, match: MatchResources): ServedResource | undefined => {
  if (!selects(match.namespaceSelector, () => namespaceLabels(input)) || !selectsObject(input, match.objectSelector)) return undefined
  const equivalents = match.matchPolicy === "Equivalent" ? equivalentsOf(input) : []
  if (firstFit(input, match.excludeResourceRules ?? [], equivalents) !== undefined) return undefined
  const { resourceRules = [] } = match
  return resourceRules.length === 0 ? input.call.resource : firstFit(input, resourceRules, equivalents)
}

type Labels = { readonly [key: string]: string } | undefined

/** `undefined` from `labels` stands for something that selectors do not concern. */
const selects = (selector: Selector.LabelSelectorObject | undefined, labels: () => { readonly labels: Labels } | undefined): boolean => {
  if (selector === undefined || isEmpty(selector)) return true
  const parsed = Selector.fromLabelSelector(selector)
  const found = labels()
  return found === undefined || (Result.isSuccess(parsed) && parsed.success.matches(found.labels))
}

const isEmpty = ({ matchExpressions = [], matchLabels = {} }: Selector.LabelSelectorObject): boolean =>
  matchExpressions.length === 0 && Object.keys(matchLabels).length === 0

const namespaceLabels = (input: AdmissionInput): { readonly labels: Labels } | undefined => {
  if (isNamespace(input)) return { labels: (input.object ?? input.oldObject)?.metadata.labels }
  return input.call.namespace === "" ? undefined : { labels: namespaceObject(input)?.metadata.labels }
}

const selectsObject = ({ object, oldObject }: AdmissionInput, selector: Selector.LabelSelectorObject | undefined): boolean =>
  [object, oldObject].some((it) => it !== undefined && selects(selector, () => ({ labels: it.metadata.labels })))

const firstFit = (input: AdmissionInput, rules: ReadonlyArray<ResourceRule>, equivalents: ReadonlyArray<ServedResource>): ServedResource | undefined =>
  [input.call.resource, ...equivalents].find((resource) => rules.some((rule) => fits(input, rule, resource)))

/** The same objects in other versions, or under another group. */
const equivalentsOf = ({ call: { resource, server: { catalog } } }: AdmissionInput): ReadonlyArray<ServedResource> =>
  [...new Set([resource.group, ...twinGroups(resource)])].flatMap((group) =>
    catalog.versions(group).flatMap((version) => {
      const found = catalog.find(group, version, resource.plural)
      return found === undefined || found === resource ? [] : [found]
    }))

const twinGroups = ({ group, plural }: ServedResource): ReadonlyArray<string> => (plural !== "events" ? [] : group === "" ? ["events.k8s.io"] : [""])

const has = (list: ReadonlyArray<string> | undefined, wanted: string): boolean => list?.some((it) => it === "*" || it === wanted) ?? false

const fits = (input: AdmissionInput, rule: ResourceRule, { group, plural, version }: ServedResource): boolean => {
  const { call: { request: { subresource = "" } }, operation } = input
  return inScope(input, rule.scope) && has(rule.operations, operation.toUpperCase()) && has(rule.apiGroups, group) && has(rule.apiVersions, version) &&
    (rule.resources ?? []).some((text) => isResource(text, plural, subresource)) &&
    ((rule.resourceNames ?? []).length === 0 || rule.resourceNames!.includes(nameOf(input)))
}

const inScope = (input: AdmissionInput, scope: string | undefined): boolean => {
  if (scope === undefined || scope === "*") return true
  const inNamespace = !isNamespace(input) && namespaceOf(input) !== ""
  return scope === "Namespaced" ? inNamespace : scope === "Cluster" && !inNamespace
}

const isResource = (text: string, plural: string, subresource: string): boolean => {
  const slash = text.indexOf("/")
  const [resource, below] = slash < 0 ? [text, ""] : [text.slice(0, slash), text.slice(slash + 1)]
  return (resource === "*" || resource === plural) && (below === "*" || below === subresource)
}
