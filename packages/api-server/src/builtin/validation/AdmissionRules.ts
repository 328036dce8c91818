/** Which requests admission policies and webhooks are about, as far as it can be wrong. */
import { pathSegmentErrors } from "../../internal/nameRules.ts"
import { type Fields, isObject } from "../Sharing.ts"
import { type Check, items, part, text, texts } from "./Check.ts"

const operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]

/** The operations that can change an object. */
const changing = ["*", "CONNECT", "CREATE", "UPDATE"]

/** What becomes of a write that a policy or webhook cannot judge. */
export const failurePolicies = ["Fail", "Ignore"]
/** Whether requests for other versions of a resource are meant too. */
export const matchPolicies = ["Equivalent", "Exact"]

/** A list in which a star stands alone. */
const checkStar = (check: Check, field: string, values: ReadonlyArray<string>, what: string): void => {
  if (values.length > 1 && values.includes("*")) check.invalid(field, values, `if '*' is present, must not specify other ${what}`)
}

/** A rule with its operations. */
export const checkOperationRule = (check: Check, field: string, rule: Fields): void => {
  const [asked, groups, versions] = [texts(rule["operations"]), texts(rule["apiGroups"]), texts(rule["apiVersions"])]
  if (asked.length === 0) check.required(`${field}.operations`)
  checkStar(check, `${field}.operations`, asked, "operations")
  asked.forEach((operation, i) => check.oneOf(`${field}.operations[${i}]`, operation, operations))
  if (groups.length === 0) check.required(`${field}.apiGroups`)
  checkStar(check, `${field}.apiGroups`, groups, "API groups")
  if (versions.length === 0) check.required(`${field}.apiVersions`)
  checkStar(check, `${field}.apiVersions`, versions, "API versions")
  versions.forEach((version, i) => {
    if (version === "") check.required(`${field}.apiVersions[${i}]`)
  })
  checkResources(check, `${field}.resources`, texts(rule["resources"]))
  if (rule["scope"] !== undefined) check.oneOf(`${field}.scope`, rule["scope"], ["*", "Cluster", "Namespaced"])
}

const checkResources = (check: Check, field: string, resources: ReadonlyArray<string>): void => {
  if (resources.length === 0) check.required(field)
  const [wholes, everywhere] = [new Set<string>(), new Set<string>()]
  let namesResource = false
  resources.forEach((name, i) => {
    if (name === "") return check.required(`${field}[${i}]`)
    const slash = name.indexOf("/")
    if (slash < 0) {
      namesResource = name !== "*"
      return
    }
    const [resource, subresource] = [name.slice(0, slash), name.slice(slash + 1)]
    if (wholes.has(resource)) check.invalid(`${field}[${i}]`, name, `if '${resource}/*' is present, must not specify ${name}`)
    if (everywhere.has(subresource)) check.invalid(`${field}[${i}]`, name, `if '*/${subresource}' is present, must not specify ${name}`)
    if (subresource === "*") wholes.add(resource)
    if (resource === "*") everywhere.add(subresource)
  })
  if (resources.length > 1 && resources.includes("*/*")) check.invalid(field, resources, "if '*/*' is present, must not specify other resources")
  if (resources.includes("*") && namesResource) {
    check.invalid(field, resources, "if '*' is present, must not specify other resources without subresources")
  }
}

const checkNamedRule = (check: Check, field: string, rule: Fields): void => {
  const names = texts(rule["resourceNames"])
  names.forEach((name, i) => {
    check.texts(`${field}.resourceNames[${i}]`, name, pathSegmentErrors(name))
    if (names.indexOf(name) < i) check.duplicate(`${field}.resourceNames[${i}]`, name)
  })
  checkOperationRule(check, field, rule)
}

/** What a policy or a binding is about. */
export const checkMatchResources = (check: Check, field: string, match: Fields | undefined): void => {
  if (match === undefined) return
  check.oneOfRequired(`${field}.matchPolicy`, match["matchPolicy"], matchPolicies)
  for (const name of ["namespaceSelector", "objectSelector"]) {
    if (isObject(match[name])) check.labelSelector(`${field}.${name}`, match[name])
    else check.required(`${field}.${name}`)
  }
  for (const name of ["resourceRules", "excludeResourceRules"]) {
    items(match[name]).forEach((rule, i) => checkNamedRule(check, `${field}.${name}[${i}]`, rule))
  }
}

/** What a policy is about; it has to say so. */
export const checkConstraints = (check: Check, spec: Fields, changes: boolean): void => {
  const field = "spec.matchConstraints"
  const match = part(spec, "matchConstraints")
  if (match === undefined) return check.required(field)
  checkMatchResources(check, field, match)
  if (items(match["resourceRules"]).length === 0) check.required(`${field}.resourceRules`)
  if (changes) checkChanging(check, `${field}.resourceRules.operations`, match)
}

/** Only new and changed objects can be changed. */
export const checkChanging = (check: Check, field: string, match: Fields): void => {
  for (const rule of items(match["resourceRules"])) {
    for (const operation of texts(rule["operations"])) check.oneOf(field, operation, changing)
  }
}

/** Where the parameters of a policy are. */
export const checkParamRef = (check: Check, ref: Fields | undefined): void => {
  if (ref === undefined) return
  const field = "spec.paramRef"
  const [name, selector, action] = [text(ref, "name"), ref["selector"], ref["parameterNotFoundAction"]]
  if (name !== "") {
    check.texts(`${field}.name`, name, pathSegmentErrors(name))
    if (selector !== undefined) check.forbidden(`${field}.name`, "name and selector are mutually exclusive")
  }
  if (selector !== undefined) {
    check.labelSelector(`${field}.selector`, selector)
    if (name !== "") check.forbidden(`${field}.selector`, "name and selector are mutually exclusive")
  } else if (name === "") check.required(field, "one of name or selector must be specified")
  check.oneOfRequired(`${field}.parameterNotFoundAction`, action, ["Deny", "Allow"])
}
