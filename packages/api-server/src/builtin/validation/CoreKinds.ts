/** Config maps, secrets, namespaces, nodes, events and service accounts. */
import { jsonEqual } from "@fairlead/kube"
import { labelValueErrors, qualifiedNameErrors, subdomainErrors } from "../../internal/nameRules.ts"
import { internalForm } from "../InternalForm.ts"
import type { Fields } from "../Sharing.ts"
import { count, items, part, text, texts, type Check } from "./Check.ts"
import { cidrErrors, configKeyErrors } from "./Formats.ts"
import { checkQuantity } from "./Quantities.ts"
import { checkEffect } from "./Scheduling.ts"

const dataMax = 1024 * 1024

const bytesOf = (text: string): number => {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    // Half of a surrogate pair counts two of its four bytes.
    if (code >= 0x80) bytes += code >= 0x800 && (code < 0xd800 || code > 0xdfff) ? 2 : 1
  }
  return bytes
}

const decodedBytes = (base64: string): number => (base64.length / 4) * 3 - (base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0)

/** Contents of a config map. */
export const checkConfigMap = (check: Check, map: Fields): void => {
  const [data, binary] = [part(map, "data") ?? {}, part(map, "binaryData") ?? {}]
  let characters = 0
  for (const key in data) {
    const errors = configKeyErrors(key)
    if (errors.length > 0) check.texts(`data[${key}]`, key, errors)
    if (Object.hasOwn(binary, key)) check.invalid(`data[${key}]`, key, "duplicate of key present in binaryData")
    characters += String(data[key]).length
  }
  for (const key in binary) {
    check.texts(`binaryData[${key}]`, key, configKeyErrors(key))
    characters += String(binary[key]).length
  }
  // A character has three bytes at most, so that few maps have to be measured.
  if (3 * characters > dataMax && sizeOfData(data, binary) > dataMax) check.tooLong("[]", dataMax)
}

const sizeOfData = (data: Fields, binary: Fields): number => {
  let size = 0
  for (const key in data) size += bytesOf(String(data[key]))
  for (const key in binary) size += decodedBytes(String(binary[key]))
  return size
}

const whenImmutable = "field is immutable when `immutable` is set"

const checkImmutable = (check: Check, object: Fields, old: Fields, fields: ReadonlyArray<string>): void => {
  if (old["immutable"] !== true) return
  if (object["immutable"] !== true) check.forbidden("immutable", whenImmutable)
  for (const name of fields) if (!jsonEqual(object[name] ?? {}, old[name] ?? {})) check.forbidden(name, whenImmutable)
}

/** An update of a config map. */
export const checkConfigMapUpdate = (check: Check, map: Fields, old: Fields): void => {
  checkImmutable(check, map, old, ["data", "binaryData"])
  checkConfigMap(check, map)
}

const isJsonObject = (base64: string): boolean => {
  try {
    const parsed: unknown = JSON.parse(atob(base64))
    return parsed === null || (typeof parsed === "object" && !Array.isArray(parsed))
  } catch {
    return false
  }
}

const checkDockerConfig = (check: Check, data: Fields, key: string): void => {
  if (data[key] === undefined) check.required(`data[${key}]`)
  else if (!isJsonObject(String(data[key]))) check.invalid(`data[${key}]`, "<secret contents redacted>", "invalid character looking for beginning of value")
}

/** Contents of a secret, as its type wants them. */
export const checkSecret = (check: Check, secret: Fields): void => {
  const data = part(secret, "data") ?? {}
  let size = 0
  for (const key in data) {
    check.texts(`data[${key}]`, key, configKeyErrors(key))
    size += decodedBytes(String(data[key]))
  }
  if (size > dataMax) check.tooLong("data", dataMax)
  const need = (...keys: ReadonlyArray<string>): void => keys.forEach((key) => data[key] === undefined && check.required(`data[${key}]`))
  switch (text(secret, "type")) {
    case "kubernetes.io/service-account-token": {
      const key = "kubernetes.io/service-account.name"
      if (text(part(part(secret, "metadata"), "annotations"), key) === "") check.required(`metadata.annotations[${key}]`)
      break
    }
    case "kubernetes.io/dockercfg":
      return checkDockerConfig(check, data, ".dockercfg")
    case "kubernetes.io/dockerconfigjson":
      return checkDockerConfig(check, data, ".dockerconfigjson")
    case "kubernetes.io/basic-auth":
      if (data["username"] === undefined && data["password"] === undefined) need("username", "password")
      break
    case "kubernetes.io/ssh-auth":
      if (text(data, "ssh-privatekey") === "") check.required("data[ssh-privatekey]")
      break
    case "kubernetes.io/tls":
      need("tls.crt", "tls.key")
      break
    default:
  }
}

