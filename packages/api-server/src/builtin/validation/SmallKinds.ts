/** Kinds with few rules. */
import { jsonEqual } from "@fairlead/kube"
import { qualifiedNameErrors } from "../../internal/nameRules.ts"
import { internalForm } from "../InternalForm.ts"
import type { Fields } from "../Sharing.ts"
import { count, items, part, specOf, text, type Check } from "./Check.ts"
import { checkConditions } from "./Conditions.ts"
import { checkPodTemplate } from "./PodSpec.ts"
import { checkResources } from "./Quantities.ts"
import { checkTolerations } from "./Scheduling.ts"
import { checkAtMostAll, checkIntOrPercent } from "./Workloads.ts"

const checkStrategy = (check: Check, field: string, strategy: string): void => {
  if (!strategy.includes("/")) check.oneOf(`${field}.strategy`, strategy, ["OldestEmulationVersion"])
  else check.texts(`${field}.strategy`, strategy, qualifiedNameErrors(strategy))
}

/** A lease, new or changed. */
export const checkLease = (check: Check, lease: Fields): void => {
  const spec = specOf(lease)
  check.positive("spec.leaseDurationSeconds", spec["leaseDurationSeconds"])
  check.notNegative("spec.leaseTransitions", spec["leaseTransitions"])
  if (typeof spec["strategy"] === "string") checkStrategy(check, "spec.strategy", spec["strategy"])
  if (text(spec, "preferredHolder") !== "" && text(spec, "strategy") === "") {
    check.forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined")
  }
}

/** A budget of disruptions, new or changed. */
export const checkDisruptionBudget = (check: Check, budget: Fields): void => {
  const spec = specOf(budget)
  const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy } = spec
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    check.invalid("spec", internalForm("policy.PodDisruptionBudgetSpec", spec), "minAvailable and maxUnavailable cannot be both set")
  }
  for (const name of ["minAvailable", "maxUnavailable"]) {
    if (spec[name] === undefined) continue
    checkIntOrPercent(check, `spec.${name}`, spec[name])
    checkAtMostAll(check, `spec.${name}`, spec[name])
  }
  check.labelSelector("spec.selector", spec["selector"])
  if (unhealthyPodEvictionPolicy !== undefined) {
    check.oneOf("spec.unhealthyPodEvictionPolicy", unhealthyPodEvictionPolicy, ["AlwaysAllow", "IfHealthyBudget"])
  }
}

/** What the controller of budgets found. */
export const checkDisruptionStatus = (check: Check, budget: Fields): void => {
  const status = part(budget, "status") ?? {}
  checkConditions(check, "status.conditions", status["conditions"])
  for (const name of ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"]) check.notNegative(`status.${name}`, status[name])
}

const systemPriorities: Readonly<Record<string, number>> = { "system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000 }

const systemPriorityProblem = (name: string, value: number, isDefault: boolean): string | undefined => {
  const expected = systemPriorities[name]
  if (expected === undefined) return `${name} is not a known system priority class`
  if (value !== expected) return `value of ${name} PriorityClass must be ${expected}`
  return isDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined
}

/** A class of priorities. */
export const checkPriorityClass = (check: Check, priority: Fields): void => {
  const [name, value] = [text(part(priority, "metadata"), "name"), count(priority, "value")]
  if (name.startsWith("system-")) {
    const problem = systemPriorityProblem(name, value, priority["globalDefault"] === true)
    const detail = "priority class names with 'system-' prefix are reserved for system use only. error: "
    if (problem !== undefined) check.forbidden("metadata.name", detail + problem)
  } else if (value > 1_000_000_000) check.forbidden("value", "maximum allowed value of a user defined priority is 1000000000")
  if (priority["preemptionPolicy"] !== undefined) check.oneOf("preemptionPolicy", priority["preemptionPolicy"], ["PreemptLowerPriority", "Never"])
}

/** What a class means stays. */
export const checkPriorityClassUpdate = (check: Check, priority: Fields, old: Fields): void => {
  if (count(priority, "value") !== count(old, "value")) check.forbidden("value", "may not be changed in an update.")
  check.immutable("preemptionPolicy", priority["preemptionPolicy"], old["preemptionPolicy"])
}

/** The template of a pod as an object of its own. */
export const checkTemplateObject = (check: Check, object: Fields): void => checkPodTemplate(check, "template", part(object, "template") ?? {})

/** A revision of a workload. */
export const checkRevision = (check: Check, revision: Fields): void => {
  check.notNegative("revision", revision["revision"])
  const data = revision["data"]
  if (data === undefined || data === null) check.required("data", "data is mandatory")
}

/** The contents of a revision stay. */
export const checkRevisionUpdate = (check: Check, revision: Fields, old: Fields): void => {
  check.notNegative("revision", revision["revision"])
  if (!jsonEqual(revision["data"], old["data"])) check.invalid("data", revision["data"], "field is immutable")
}

/** A class of ways to run containers. */
export const checkRuntimeClass = (check: Check, runtime: Fields): void => {
  const handler = text(runtime, "handler")
  if (handler === "") check.required("handler")
  else check.dnsLabel("handler", handler)
  const overhead = part(runtime, "overhead")
  if (overhead !== undefined) checkResources(check, "overhead", { limits: overhead["podFixed"] }, new Set())
  const scheduling = part(runtime, "scheduling")
  check.labels("scheduling.nodeSelector", scheduling?.["nodeSelector"])
  const tolerations = items(scheduling?.["tolerations"])
  checkTolerations(check, "scheduling.tolerations", tolerations)
  const keyOf = (one: Fields): string => JSON.stringify(["key", "operator", "value", "effect"].map((name) => text(one, name)))
  tolerations.forEach((one, i) => {
    if (tolerations.slice(0, i).some((other) => keyOf(other) === keyOf(one))) {
      check.duplicate(`scheduling.tolerations[${i}]`, internalForm("core.Toleration", one))
    }
  })
}

/** What a class of ways means stays. */
export const checkRuntimeClassUpdate = (check: Check, runtime: Fields, old: Fields): void =>
  check.immutable("handler", runtime["handler"], old["handler"])
