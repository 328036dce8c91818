/** Admission policies, their bindings, and the configurations of admission webhooks. */
import { jsonEqual } from "@fairlead/kube"
import { listOf } from "../../cel/types/Type.ts"
import { checkWebhookService, checkWebhookUrl, type WebhookService } from "../../crd/WebhookClients.ts"
import { dns1035Errors, subdomainErrors } from "../../internal/nameRules.ts"
import { configurationType, jsonPatchType, patchExtension } from "../../policy/expressions/JsonPatchLibrary.ts"
import type { PolicyCompiler } from "../../policy/expressions/PolicyCompiler.ts"
import type { Fields } from "../Sharing.ts"
import { checkConditions, checkExpression, checkNotes, checkParamKind, checkValidation, checkVariables, sameConditions } from "./AdmissionExpressions.ts"
import {
  checkChanging, checkConstraints, checkMatchResources, checkOperationRule, checkParamRef, failurePolicies, matchPolicies
} from "./AdmissionRules.ts"
import { items, part, specOf, text, texts, type Check } from "./Check.ts"

/** What both kinds of policies have in common, up to their variables. */
const checkPolicy = (check: Check, spec: Fields, old: Fields | undefined, changes: boolean): PolicyCompiler => {
  check.oneOfRequired("spec.failurePolicy", spec["failurePolicy"], failurePolicies)
  const params = checkParamKind(check, spec)
  checkConstraints(check, spec, changes)
  if (!sameConditions(spec, old)) checkConditions(check, "spec.matchConditions", spec["matchConditions"], params)
  return checkVariables(check, spec, params, changes ? { extension: patchExtension } : {})
}

/** A policy that checks. */
export const checkValidatingPolicy = (check: Check, policy: Fields, old?: Fields): void => {
  const spec = specOf(policy)
  const compiler = checkPolicy(check, spec, old && specOf(old), false)
  const [validations, notes] = [items(spec["validations"]), items(spec["auditAnnotations"])]
  if (validations.length === 0 && notes.length === 0) {
    for (const name of ["validations", "auditAnnotations"]) check.required(`spec.${name}`, "validations or auditAnnotations must contain at least one item")
    return
  }
  validations.forEach((validation, i) => checkValidation(check, `spec.validations[${i}]`, validation, compiler))
  checkNotes(check, text(part(policy, "metadata"), "name"), notes, compiler)
}

/** A policy that changes. */
export const checkMutatingPolicy = (check: Check, policy: Fields, old?: Fields): void => {
  const spec = specOf(policy)
  const compiler = checkPolicy(check, spec, old && specOf(old), true)
  const mutations = items(spec["mutations"])
  if (mutations.length === 0) check.required("spec.mutations", "mutations must contain at least one item")
  mutations.forEach((mutation, i) => checkMutation(check, `spec.mutations[${i}]`, mutation, compiler))
  check.oneOfRequired("spec.reinvocationPolicy", spec["reinvocationPolicy"], ["Never", "IfNeeded"])
}

const patchTypes = { ApplyConfiguration: ["applyConfiguration", "jsonPatch", configurationType], JSONPatch: ["jsonPatch", "applyConfiguration", listOf(jsonPatchType)] } as const

const checkMutation = (check: Check, field: string, mutation: Fields, compiler: PolicyCompiler): void => {
  const patchType = text(mutation, "patchType")
  if (patchType !== "ApplyConfiguration" && patchType !== "JSONPatch") {
    return check.oneOfRequired(`${field}.patchType`, patchType, Object.keys(patchTypes))
  }
  const [own, other, type] = patchTypes[patchType]
  if (mutation[other] !== undefined) check.invalid(`${field}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`)
  const change = part(mutation, own)
  if (change === undefined) return check.required(`${field}.${own}`, `must be specified when patchType is ${patchType}`)
  const expression = text(change, "expression")
  if (expression.trim() === "") check.required(`${field}.${own}.expression`, "expression is not specified")
  else checkExpression(check, `${field}.${own}.expression`, compiler, expression, [type])
}

const checkBinding = (check: Check, spec: Fields): void => {
  const policyName = text(spec, "policyName")
  if (policyName === "") check.required("spec.policyName")
  else check.subdomain("spec.policyName", policyName)
  checkParamRef(check, part(spec, "paramRef"))
}

