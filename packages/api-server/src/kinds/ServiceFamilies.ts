/** Which address families a service has, on a cluster that knows IPv4 alone (kube-apiserver `initIPFamilyFields`). */
import { jsonEqual } from "@fairlead/kube"
import { invalid } from "../ApiFailure.ts"
import { Check } from "../builtin/validation/Check.ts"
import { ipFamilyOf } from "../builtin/validation/Formats.ts"
import { checkClusterIps } from "../builtin/validation/ServiceIps.ts"
import type { Fields } from "../builtin/Sharing.ts"
import { type Causes, invalidValue } from "../FieldCause.ts"
import type { ServiceSpec } from "./ServiceSpec.ts"

const none: ReadonlyArray<never> = []

/** Headless services without a selector may have any families. */
const isOpen = ({ clusterIP, selector }: ServiceSpec): boolean => clusterIP === "None" && Object.keys(selector ?? {}).length === 0

const sameFamilies = (spec: ServiceSpec, old: ServiceSpec): boolean => jsonEqual(spec.ipFamilies ?? none, old.ipFamilies ?? none)

const sameAddresses = (spec: ServiceSpec, old: ServiceSpec): boolean => spec.clusterIP === old.clusterIP && jsonEqual(spec.clusterIPs ?? none, old.clusterIPs ?? none)

const policyOf = (spec: ServiceSpec, old: ServiceSpec | undefined): string =>
  spec.ipFamilyPolicy ?? old?.ipFamilyPolicy ?? (isOpen(spec) ? "RequireDualStack" : "SingleStack")

/** Fills in families and policy. Throws `Invalid` where they cannot be had. */
export const withFamilies = (name: string, given: ServiceSpec, old?: ServiceSpec): ServiceSpec => {
  if (given.type === "ExternalName") return given
  const isSettled = old !== undefined && given.ipFamilyPolicy === "PreferDualStack" && old.ipFamilyPolicy === "PreferDualStack" &&
    given.type === old.type && sameAddresses(given, old) && sameFamilies(given, old)
  if (isSettled) return given
  const spec: ServiceSpec = { ...given, ipFamilyPolicy: policyOf(given, old) }
  refuseInvalid(name, checkAddresses(spec, old))
  const reduced = old === undefined ? spec : withoutSecond(spec, old)
  const causes: Causes = []
  checkPolicy(reduced, old, causes)
  const families = inferred(reduced, causes)
  refuseInvalid(name, causes)
  if (isOpen(reduced)) return { ...reduced, ipFamilies: openFamilies(families, reduced.ipFamilyPolicy) }
  if (reduced.ipFamilyPolicy === "RequireDualStack") {
    causes.push(invalidValue("spec.ipFamilyPolicy", "RequireDualStack", "this cluster is not configured for dual-stack services"))
  }
  families.forEach((family, i) => {
    if (family !== "IPv4") causes.push(invalidValue(`spec.ipFamilies[${i}]`, family, "not configured on this cluster"))
  })
  refuseInvalid(name, causes)
  return { ...reduced, ipFamilies: families.length > 0 ? families : ["IPv4"] }
}

const refuseInvalid = (name: string, causes: Causes): void => {
  if (causes.length > 0) throw invalid("Service", "", name, causes)
}

const checkAddresses = (spec: ServiceSpec, old: ServiceSpec | undefined): Causes => {
  const check = new Check([])
  checkClusterIps(check, spec as unknown as Fields, (old ?? {}) as unknown as Fields)
  return check.causes
}

/** A service that asks for a single stack gives up what it has of the second. */
const withoutSecond = (spec: ServiceSpec, old: ServiceSpec): ServiceSpec => {
  if (spec.ipFamilyPolicy !== "SingleStack") return spec
  return {
    ...spec,
    ...((spec.clusterIPs ?? none).length > 1 && sameAddresses(spec, old) ? { clusterIPs: spec.clusterIPs!.slice(0, 1) } : {}),
    ...((spec.ipFamilies ?? none).length > 1 && sameFamilies(spec, old) ? { ipFamilies: spec.ipFamilies!.slice(0, 1) } : {})
  }
}

const checkPolicy = ({ clusterIPs = none, ipFamilies = none, ipFamilyPolicy }: ServiceSpec, old: ServiceSpec | undefined, causes: Causes): void => {
  const field = "spec.ipFamilyPolicy"
  if (ipFamilyPolicy !== "SingleStack") {
    const released = (now: ReadonlyArray<string>, before: ReadonlyArray<string> = none): boolean => now.length > 0 && now.length < before.length
    if (released(clusterIPs, old?.clusterIPs)) causes.push(invalidValue(field, ipFamilyPolicy, "must be 'SingleStack' to release the secondary cluster IP"))
    if (released(ipFamilies, old?.ipFamilies)) causes.push(invalidValue(field, ipFamilyPolicy, "must be 'SingleStack' to release the secondary IP family"))
    return
  }
  const both = "must be 'RequireDualStack' or 'PreferDualStack' when multiple"
  if (clusterIPs.length === 2) causes.push(invalidValue(field, ipFamilyPolicy, `${both} cluster IPs are specified`))
  if (ipFamilies.length === 2) causes.push(invalidValue(field, ipFamilyPolicy, `${both} IP families are specified`))
}

/** The families given, and those of addresses beyond them. */
const inferred = ({ clusterIPs = none, ipFamilies = none }: ServiceSpec, causes: Causes): ReadonlyArray<string> => {
  const families = [...ipFamilies]
  clusterIPs.forEach((ip, i) => {
    if (ip === "None" || i < ipFamilies.length) return
    const family = ipFamilyOf(ip)
    if (family === "IPv4") families.push(family)
    else causes.push(invalidValue(`spec.clusterIPs[${i}]`, clusterIPs, `${family} is not configured on this cluster`))
  })
  return families
}

const openFamilies = (families: ReadonlyArray<string>, policy: string | undefined): ReadonlyArray<string> => {
  const [first = "IPv4"] = families
  if (families.length > 1 || policy === "SingleStack") return families.length > 0 ? families : [first]
  return [first, first === "IPv4" ? "IPv6" : "IPv4"]
}
