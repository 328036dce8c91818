/** Addresses of services as objects of their own, and the ranges they come from. */
import { jsonEqual } from "@fairlead/kube"
import { pathSegmentErrors } from "../../internal/nameRules.ts"
import type { Fields } from "../Sharing.ts"
import { part, text, texts, type Check } from "./Check.ts"
import { cidrErrors, ipFamilyOf } from "./Formats.ts"

const parentOf = (address: Fields): Fields | undefined => part(part(address, "spec"), "parentRef")

/** A new address: it belongs to something. */
export const checkAddress = (check: Check, address: Fields): void => {
  const parent = parentOf(address)
  const field = "spec.parentRef"
  if (parent === undefined) return check.required(field)
  if (text(parent, "group") !== "") check.subdomain(`${field}.group`, text(parent, "group"))
  for (const name of ["resource", "name"]) {
    if (text(parent, name) === "") check.required(`${field}.${name}`)
    else check.texts(`${field}.${name}`, text(parent, name), pathSegmentErrors(text(parent, name)))
  }
  check.texts(`${field}.namespace`, text(parent, "namespace"), pathSegmentErrors(text(parent, "namespace")))
}

/** What an address belongs to stays. */
export const checkAddressUpdate = (check: Check, address: Fields, old: Fields): void => {
  const parent = parentOf(address)
  if (jsonEqual(parent, parentOf(old))) return
  const shown = parent === undefined ? null : Object.fromEntries(["Group", "Resource", "Namespace", "Name"].map((name) => [name, text(parent, name.toLowerCase())]))
  check.invalid("spec.parentRef", shown, "field is immutable")
}

const rangesOf = (object: Fields): ReadonlyArray<string> => texts(part(object, "spec")?.["cidrs"])

/** New ranges: one, or one of each family. */
export const checkRanges = (check: Check, object: Fields): void => {
  const ranges = rangesOf(object)
  const field = "spec.cidrs"
  if (ranges.length === 0) return check.required(field, "at least one CIDR required")
  if (ranges.length > 2) return check.invalid(field, { CIDRs: ranges }, "may only hold up to 2 values")
  ranges.forEach((range, i) => check.texts(`${field}[${i}]`, range, cidrErrors(range)))
  const [first, second] = ranges.map((range) => ipFamilyOf(range.split("/")[0]!))
  if (ranges.length === 2 && first === second && first !== undefined) {
    check.invalid(field, ranges, "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64")
  }
}

/** Ranges stay; a second family may be added. */
export const checkRangesUpdate = (check: Check, object: Fields, old: Fields): void => {
  const [ranges, before] = [rangesOf(object), rangesOf(old)]
  const fixed = (i: number): void => {
    if (ranges[i] !== before[i]) check.invalid(`spec.cidrs[${i}]`, ranges[i], "field is immutable")
  }
  if (ranges.length === before.length) before.forEach((_, i) => fixed(i))
  else if (before.length === 1 && ranges.length === 2) {
    fixed(0)
    checkRanges(check, object)
  } else check.invalid("spec.cidrs", ranges, "field is immutable")
}
