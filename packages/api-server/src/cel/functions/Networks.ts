/** URLs, addresses and networks in expressions. */
import { goQuote } from "../../builtin/GoText.ts"
import { type GoUrl, hostnameOf, parseAnyUrl, parseRequestUri, portOf, queryOf } from "../net/GoUrl.ts"
import { addressProblem, networkProblem } from "../net/AddressProblems.ts"
import { type Cidr, containsIp, type IpAddress, isMapped, maskedIp, parseCidr, parseIp, printCidr, printIp } from "../net/IpAddress.ts"
import { parseType } from "../types/Type.ts"
import { EntryMap, fail, ItemList, Opaque, type Value } from "../values/Value.ts"
import { type Declared, declare } from "./Declare.ts"

const urlType = parseType("kubernetes.URL")
const ipType = parseType("net.IP")
const cidrType = parseType("net.CIDR")

class UrlValue extends Opaque {
  readonly type = urlType
  readonly url: GoUrl
  constructor(url: GoUrl) {
    super()
    this.url = url
  }

  equals(other: Value): boolean {
    return other instanceof UrlValue && other.url.text === this.url.text
  }
}

class IpValue extends Opaque {
  readonly type = ipType
  readonly address: IpAddress
  constructor(address: IpAddress) {
    super()
    this.address = address
  }

  override get size(): number {
    return Math.ceil(this.address.bits / 8)
  }

  equals(other: Value): boolean {
    return other instanceof IpValue && other.address.bits === this.address.bits && other.address.value === this.address.value
  }
}

class CidrValue extends Opaque {
  readonly type = cidrType
  readonly cidr: Cidr
  constructor(cidr: Cidr) {
    super()
    this.cidr = cidr
  }

  override get size(): number {
    return Math.ceil(this.cidr.prefix / 8)
  }

  equals(other: Value): boolean {
    return other instanceof CidrValue && printCidr(other.cidr) === printCidr(this.cidr)
  }
}

const url = (text: string): UrlValue => {
  const checked = parseRequestUri(text)
  const parsed = typeof checked === "string" ? checked : parseAnyUrl(text)
  return typeof parsed === "string" ? fail(`URL parse error during conversion from string: ${parsed}`) : new UrlValue(parsed)
}

const addressOf = (text: string): IpAddress => {
  const zone = text.indexOf("%")
  if (zone > 0 && text.includes(":") && parseIp(text.slice(0, zone)) !== undefined) return fail(`IP address ${goQuote(text)} with zone value is not allowed`)
  const address = parseIp(text)
  if (address === undefined) return fail(`IP Address ${goQuote(text)} parse error during conversion from string: ${addressProblem(text)}`)
  return isMapped(address) ? fail(`IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`) : address
}

const isIp = (text: string): boolean => {
  const address = parseIp(text)
  return address !== undefined && !isMapped(address)
}

const cidr = (text: string): CidrValue => {
  const twice = "network address parse error during conversion from string: "
  const parsed = parseCidr(text)
  if (parsed === undefined) return fail(`${twice}${twice}${networkProblem(text, (address) => parseIp(address) !== undefined)}`)
  return isMapped(parsed.address) ? fail(`${twice}IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`) : new CidrValue(parsed)
}

const isCidr = (text: string): boolean => {
  const parsed = parseCidr(text)
  return parsed !== undefined && !isMapped(parsed.address)
}

const containsCidr = (network: Cidr, inner: Cidr): boolean =>
  network.prefix <= inner.prefix && (containsIp(network, inner.address) || containsIp(inner, network.address))

const query = ({ url: parsed }: UrlValue): Value =>
  new EntryMap(Array.from(queryOf(parsed), ([key, values]) => [key, new ItemList(values)] as const))

const inRange = (address: IpAddress, four: string, six: string): boolean => {
  const range = parseCidr(address.bits === 32 ? four : six)
  return range !== undefined && containsIp(range, address)
}

