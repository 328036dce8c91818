/** Addresses of endpoints and services. */
import { jsonEqual } from "@fairlead/kube"
import { dnsLabelErrors, subdomainErrors } from "../../internal/nameRules.ts"
import { count, items, text, type Check } from "./Check.ts"
import { ipErrors, ipFamilyOf, portErrors } from "./Formats.ts"
import type { Fields } from "../Sharing.ts"

/** Protocols of ports, in the order of messages. */
export const portProtocols = ["SCTP", "TCP", "UDP"]

const specialTexts = (ip: string): ReadonlyArray<string> => {
  const v6 = ip.toLowerCase()
  const found: Array<string> = []
  if (ip === "0.0.0.0" || (ipFamilyOf(ip) === "IPv6" && /^[0:]+$/.test(ip))) found.push(`may not be unspecified (${ip})`)
  if (ip.startsWith("127.") || (ipFamilyOf(ip) === "IPv6" && /^[0:]*:0*1$/.test(ip))) found.push("may not be in the loopback range (127.0.0.0/8, ::1/128)")
  if (ip.startsWith("169.254.") || /^fe[89ab][0-9a-f]:/.test(v6)) found.push("may not be in the link-local range (169.254.0.0/16, fe80::/10)")
  if (ip.startsWith("224.0.0.") || /^ff[0-9a-f]2:/.test(v6)) found.push("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
  return found
}

/** An address to which traffic may go: none of the special ones. */
export const checkEndpointIp = (check: Check, field: string, ip: string): void => {
  if (ipFamilyOf(ip) === undefined) check.invalid(field, ip, "must be a valid IP address")
  else check.texts(field, ip, specialTexts(ip))
}

const checkAddress = (check: Check, field: string, address: Fields): void => {
  const ip = text(address, "ip")
  check.texts(`${field}.ip`, ip, ipErrors(ip))
  const hostname = text(address, "hostname")
  if (hostname !== "") check.texts(`${field}.hostname`, hostname, dnsLabelErrors(hostname))
  if (typeof address["nodeName"] === "string") check.texts(`${field}.nodeName`, address["nodeName"], subdomainErrors(address["nodeName"]))
  checkEndpointIp(check, `${field}.ip`, ip)
}

const checkPort = (check: Check, field: string, port: Fields, named: boolean): void => {
  const name = text(port, "name")
  if (named && name === "") check.required(`${field}.name`)
  else if (name !== "") check.dnsLabel(`${field}.name`, name)
  check.texts(`${field}.port`, count(port, "port"), portErrors(count(port, "port")))
  check.oneOfRequired(`${field}.protocol`, port["protocol"], portProtocols)
  if (typeof port["appProtocol"] === "string") check.qualifiedName(`${field}.appProtocol`, port["appProtocol"])
}

/** Endpoints; what was wrong already may stay. */
export const checkEndpoints = (check: Check, endpoints: Fields, old?: Fields): void => {
  if (old !== undefined && jsonEqual(endpoints["subsets"], old["subsets"])) return
  items(endpoints["subsets"]).forEach((subset, i) => {
    const at = `subsets[${i}]`
    const [ready, unready, ports] = [items(subset["addresses"]), items(subset["notReadyAddresses"]), items(subset["ports"])]
    if (ready.length === 0 && unready.length === 0) check.required(at, "must specify `addresses` or `notReadyAddresses`")
    ready.forEach((address, j) => checkAddress(check, `${at}.addresses[${j}]`, address))
    unready.forEach((address, j) => checkAddress(check, `${at}.notReadyAddresses[${j}]`, address))
    ports.forEach((port, j) => checkPort(check, `${at}.ports[${j}]`, port, ports.length > 1))
  })
}