/** An update of a secret. */
export const checkSecretUpdate = (check: Check, secret: Fields, old: Fields): void => {
  check.immutable("type", secret["type"] ?? "", old["type"] ?? "")
  checkImmutable(check, secret, old, ["data"])
  checkSecret(check, secret)
}

/** Finalizers in the spec of a namespace. */
export const checkNamespaceFinalizers = (check: Check, namespace: Fields, indexed: boolean): void => {
  texts(part(namespace, "spec")?.["finalizers"]).forEach((finalizer, i) => {
    const field = indexed ? `spec.finalizers[${i}]` : "spec.finalizers"
    check.texts(field, finalizer, qualifiedNameErrors(finalizer))
    const standard = finalizer === "kubernetes" || finalizer === "orphan" || finalizer === "foregroundDeletion"
    if (!finalizer.includes("/") && !standard) check.invalid(field, finalizer, "name is neither a standard finalizer name nor is it fully qualified")
  })
}

/** The phase of a namespace goes with its deletion. */
export const checkNamespaceStatus = (check: Check, namespace: Fields): void => {
  const phase = text(part(namespace, "status"), "phase")
  const deleted = part(namespace, "metadata")?.["deletionTimestamp"] !== undefined
  if (!deleted && phase !== "Active") check.invalid("status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty")
  if (deleted && phase !== "Terminating") check.invalid("status.Phase", phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")
}

const checkTaints = (check: Check, taints: ReadonlyArray<Fields>): void => {
  const seen = new Set<string>()
  taints.forEach((taint, i) => {
    const at = `metadata.taints[${i}]`
    const [key, value, effect] = [text(taint, "key"), text(taint, "value"), text(taint, "effect")]
    check.texts(`${at}.key`, key, qualifiedNameErrors(key))
    const errors = labelValueErrors(value)
    if (errors.length > 0) check.invalid(`${at}.value`, value, errors.join(";"))
    if (effect === "") check.required(`${at}.effect`)
    else checkEffect(check, `${at}.effect`, effect)
    const pair = `${effect} ${key}`
    if (seen.has(pair)) {
      const shown = JSON.stringify(internalForm("core.Taint", taint))
      check.causes.push({ reason: "FieldValueDuplicate", message: `Duplicate value: ${shown}: taints must be unique by key and effect pair`, field: at })
    }
    seen.add(pair)
  })
}

const checkNodeResources = (check: Check, node: Fields): void => {
  for (const list of ["capacity", "allocatable"]) {
    const amounts = part(part(node, "status"), list) ?? {}
    for (const name in amounts) checkQuantity(check, `status.${list}.${name}`, name, amounts[name])
  }
}

/** A new node. */
export const checkNode = (check: Check, node: Fields): void => {
  const spec = part(node, "spec") ?? {}
  checkTaints(check, items(spec["taints"]))
  checkNodeResources(check, node)
  const ranges = texts(spec["podCIDRs"])
  ranges.forEach((range, i) => check.texts(`spec.podCIDRs[${i}]`, range, cidrErrors(range)))
  const families = new Set(ranges.map((range) => range.includes(":")))
  if (ranges.length > 1 && (families.size < 2 || ranges.length > 2)) check.invalid("spec.podCIDRs", ranges, "may specify no more than one CIDR for each IP family")
}

/** An update of a node, or of its status. */
export const checkNodeUpdate = (check: Check, node: Fields, old: Fields): void => {
  const [spec, before] = [part(node, "spec") ?? {}, part(old, "spec") ?? {}]
  checkNodeResources(check, node)
  const seen = new Set<string>()
  items(part(node, "status")?.["addresses"]).forEach((address, i) => {
    const key = `${text(address, "type")} ${text(address, "address")}`
    if (seen.has(key)) check.duplicate(`status.addresses[${i}]`, { Type: text(address, "type"), Address: text(address, "address") })
    seen.add(key)
  })
  const [ranges, oldRanges] = [texts(spec["podCIDRs"]), texts(before["podCIDRs"])]
  if (oldRanges.length > 0 && !jsonEqual(ranges, oldRanges)) {
    check.forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid")
  }
  if (text(before, "providerID") !== "" && before["providerID"] !== spec["providerID"]) {
    check.forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid")
  }
  checkTaints(check, items(spec["taints"]))
}

/** Events of both groups; those of the old group are checked loosely unless they have an event time. */
export const checkEvent = (check: Check, event: Fields, isNew: boolean): void => {
  const field = isNew ? "reportingController" : "reportingComponent"
  const regarding = part(event, isNew ? "regarding" : "involvedObject") ?? {}
  const namespace = text(part(event, "metadata"), "namespace")
  const about = text(regarding, "namespace")
  const mismatch = (): void => check.invalid("involvedObject.namespace", about, "does not match event.namespace")
  const timed = event["eventTime"] !== undefined && event["eventTime"] !== null
  if (!timed) {
    if (about === "" ? namespace !== "" && namespace !== "default" : namespace !== about) mismatch()
  } else {
    if (about === "" && namespace !== "default" && namespace !== "kube-system") mismatch()
    checkReporter(check, event, field, isNew)
  }
  check.texts("namespace", namespace, subdomainErrors(namespace))
}

const checkReporter = (check: Check, event: Fields, field: string, isNew: boolean): void => {
  const [controller, instance] = [text(event, field), text(event, "reportingInstance")]
  if (controller === "") check.required(field)
  check.texts(field, controller, qualifiedNameErrors(controller))
  if (instance === "") check.required("reportingInstance")
  if (instance.length > 128) check.invalid("reportingInstance", "", "can have at most 128 characters")
  for (const name of ["action", "reason"]) {
    if (text(event, name) === "") check.required(name)
    if (text(event, name).length > 128) check.invalid(name, "", "can have at most 128 characters")
  }
  if (text(event, isNew ? "note" : "message").length > 1024) check.invalid("message", "", "can have at most 1024 characters")
}

const checkSeries = (check: Check, event: Fields): void => {
  const series = part(event, "series")
  if (series === undefined) return
  if (count(series, "count") < 2) check.invalid("series.count", "", "should be at least 2")
  if (series["lastObservedTime"] === null || series["lastObservedTime"] === undefined) check.required("series.lastObservedTime")
}

/** A new event of the new group. */
export const checkNewEvent = (check: Check, event: Fields): void => {
  checkEvent(check, event, true)
  checkSeries(check, event)
  if (event["eventTime"] === null || event["eventTime"] === undefined) check.required("eventTime")
  const type = text(event, "type")
  if (type !== "Normal" && type !== "Warning") check.invalid("type", "", `has invalid value: ${type}`)
  for (const [name, shown] of [["deprecatedFirstTimestamp", "firstTimestamp"], ["deprecatedLastTimestamp", "lastTimestamp"]] as const) {
    if (event[name] !== undefined && event[name] !== null) check.invalid(shown, "", "needs to be unset")
  }
  if (count(event, "deprecatedCount") !== 0) check.invalid("count", "", "needs to be unset")
  const source = part(event, "deprecatedSource") ?? {}
  if (text(source, "component") !== "" || text(source, "host") !== "") check.invalid("source", "", "needs to be unset")
}

const fixedInEvents: ReadonlyArray<readonly [string, string]> = [
  ["regarding", "involvedObject"], ["reason", "reason"], ["note", "message"], ["deprecatedSource", "source"], ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"], ["deprecatedCount", "count"], ["type", "type"], ["eventTime", "eventTime"], ["action", "action"],
  ["related", "related"], ["reportingController", "reportingController"], ["reportingInstance", "reportingInstance"]
]

/** An event of the new group can only go on counting. */
export const checkNewEventUpdate = (check: Check, event: Fields, old: Fields): void => {
  checkEvent(check, event, true)
  if (!jsonEqual(event["series"], old["series"])) checkSeries(check, event)
  for (const [name, shown] of fixedInEvents) if (!jsonEqual(event[name], old[name])) check.invalid(shown, event[name], "field is immutable")
}
