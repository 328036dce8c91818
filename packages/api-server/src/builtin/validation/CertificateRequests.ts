/** Requests for certificates. */
import type { StatusCause } from "@fairlead/kube"
import { duplicateValue, forbiddenValue, invalidValue, requiredValue, unsupportedValue } from "../../FieldCause.ts"
import { type Fields, isObject } from "../Sharing.ts"
import { items, part, text, texts } from "./Check.ts"

const decisions = ["Approved", "Denied"]

const decoded = (text: unknown): string => {
  try {
    return typeof text === "string" ? atob(text) : ""
  } catch {
    return ""
  }
}

const usages = [
  "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection",
  "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime",
  "server auth", "signing", "timestamping"
]

const secondsMin = 600

/** What is wrong with a new request. */
export const requestCauses = (object: Fields): ReadonlyArray<StatusCause> => {
  const spec = part(object, "spec") ?? {}
  const [request, signerName, asked, expirationSeconds] = [spec["request"], text(spec, "signerName"), texts(spec["usages"]), spec["expirationSeconds"]]
  const causes: Array<StatusCause> = []
  if (!/-----BEGIN CERTIFICATE REQUEST-----/.test(decoded(request))) causes.push(invalidValue("spec.request", request ?? "", "PEM block type must be CERTIFICATE REQUEST"))
  if (asked.length === 0) causes.push(requiredValue("spec.usages"))
  asked.forEach((usage, i) => {
    if (!usages.includes(usage)) causes.push(unsupportedValue(`spec.usages[${i}]`, usage, usages))
    if (asked.indexOf(usage) < i) causes.push(duplicateValue(`spec.usages[${i}]`, usage))
  })
  if (signerName === "") causes.push(requiredValue("spec.signerName"))
  else if (signerName.split("/").length !== 2) causes.push(invalidValue("spec.signerName", signerName, 'must be a fully qualified domain and path of the form "example.com/signer-name"'))
  if (typeof expirationSeconds === "number" && expirationSeconds < secondsMin) causes.push(invalidValue("spec.expirationSeconds", expirationSeconds, `may not specify a duration less than ${secondsMin} seconds (10 minutes)`))
  return causes
}

const conditionsOf = (object: Fields): ReadonlyArray<{ readonly type: string; readonly status: string }> =>
  items(part(object, "status")?.["conditions"]).filter(isObject).map((condition) => ({ type: text(condition, "type"), status: text(condition, "status") }))

const conditionCauses = (object: Fields): ReadonlyArray<StatusCause> => {
  const causes: Array<StatusCause> = []
  const all = conditionsOf(object)
  const exclusive = new Set<string>()
  all.forEach(({ status, type }, i) => {
    const at = `status.conditions[${i}]`
    if (type === "") causes.push(requiredValue(`${at}.type`))
    if (decisions.includes(type) || type === "Failed") {
      if (status === "") causes.push(requiredValue(`${at}.status`))
      else if (status !== "True") causes.push(unsupportedValue(`${at}.status`, status, ["True"]))
    } else if (status === "") causes.push(requiredValue(`${at}.status`))
    if (decisions.includes(type)) exclusive.add(type)
    if (exclusive.size > 1 && decisions.includes(type)) causes.push(invalidValue(`${at}.type`, type, "Approved and Denied conditions are mutually exclusive"))
    if (all.findIndex((other) => other.type === type) < i) causes.push(duplicateValue(`${at}.type`, type))
  })
  return causes
}

/** What is wrong with changed conditions: decisions stay, and only approval makes them. */
export const decisionCauses = (next: Fields, old: Fields, mayDecide: boolean): ReadonlyArray<StatusCause> => {
  const has = (object: Fields, type: string): boolean => conditionsOf(object).some((it) => it.type === type)
  const changes = decisions.flatMap((type) => {
    if (has(old, type) && !has(next, type)) return [forbiddenValue("status.conditions", `updates may not remove a condition of type ${JSON.stringify(type)}`)]
    return !mayDecide && !has(old, type) && has(next, type) ? [forbiddenValue("status.conditions", `updates may not add a condition of type ${JSON.stringify(type)}`)] : []
  })
  return [...conditionCauses(next), ...changes]
}