/** Binds a policy that checks. The name of the field in messages is misspelled in the original too. */
export const checkValidatingBinding = (check: Check, binding: Fields): void => {
  const spec = specOf(binding)
  const field = "spec.validationActions"
  checkBinding(check, spec)
  checkMatchResources(check, "spec.matchResouces", part(spec, "matchResources"))
  const actions = texts(spec["validationActions"])
  actions.forEach((action, i) => {
    check.oneOf(`${field}[${i}]`, action, ["Audit", "Deny", "Warn"])
    if (actions.indexOf(action) < i) check.duplicate(`${field}[${i}]`, action)
  })
  if (actions.includes("Deny") && actions.includes("Warn")) {
    check.invalid(field, actions, "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)")
  }
  if (actions.length === 0) check.required(field, "at least one validation action is required")
}

/** Binds a policy that changes. */
export const checkMutatingBinding = (check: Check, binding: Fields): void => {
  const spec = specOf(binding)
  const match = part(spec, "matchResources")
  checkBinding(check, spec)
  checkMatchResources(check, "spec.matchResources", match)
  if (match !== undefined) checkChanging(check, "spec.matchResources.resourceRules.operations", match)
}

const sideEffects = ["None", "NoneOnDryRun"]

/** The webhooks of a configuration; `mutating` ones may ask to be called again. */
export const checkWebhooks = (mutating: boolean) => (check: Check, configuration: Fields, old?: Fields): void => {
  const names = new Set<string>()
  const before = items(old?.["webhooks"])
  const webhooks = items(configuration["webhooks"])
  const conditionsStay = old !== undefined && before.length === webhooks.length && webhooks.every((it, i) => jsonEqual(it["matchConditions"], before[i]!["matchConditions"]))
  webhooks.forEach((webhook, i) => {
    const field = `webhooks[${i}]`
    const name = text(webhook, "name")
    checkWebhook(check, field, webhook, mutating)
    if (!conditionsStay) checkConditions(check, `${field}.matchConditions`, webhook["matchConditions"], false)
    checkReviewVersions(check, `${field}.admissionReviewVersions`, texts(webhook["admissionReviewVersions"]))
    if (name !== "" && names.has(name)) check.duplicate(`${field}.name`, name)
    names.add(name)
  })
}

const checkWebhook = (check: Check, field: string, webhook: Fields, mutating: boolean): void => {
  checkFullName(check, `${field}.name`, text(webhook, "name"))
  items(webhook["rules"]).forEach((rule, i) => checkOperationRule(check, `${field}.rules[${i}]`, rule))
  if (webhook["failurePolicy"] !== undefined) check.oneOf(`${field}.failurePolicy`, webhook["failurePolicy"], failurePolicies)
  if (webhook["matchPolicy"] !== undefined) check.oneOf(`${field}.matchPolicy`, webhook["matchPolicy"], matchPolicies)
  if (webhook["sideEffects"] === undefined) check.required(`${field}.sideEffects`, `must specify one of ${sideEffects.join(", ")}`)
  else check.oneOf(`${field}.sideEffects`, webhook["sideEffects"], sideEffects)
  const seconds = webhook["timeoutSeconds"]
  if (typeof seconds === "number" && (seconds > 30 || seconds < 1)) check.invalid(`${field}.timeoutSeconds`, seconds, "the timeout value must be between 1 and 30 seconds")
  check.labelSelector(`${field}.namespaceSelector`, webhook["namespaceSelector"])
  check.labelSelector(`${field}.objectSelector`, webhook["objectSelector"])
  if (mutating && webhook["reinvocationPolicy"] !== undefined) check.oneOf(`${field}.reinvocationPolicy`, webhook["reinvocationPolicy"], ["IfNeeded", "Never"])
  const { service, url } = (part(webhook, "clientConfig") ?? {}) as { readonly service?: WebhookService; readonly url?: string }
  if ((url === undefined) === (service === undefined)) check.required(`${field}.clientConfig`, "exactly one of url or service is required")
  else if (url !== undefined) checkWebhookUrl(url, `${field}.clientConfig.url`, check.causes)
  else checkWebhookService(service!, `${field}.clientConfig.service`, check.causes)
}

const checkFullName = (check: Check, field: string, name: string): void => {
  const problems = subdomainErrors(name)
  if (name === "") check.required(field)
  else if (problems.length > 0) check.invalid(field, name, problems.join(","))
  else if (name.split(".").length < 3) check.invalid(field, name, "should be a domain with at least three segments separated by dots")
}

const checkReviewVersions = (check: Check, field: string, versions: ReadonlyArray<string>): void => {
  if (versions.length === 0) return check.required(field, "must specify one of v1, v1beta1")
  versions.forEach((version, i) => {
    if (versions.indexOf(version) < i) check.invalid(`${field}[${i}]`, version, "duplicate version")
    else check.texts(`${field}[${i}]`, version, dns1035Errors(version))
  })
  if (!versions.includes("v1") && !versions.includes("v1beta1")) check.invalid(field, versions, "must include at least one of v1, v1beta1")
}
