/** What scales workloads by what is measured. */
import { dnsLabelErrors, pathSegmentErrors } from "../../internal/nameRules.ts"
import type { Fields } from "../Sharing.ts"
import { count, items, part, text, type Check } from "./Check.ts"
import { checkContainerResourceName, compareQuantities } from "./Quantities.ts"

const checkNamed = (check: Check, field: string, value: string, missing = ""): void => {
  if (value === "") check.required(field, missing)
  else check.texts(field, value, pathSegmentErrors(value))
}

const checkReference = (check: Check, field: string, reference: Fields, anyGroup: boolean): void => {
  checkNamed(check, `${field}.kind`, text(reference, "kind"))
  checkNamed(check, `${field}.name`, text(reference, "name"))
  const apiVersion = text(reference, "apiVersion")
  const slashes = apiVersion.split("/").length - 1
  if (slashes > 1) check.invalid(`${field}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)
  else if (!anyGroup && slashes === 0) check.invalid(`${field}.apiVersion`, apiVersion, "apiVersion must specify API group")
}

const checkTarget = (check: Check, field: string, target: Fields): void => {
  const type = text(target, "type")
  if (type === "") check.required(`${field}.type`, "must specify a metric target type")
  if (!["Utilization", "Value", "AverageValue"].includes(type)) {
    check.invalid(`${field}.type`, type, "must be either Utilization, Value, or AverageValue")
  }
  for (const name of ["value", "averageValue"]) {
    if (target[name] !== undefined && compareQuantities(target[name], "0") <= 0) check.invalid(`${field}.${name}`, target[name], "must be positive")
  }
  const share = target["averageUtilization"]
  if (typeof share === "number" && share < 1) check.invalid(`${field}.averageUtilization`, share, "must be greater than 0")
}

const checkIdentifier = (check: Check, field: string, source: Fields): void =>
  checkNamed(check, `${field}.metric.name`, text(part(source, "metric"), "name"), "must specify a metric name")

type Source = (check: Check, field: string, source: Fields, target: Fields) => void

const checkUse = (check: Check, field: string, target: Fields): void => {
  const { averageUtilization, averageValue } = target
  if (averageUtilization === undefined && averageValue === undefined) {
    check.required(`${field}.target.averageUtilization`, "must set either a target raw value or a target utilization")
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    check.forbidden(`${field}.target.averageValue`, "may not set both a target raw value and a target utilization")
  }
}

/** By field; in the order in which the first one counts. */
const sources: Readonly<Record<string, Source>> = {
  object: (check, field, source, target) => {
    checkReference(check, `${field}.describedObject`, part(source, "describedObject") ?? {}, true)
    checkIdentifier(check, field, source)
    checkTarget(check, `${field}.target`, target)
    if (target["value"] === undefined && target["averageValue"] === undefined) {
      check.required(`${field}.target.averageValue`, "must set either a target value or averageValue")
    }
  },
  external: (check, field, source, target) => {
    checkIdentifier(check, field, source)
    checkTarget(check, `${field}.target`, target)
    const [value, average] = [target["value"], target["averageValue"]]
    if (value === undefined && average === undefined) {
      check.required(`${field}.target.averageValue`, "must set either a target value for metric or a per-pod target")
    }
    if (value !== undefined && average !== undefined) {
      check.forbidden(`${field}.target.value`, "may not set both a target value for metric and a per-pod target")
    }
  },
  pods: (check, field, source, target) => {
    checkIdentifier(check, field, source)
    checkTarget(check, `${field}.target`, target)
    if (target["averageValue"] === undefined) check.required(`${field}.target.averageValue`, "must specify a positive target averageValue")
  },
  resource: (check, field, source, target) => {
    if (text(source, "name") === "") check.required(`${field}.name`, "must specify a resource name")
    checkTarget(check, `${field}.target`, target)
    checkUse(check, field, target)
  },
  containerResource: (check, field, source, target) => {
    const [name, container] = [text(source, "name"), text(source, "container")]
    if (name === "") check.required(`${field}.name`, "must specify a resource name")
    else checkContainerResourceName(check, `${field}.name`, name)
    if (container === "") check.required(`${field}.container`, "must specify a container")
    else check.texts(`${field}.container`, container, dnsLabelErrors(container))
    checkTarget(check, `${field}.target`, target)
    checkUse(check, field, target)
  }
}

const fieldOfType: Readonly<Record<string, string>> = {
  ContainerResource: "containerResource", External: "external", Object: "object", Pods: "pods", Resource: "resource"
}

const checkMetric = (check: Check, field: string, metric: Fields): void => {
  const type = text(metric, "type")
  const expected = fieldOfType[type]
  const types = Object.keys(fieldOfType)
  if (type === "") check.required(`${field}.type`, "must specify a metric source type")
  if (expected === undefined) check.unsupported(`${field}.type`, type, types)
  const present = Object.keys(sources).filter((name) => part(metric, name) !== undefined)
  const [first] = present
  if (first !== undefined) {
    const source = part(metric, first) ?? {}
    sources[first]?.(check, `${field}.${first}`, source, part(source, "target") ?? {})
  }
  if (expected === undefined) check.unsupported(`${field}.type`, type, types)
  else if (part(metric, expected) === undefined) check.required(`${field}.${expected}`, "must populate information for the given metric source")
  if (present.length === 1) return
  for (const name of present) if (name !== expected) check.forbidden(`${field}.${name}`, "must populate the given metric source only")
}

const checkScalingRules = (check: Check, field: string, rules: Fields): void => {
  const window = rules["stabilizationWindowSeconds"]
  if (typeof window === "number" && window < 0) check.invalid(`${field}.stabilizationWindowSeconds`, window, "must be greater than or equal to zero")
  if (typeof window === "number" && window > 3600) check.invalid(`${field}.stabilizationWindowSeconds`, window, "must be less than or equal to 3600")
  if (rules["selectPolicy"] !== undefined) check.oneOf(`${field}.selectPolicy`, rules["selectPolicy"], ["Disabled", "Max", "Min"])
  const policies = items(rules["policies"])
  if (policies.length === 0) check.required(`${field}.policies`, "must specify at least one Policy")
  policies.forEach((policy, i) => {
    const [at, seconds] = [`${field}.policies[${i}]`, count(policy, "periodSeconds")]
    check.oneOf(`${at}.type`, policy["type"], ["Percent", "Pods"])
    if (count(policy, "value") <= 0) check.invalid(`${at}.value`, count(policy, "value"), "must be greater than zero")
    if (seconds <= 0) check.invalid(`${at}.periodSeconds`, seconds, "must be greater than zero")
    if (seconds > 1800) check.invalid(`${at}.periodSeconds`, seconds, "must be less than or equal to 1800")
  })
  const tolerance = rules["tolerance"]
  if (tolerance !== undefined && compareQuantities(tolerance, "0") < 0) check.invalid(`${field}.tolerance`, tolerance, "must be greater than or equal to 0")
}

/** An autoscaler, new or changed. */
export const checkAutoscaler = (check: Check, autoscaler: Fields): void => {
  const spec = part(autoscaler, "spec") ?? {}
  const [min, max] = [spec["minReplicas"], count(spec, "maxReplicas")]
  if (typeof min === "number" && min < 1) check.invalid("spec.minReplicas", min, "must be greater than or equal to 1")
  if (max === 0) check.required("spec.maxReplicas", "must be set and greater than 0")
  else if (max < 0) check.invalid("spec.maxReplicas", max, "must be greater than or equal to 1")
  if (typeof min === "number" && max < min) check.invalid("spec.maxReplicas", max, "must be greater than or equal to `minReplicas`")
  checkReference(check, "spec.scaleTargetRef", part(spec, "scaleTargetRef") ?? {}, false)
  items(spec["metrics"]).forEach((metric, i) => checkMetric(check, `spec.metrics[${i}]`, metric))
  for (const name of ["scaleUp", "scaleDown"]) {
    const rules = part(part(spec, "behavior"), name)
    if (rules !== undefined) checkScalingRules(check, `spec.behavior.${name}`, rules)
  }
}

/** What an autoscaler did. */
export const checkAutoscalerStatus = (check: Check, autoscaler: Fields): void => {
  for (const name of ["currentReplicas", "desiredReplicas"]) check.notNegative(`status.${name}`, part(autoscaler, "status")?.[name])
}
