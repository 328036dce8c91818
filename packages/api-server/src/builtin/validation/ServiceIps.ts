/** The addresses inside the cluster that services have. */
import { texts, text, type Check } from "./Check.ts"
import { ipErrors, ipFamilyOf } from "./Formats.ts"
import type { Fields } from "../Sharing.ts"

/** Whether a service asks for no address. */
export const isHeadless = (spec: Fields): boolean => {
  const ips = texts(spec["clusterIPs"])
  return ips.length === 1 && ips[0] === "None"
}

const checkFamilies = (check: Check, spec: Fields): void => {
  const families = texts(spec["ipFamilies"])
  families.forEach((family, i) => {
    check.oneOf(`spec.ipFamilies[${i}]`, family, ["IPv4", "IPv6"])
    if (families.indexOf(family) < i) check.duplicate(`spec.ipFamilies[${i}]`, family)
  })
  const policy = spec["ipFamilyPolicy"]
  if (policy !== undefined) check.oneOf("spec.ipFamilyPolicy", policy, ["PreferDualStack", "RequireDualStack", "SingleStack"])
}

/** The addresses and families of a service; addresses that it had already may be in an old form. */
export const checkClusterIps = (check: Check, spec: Fields, old: Fields): void => {
  if (text(spec, "type") === "ExternalName") return
  const field = "spec.clusterIPs"
  const [ips, first] = [texts(spec["clusterIPs"]), text(spec, "clusterIP")]
  if (first === "") {
    if (ips.length > 0) check.invalid(field, ips, "must be empty when `clusterIP` is not specified")
  } else if (ips.length === 0) check.required(field)
  else if (ips[0] !== first) check.invalid(field, ips, "first value must match `clusterIP`")
  checkFamilies(check, spec)
  const kept = texts(old["clusterIPs"])
  let broken = false
  ips.forEach((ip, i) => {
    if (i === 0 && ip === "None") {
      if (ips.length === 1) return
      broken = true
      return check.invalid(field, ips, "'None' must be the first and only value")
    }
    const errors = kept.includes(ip) ? [] : ipErrors(ip)
    broken ||= errors.length > 0
    check.texts(`${field}[${i}]`, ip, errors)
  })
  if (ips.length > 2) check.invalid(field, ips, "may only hold up to 2 values")
  if (broken) return
  if (ips.length > 1 && new Set(ips.map(ipFamilyOf)).size < 2) check.invalid(field, ips, "may specify no more than one IP for each IP family")
  if (isHeadless(spec)) return
  const families = texts(spec["ipFamilies"])
  ips.slice(0, families.length).forEach((ip, i) => {
    if (families[i] !== ipFamilyOf(ip) && (families[i] === "IPv4" || families[i] === "IPv6")) {
      check.invalid(`${field}[${i}]`, ip, `expected an ${families[i]} value as indicated by \`ipFamilies[${i}]\``)
    }
  })
}

const checkRelease = (check: Check, spec: Fields, left: number, what: string): void => {
  if (left === 1 && spec["ipFamilyPolicy"] !== "SingleStack") {
    check.invalid("spec.ipFamilyPolicy", spec["ipFamilyPolicy"], `must be set to 'SingleStack' when releasing the secondary ${what}`)
  }
}

const once = "may not change once set"

const checkIpsUpdate = (check: Check, spec: Fields, old: Fields): void => {
  const [ips, before] = [texts(spec["clusterIPs"]), texts(old["clusterIPs"])]
  const shown = spec["clusterIPs"]
  if (before.length === ips.length) {
    before.forEach((ip, i) => ip !== ips[i] && check.invalid(`spec.clusterIPs[${i}]`, shown, once))
    return
  }
  if (ips.length === 0) check.invalid("spec.clusterIPs[0]", shown, "primary clusterIP can not be unset")
  if (before.length > 0 && ips.length > 0 && ips[0] !== before[0]) check.invalid("spec.clusterIPs[0]", shown, once)
  if (before.length > ips.length) checkRelease(check, spec, ips.length, "clusterIP")
}

const checkFamiliesUpdate = (check: Check, spec: Fields, old: Fields): void => {
  if (isHeadless(spec) || isHeadless(old)) return
  const [families, before] = [texts(spec["ipFamilies"]), texts(old["ipFamilies"])]
  const [shown, field] = [spec["ipFamilies"], "spec.ipFamilies[0]"]
  if (before.length === families.length) {
    before.forEach((family, i) => family !== families[i] && check.invalid(field, shown, once))
    return
  }
  if (before.length > families.length && texts(spec["clusterIPs"]).length === 0) check.invalid(field, shown, "primary ipFamily can not be unset")
  if (before.length > 0 && families.length > 0 && families[0] !== before[0]) check.invalid(field, spec["clusterIPs"], once)
  if (before.length > families.length) checkRelease(check, spec, families.length, "ipFamily")
}

/** What an update may change of addresses and families: a second one may come and go. */
export const checkClusterIpUpdate = (check: Check, spec: Fields, old: Fields): void => {
  if (text(spec, "type") === "ExternalName" || text(old, "type") === "ExternalName") return
  if (!(isHeadless(spec) && isHeadless(old))) checkIpsUpdate(check, spec, old)
  checkFamiliesUpdate(check, spec, old)
}
