/** Jobs. */
import { jsonEqual } from "@fairlead/kube"
import { dnsLabelErrors } from "../../internal/nameRules.ts"
import { internalForm } from "../InternalForm.ts"
import type { Fields } from "../Sharing.ts"
import { count, items, part, selects, shownSelector, sorted, specOf, text, type Check } from "./Check.ts"
import { checkDomainPath } from "./Formats.ts"
import { checkFailurePolicy, checkSuccessPolicy } from "./JobPolicies.ts"
import { isTrue } from "./JobStatus.ts"
import { checkPodTemplate } from "./PodSpec.ts"

const labelsOf = (template: Fields): Fields => part(part(template, "metadata"), "labels") ?? {}

const uidLabels = ["controller-uid", "batch.kubernetes.io/controller-uid"]
const nameLabels = ["job-name", "batch.kubernetes.io/job-name"]

const checkLabel = (check: Check, labels: Fields, key: string, expected: string): void => {
  const field = `spec.template.metadata.labels[${key}]`
  if (labels[key] === undefined) check.required(field, `must be '${expected}'`)
  else if (labels[key] !== expected) check.invalid(field, sorted(labels), `must be '${expected}'`)
}

/** Jobs select their pods by labels that the API server makes, unless they say that they do it by hand. */
const checkGeneratedSelector = (check: Check, job: Fields, prefixed: boolean): void => {
  const spec = specOf(job)
  const selector = part(spec, "selector")
  if (spec["manualSelector"] === true || selector === undefined) return
  const metadata = part(job, "metadata") ?? {}
  const [uid, name, labels] = [text(metadata, "uid"), text(metadata, "name"), labelsOf(part(spec, "template") ?? {})]
  const expected: Fields = {}
  for (const i of prefixed ? [0, 1] : [0]) {
    checkLabel(check, labels, uidLabels[i] ?? "", uid)
    checkLabel(check, labels, nameLabels[i] ?? "", name)
    Object.assign(expected, { [uidLabels[i] ?? ""]: uid, [nameLabels[i] ?? ""]: name })
  }
  if (!selects(selector, expected)) check.invalid("spec.selector", shownSelector(selector), "`selector` not auto-generated")
}

const counted = ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes"]

const many = 100_000

const checkIndexed = (check: Check, field: string, spec: Fields): void => {
  const { completions, parallelism, maxFailedIndexes, backoffLimitPerIndex } = spec as { readonly [name: string]: number | undefined }
  const failed = `${field}.maxFailedIndexes`
  if (completions === undefined) check.required(`${field}.completions`, "when completion mode is Indexed")
  if (parallelism !== undefined && parallelism > many) {
    check.invalid(`${field}.parallelism`, parallelism, `must be less than or equal to ${many} when completion mode is Indexed`)
  }
  if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions) {
    check.invalid(failed, maxFailedIndexes, "must be less than or equal to completions")
  }
  if (maxFailedIndexes !== undefined && maxFailedIndexes > many) check.invalid(failed, maxFailedIndexes, `must be less than or equal to ${many}`)
  if (completions === undefined || completions <= many || backoffLimitPerIndex === undefined) return
  const detail = `must be less than or equal to 10000 when completions are above ${many} and used with backoff limit per index`
  if (maxFailedIndexes === undefined) check.required(failed, `must be specified when completions is above ${many}`)
  if (parallelism !== undefined && parallelism > 10_000) check.invalid(`${field}.parallelism`, parallelism, detail)
  if (maxFailedIndexes !== undefined && maxFailedIndexes > 10_000) check.invalid(failed, maxFailedIndexes, detail)
}

const checkMode = (check: Check, field: string, spec: Fields): void => {
  const mode = spec["completionMode"]
  if (mode !== undefined) check.oneOf(`${field}.completionMode`, mode, ["NonIndexed", "Indexed"])
  if (mode === "Indexed") checkIndexed(check, field, spec)
  if (mode !== undefined && mode !== "NonIndexed") return
  for (const name of ["backoffLimitPerIndex", "maxFailedIndexes"]) {
    if (spec[name] !== undefined) check.invalid(`${field}.${name}`, spec[name], "requires indexed completion mode")
  }
}

const checkRestartPolicy = (check: Check, field: string, policy: string, hasFailurePolicy: boolean): void => {
  if (policy === "Always" || policy === "") check.required(field, "valid values: \"OnFailure\", \"Never\"")
  else if (policy !== "OnFailure" && policy !== "Never") check.unsupported(field, policy, ["OnFailure", "Never"])
  else if (hasFailurePolicy && policy !== "Never") check.invalid(field, policy, "only \"Never\" is supported when podFailurePolicy is specified")
}

/** The spec of a job, but for its selector. */
export const checkJobTemplateSpec = (check: Check, field: string, spec: Fields): void => {
  for (const name of counted) check.notNegative(`${field}.${name}`, spec[name])
  if (spec["maxFailedIndexes"] !== undefined && spec["backoffLimitPerIndex"] === undefined) {
    check.required(`${field}.backoffLimitPerIndex`, "when maxFailedIndexes is specified")
  }
  const managedBy = spec["managedBy"]
  if (typeof managedBy === "string") {
    checkDomainPath(check, `${field}.managedBy`, managedBy)
    if (managedBy.length > 63) check.tooLong(`${field}.managedBy`, 63)
  }
  checkMode(check, field, spec)
  const failurePolicy = part(spec, "podFailurePolicy")
  if (failurePolicy !== undefined) checkFailurePolicy(check, `${field}.podFailurePolicy`, failurePolicy, spec)
  const successPolicy = part(spec, "successPolicy")
  if (successPolicy !== undefined) {
    if (spec["completionMode"] === "Indexed") checkSuccessPolicy(check, `${field}.successPolicy`, successPolicy, count(spec, "completions"))
    else check.invalid(`${field}.successPolicy`, internalForm("batch.SuccessPolicy", successPolicy), "requires indexed completion mode")
  }
  const replacement = spec["podReplacementPolicy"]
  if (replacement !== undefined) {
    check.oneOf(`${field}.podReplacementPolicy`, replacement, failurePolicy === undefined ? ["Failed", "TerminatingOrFailed"] : ["Failed"])
  }
  const template = part(spec, "template") ?? {}
  checkPodTemplate(check, `${field}.template`, template)
  checkRestartPolicy(check, `${field}.template.spec.restartPolicy`, text(part(template, "spec"), "restartPolicy"), failurePolicy !== undefined)
}

