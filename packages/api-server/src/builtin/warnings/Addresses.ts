/** Addresses in forms that are better avoided. */
import { canonicalIp, ipFamilyOf } from "../validation/Formats.ts"

const isAddress = (text: string): boolean => ipFamilyOf(text) !== undefined || /^\d+(?:\.\d+){3}$/.test(text)

const none: ReadonlyArray<string> = []

/** Four numbers without zeros in front are as good as they can be. */
const plainIpv4 = /^(?:(?:0|[1-9]\d{0,2})(?:\.(?!$)|$)){4}$/

/** Warnings about an address that is valid. */
export const ipWarnings = (field: string, ip: string): ReadonlyArray<string> => {
  if (plainIpv4.test(ip) || !isAddress(ip)) return none
  const best = canonicalIp(ip)
  if (best === ip) return []
  return best.includes(":")
    ? [`${field}: IPv6 address ${JSON.stringify(ip)} should be in RFC 5952 canonical format (${JSON.stringify(best)})`]
    : [`${field}: non-standard IP address ${JSON.stringify(ip)} is invalid: use ${JSON.stringify(best)}`]
}

/** Warnings about a range of addresses that is valid. */
export const cidrWarnings = (field: string, range: string): ReadonlyArray<string> => {
  const [address = "", bits = ""] = range.split("/")
  if (!isAddress(address)) return []
  const best = `${canonicalIp(address)}/${Number(bits)}`
  if (best === range) return []
  return best.includes(":")
    ? [`${field}: IPv6 CIDR value ${JSON.stringify(range)} should be in RFC 5952 canonical format (${JSON.stringify(best)})`]
    : [`${field}: non-standard CIDR value ${JSON.stringify(range)} is invalid: use ${JSON.stringify(best)}`]
}
