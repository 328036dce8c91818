/** Slices of endpoints. */
import { jsonEqual } from "@fairlead/kube"
import { dnsLabelErrors, labelValueErrors, subdomainErrors } from "../../internal/nameRules.ts"
import type { Fields } from "../Sharing.ts"
import { checkEndpointIp, portProtocols } from "./Addresses.ts"
import { items, part, text, texts, type Check } from "./Check.ts"
import { canonicalIp, ipErrors, ipFamilyOf } from "./Formats.ts"

const checkDomain = (check: Check, field: string, address: string): void => {
  if (address === "") return check.required(field)
  const name = address.replace(/\.$/, "")
  const errors = subdomainErrors(name)
  if (errors.length > 0) return check.invalid(field, name, errors.join(","))
  const labels = name.split(".")
  if (labels.length < 2) return check.invalid(field, name, "should be a domain with at least two segments separated by dots")
  const bad = labels.find((label) => dnsLabelErrors(label).length > 0)
  if (bad !== undefined) check.invalid(field, bad, dnsLabelErrors(bad).join(","))
}

const checkIp = (check: Check, list: string, i: number, address: string, family: "IPv4" | "IPv6"): void => {
  const field = `${list}[${i}]`
  const errors = ipErrors(address)
  if (errors.length > 0) return check.texts(field, address, errors)
  const best = canonicalIp(address)
  if (family === "IPv6" && best !== address) return check.invalid(field, address, `must be in canonical form (${JSON.stringify(best)})`)
  if (ipFamilyOf(address) !== family) check.invalid(list, address, `must be an ${family} address`)
  checkEndpointIp(check, field, address)
}

const checkHints = (check: Check, field: string, hints: Fields): void => {
  for (const [list, problems] of [["forZones", labelValueErrors], ["forNodes", subdomainErrors]] as const) {
    const all = items(hints[list]).map((hint) => text(hint, "name"))
    if (all.length > 8) return check.tooMany(`${field}.${list}`, all.length, 8)
    all.forEach((name, i) => {
      if (all.indexOf(name) < i) check.duplicate(`${field}.${list}[${i}].name`, name)
      check.texts(`${field}.${list}[${i}].name`, name, problems(name))
    })
  }
}

const checkEndpoint = (check: Check, field: string, endpoint: Fields, type: string): void => {
  const list = `${field}.addresses`
  const addresses = texts(endpoint["addresses"])
  if (addresses.length === 0) check.required(list, "must contain at least 1 address")
  if (addresses.length > 100) check.tooMany(list, addresses.length, 100)
  addresses.forEach((address, i) => {
    if (type === "IPv4" || type === "IPv6") checkIp(check, list, i, address, type)
    else if (type === "FQDN") checkDomain(check, `${list}[${i}]`, address)
  })
  if (typeof endpoint["nodeName"] === "string") check.subdomain(`${field}.nodeName`, endpoint["nodeName"])
  check.labels(`${field}.deprecatedTopology`, endpoint["deprecatedTopology"])
  if (typeof endpoint["hostname"] === "string") check.dnsLabel(`${field}.hostname`, endpoint["hostname"])
  const hints = part(endpoint, "hints")
  if (hints !== undefined) checkHints(check, `${field}.hints`, hints)
}

const checkPorts = (check: Check, ports: ReadonlyArray<Fields>): void => {
  const names = new Set<string>()
  ports.forEach((port, i) => {
    const [at, name] = [`ports[${i}]`, text(port, "name")]
    if (name !== "") check.dnsLabel(`${at}.name`, name)
    if (names.has(name)) check.duplicate(`${at}.name`, name)
    names.add(name)
    if (port["protocol"] === undefined) check.required(`${at}.protocol`)
    else check.oneOf(`${at}.protocol`, port["protocol"], portProtocols)
    if (typeof port["appProtocol"] === "string") check.qualifiedName(`${at}.appProtocol`, port["appProtocol"])
  })
}

/** A slice, new or changed; endpoints that were wrong already may stay. */
export const checkEndpointSlice = (check: Check, slice: Fields, old?: Fields): void => {
  const type = text(slice, "addressType")
  check.oneOfRequired("addressType", type, ["FQDN", "IPv4", "IPv6"])
  checkPorts(check, items(slice["ports"]))
  const endpoints = items(slice["endpoints"])
  if (old === undefined || !jsonEqual(endpoints, old["endpoints"])) {
    if (endpoints.length > 1000) check.tooMany("endpoints", endpoints.length, 1000)
    else endpoints.forEach((endpoint, i) => checkEndpoint(check, `endpoints[${i}]`, endpoint, type))
  }
  if (old !== undefined) check.immutable("addressType", type, text(old, "addressType"))
}