const checkJobSpec = (check: Check, spec: Fields): void => {
  checkJobTemplateSpec(check, "spec", spec)
  const selector = part(spec, "selector")
  if (selector === undefined) check.required("spec.selector")
  else check.labelSelector("spec.selector", selector)
  const labels = labelsOf(part(spec, "template") ?? {})
  if (selector === undefined || !selects(selector, labels)) {
    const shown = part(part(part(spec, "template"), "metadata"), "labels")
    check.invalid("spec.template.metadata.labels", sorted(shown), "`selector` does not match template `labels`")
  }
}

const checkWhole = (check: Check, job: Fields, prefixed: boolean): void => {
  const spec = specOf(job)
  checkGeneratedSelector(check, job, prefixed)
  checkJobSpec(check, spec)
  const completions = count(spec, "completions")
  if (spec["completionMode"] !== "Indexed" || completions <= 0) return
  const name = text(part(job, "metadata"), "name")
  const hostname = `${name}-${completions - 1}`
  if (dnsLabelErrors(hostname).length > 0) check.invalid("metadata.name", name, `will not able to create pod with invalid DNS label: ${hostname}`)
}

/** A new job, whose selector has been made. */
export const checkJob = (check: Check, job: Fields): void => checkWhole(check, job, true)

const withScheduling = (template: Fields, old: Fields): Fields => {
  const [spec, before] = [specOf(template), specOf(old)]
  const { nodeAffinity, ...others } = part(spec, "affinity") ?? {}
  const { nodeAffinity: _, ...kept } = part(before, "affinity") ?? {}
  const affinity = nodeAffinity === undefined ? kept : { ...kept, nodeAffinity }
  const hasAffinity = Object.keys(affinity).length > 0 || (part(spec, "affinity") !== undefined && Object.keys(others).length === 0)
  return {
    ...old,
    metadata: { ...part(old, "metadata"), annotations: part(template, "metadata")?.["annotations"], labels: part(template, "metadata")?.["labels"] },
    spec: {
      ...before,
      affinity: hasAffinity ? affinity : undefined,
      nodeSelector: spec["nodeSelector"],
      tolerations: spec["tolerations"],
      schedulingGates: spec["schedulingGates"]
    }
  }
}

const withResources = (containers: unknown, old: unknown): unknown => {
  const [now, before] = [items(containers), items(old)]
  if (now.length === 0 || now.length !== before.length) return old
  return before.map((one, i) => (one["name"] === now[i]?.["name"] ? { ...one, resources: now[i]?.["resources"] } : one))
}

const checkTemplateUpdate = (check: Check, job: Fields, old: Fields): void => {
  const template = part(specOf(job), "template") ?? {}
  const before = part(specOf(old), "template") ?? {}
  if (template === before) return
  const status = part(old, "status") ?? {}
  const suspended = specOf(old)["suspend"] === true
  const mutable = suspended && count(status, "active") === 0 && (status["startTime"] === undefined || isTrue(status, "Suspended"))
  const immutable = (field: string, type: string, now: unknown, then: unknown): void => check.immutable(field, internalForm(type, now), internalForm(type, then))
  if (!mutable) return immutable("spec.template", "core.PodTemplateSpec", template, before)
  const kept = specOf(withScheduling(template, before))
  const spec = specOf(template)
  immutable("spec.template.spec", "core.PodSpec", spec, {
    ...kept,
    containers: withResources(spec["containers"], kept["containers"]),
    initContainers: withResources(spec["initContainers"], kept["initContainers"])
  })
}

const checkCompletionsUpdate = (check: Check, spec: Fields, old: Fields): void => {
  const { completions, parallelism } = spec
  if (jsonEqual(completions, old["completions"])) return
  if (spec["completionMode"] !== "Indexed") check.invalid("spec.completions", completions, "field is immutable")
  else if (completions !== undefined && completions !== parallelism) check.invalid("spec.completions", completions, "can only be modified in tandem with spec.parallelism")
}

/** An update of a job: little but its parallelism may change. */
export const checkJobUpdate = (check: Check, job: Fields, old: Fields): void => {
  const [spec, before] = [specOf(job), specOf(old)]
  if (spec === before) return
  const oldLabels = labelsOf(part(before, "template") ?? {})
  checkWhole(check, job, ["batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"].every((key) => oldLabels[key] !== undefined))
  checkJobSpec(check, spec)
  checkCompletionsUpdate(check, spec, before)
  if (!jsonEqual(spec["selector"], before["selector"])) check.invalid("spec.selector", shownSelector(spec["selector"]), "field is immutable")
  checkTemplateUpdate(check, job, old)
  for (const name of ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"]) {
    if (jsonEqual(spec[name], before[name])) continue
    const type = { podFailurePolicy: "batch.PodFailurePolicy", successPolicy: "batch.SuccessPolicy" }[name]
    const shown = type === undefined || spec[name] === undefined ? spec[name] : internalForm(type, spec[name])
    check.invalid(`spec.${name}`, shown, "field is immutable")
  }
}
