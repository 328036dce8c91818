/** Roles and their bindings. */
import { jsonEqual } from "@fairlead/kube"
import { pathSegmentErrors } from "../../internal/nameRules.ts"
import { internalForm } from "../InternalForm.ts"
import type { Fields } from "../Sharing.ts"
import { items, part, text, texts, type Check } from "./Check.ts"

const group = "rbac.authorization.k8s.io"

const checkRule = (check: Check, field: string, rule: Fields, namespaced: boolean): void => {
  const of = (name: string): ReadonlyArray<string> => texts(rule[name])
  const urls = of("nonResourceURLs")
  if (of("verbs").length === 0) check.required(`${field}.verbs`, "verbs must contain at least one value")
  if (urls.length > 0) {
    const at = `${field}.nonResourceURLs`
    if (namespaced) check.invalid(at, urls, "namespaced rules cannot apply to non-resource URLs")
    if (["apiGroups", "resources", "resourceNames"].some((name) => of(name).length > 0)) {
      check.invalid(at, urls, "rules cannot apply to both regular resources and non-resource URLs")
    }
    return
  }
  if (of("apiGroups").length === 0) check.required(`${field}.apiGroups`, "resource rules must supply at least one api group")
  if (of("resources").length === 0) check.required(`${field}.resources`, "resource rules must supply at least one resource")
}

/** A role of a namespace. */
export const checkRole = (check: Check, role: Fields): void =>
  items(role["rules"]).forEach((rule, i) => checkRule(check, `rules[${i}]`, rule, true))

/** A role of the cluster. */
export const checkClusterRole = (check: Check, role: Fields): void => {
  items(role["rules"]).forEach((rule, i) => checkRule(check, `rules[${i}]`, rule, false))
  const aggregation = part(role, "aggregationRule")
  if (aggregation === undefined) return
  const field = "aggregationRule.clusterRoleSelectors"
  const selectors = items(aggregation["clusterRoleSelectors"])
  if (selectors.length === 0) check.required(field, "at least one clusterRoleSelector required if aggregationRule is non-nil")
  selectors.forEach((selector, i) => check.labelSelector(`${field}[${i}]`, selector))
}

const checkSubject = (check: Check, field: string, subject: Fields, namespaced: boolean): void => {
  const [kind, name, apiGroup] = [text(subject, "kind"), text(subject, "name"), text(subject, "apiGroup")]
  if (name === "") check.required(`${field}.name`)
  if (kind === "ServiceAccount") {
    if (name !== "") check.subdomain(`${field}.name`, name)
    if (apiGroup !== "") check.unsupported(`${field}.apiGroup`, apiGroup, [""])
    if (!namespaced && text(subject, "namespace") === "") check.required(`${field}.namespace`)
  } else if (kind !== "User" && kind !== "Group") check.unsupported(`${field}.kind`, kind, ["ServiceAccount", "User", "Group"])
  else if (apiGroup !== group) check.unsupported(`${field}.apiGroup`, apiGroup, [group])
}

const checkAnyBinding = (check: Check, binding: Fields, namespaced: boolean): void => {
  const role = part(binding, "roleRef") ?? {}
  const [name, kinds] = [text(role, "name"), namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"]]
  check.oneOf("roleRef.apiGroup", role["apiGroup"] ?? "", [group])
  check.oneOf("roleRef.kind", role["kind"] ?? "", kinds)
  if (name === "") check.required("roleRef.name")
  else check.texts("roleRef.name", name, pathSegmentErrors(name))
  items(binding["subjects"]).forEach((subject, i) => checkSubject(check, `subjects[${i}]`, subject, namespaced))
}

/** A binding in a namespace. */
export const checkRoleBinding = (check: Check, binding: Fields): void => checkAnyBinding(check, binding, true)

/** A binding for the whole cluster. */
export const checkClusterRoleBinding = (check: Check, binding: Fields): void => checkAnyBinding(check, binding, false)

/** What a binding binds to stays. */
export const checkBindingUpdate = (check: Check, binding: Fields, old: Fields): void => {
  if (!jsonEqual(binding["roleRef"], old["roleRef"])) check.invalid("roleRef", internalForm("rbac.RoleRef", binding["roleRef"]), "cannot change roleRef")
}