const isUnspecified = ({ value }: IpAddress): boolean => value === 0n
const isLoopback = (address: IpAddress): boolean => inRange(address, "127.0.0.0/8", "::1/128")
const isLinkLocalMulticast = (address: IpAddress): boolean =>
  address.bits === 32 ? inRange(address, "224.0.0.0/24", "") : (address.value >> 112n & 0xff0fn) === 0xff02n
const isMulticast = (address: IpAddress): boolean => inRange(address, "224.0.0.0/4", "ff00::/8")
const isLinkLocalUnicast = (address: IpAddress): boolean => inRange(address, "169.254.0.0/16", "fe80::/10")

const isGlobalUnicast = (address: IpAddress): boolean =>
  !isUnspecified(address) && !isLoopback(address) && !isMulticast(address) && !isLinkLocalUnicast(address) &&
  !(address.bits === 32 && address.value === 0xffff_ffffn)

const ipTests = { isUnspecified, isLoopback, isLinkLocalMulticast, isLinkLocalUnicast, isGlobalUnicast }

/** Functions on URLs, addresses and networks. */
export const networks: ReadonlyArray<Declared> = [
  declare("url(string) -> kubernetes.URL", url),
  declare("isURL(string) -> bool", (text: string) => typeof parseRequestUri(text) !== "string"),
  declare("getScheme.(kubernetes.URL) -> string", ({ url: { scheme } }: UrlValue) => scheme),
  declare("getHost.(kubernetes.URL) -> string", ({ url: { host } }: UrlValue) => host),
  declare("getHostname.(kubernetes.URL) -> string", ({ url: parsed }: UrlValue) => hostnameOf(parsed)),
  declare("getPort.(kubernetes.URL) -> string", ({ url: parsed }: UrlValue) => portOf(parsed)),
  declare("getEscapedPath.(kubernetes.URL) -> string", ({ url: { escapedPath } }: UrlValue) => escapedPath),
  declare("getQuery.(kubernetes.URL) -> map(string, list(string))", query),
  declare("ip(string) -> net.IP", (text: string) => new IpValue(addressOf(text))),
  declare("ip.(net.CIDR) -> net.IP", (value: CidrValue) => new IpValue(value.cidr.address)),
  declare("isIP(string) -> bool", isIp),
  declare("ip.isCanonical(string) -> bool", (text: string) => printIp(addressOf(text)) === text),
  declare("string(net.IP) -> string", (value: IpValue) => printIp(value.address)),
  declare("family.(net.IP) -> int", (value: IpValue) => (value.address.bits === 32 ? 4n : 6n)),
  ...Object.entries(ipTests).map(([name, test]) => declare(`${name}.(net.IP) -> bool`, (value: IpValue) => test(value.address))),
  declare("cidr(string) -> net.CIDR", cidr),
  declare("isCIDR(string) -> bool", isCidr),
  declare("string(net.CIDR) -> string", (value: CidrValue) => printCidr(value.cidr)),
  declare("containsIP.(net.CIDR, string) -> bool", (network: CidrValue, text: string) => (isIp(text) ? containsIp(network.cidr, addressOf(text)) : fail("no such overload"))),
  declare("containsIP.(net.CIDR, net.IP) -> bool", (network: CidrValue, value: IpValue) => containsIp(network.cidr, value.address)),
  declare("containsCIDR.(net.CIDR, string) -> bool", (network: CidrValue, text: string) => containsCidr(network.cidr, cidr(text).cidr)),
  declare("containsCIDR.(net.CIDR, net.CIDR) -> bool", (network: CidrValue, other: CidrValue) => containsCidr(network.cidr, other.cidr)),
  declare("masked.(net.CIDR) -> net.CIDR", ({ cidr: network }: CidrValue) => new CidrValue({ address: maskedIp(network), prefix: network.prefix })),
  declare("prefixLength.(net.CIDR) -> int", (value: CidrValue) => BigInt(value.cidr.prefix))
]
