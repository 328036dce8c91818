/** Addresses in forms that are better avoided. */
import { canonicalIp, ipFamilyOf } from "../validation/Formats.ts"

/** Warnings about an address that is valid. */
export const ipWarnings = (field: string, ip: string): ReadonlyArray<string> => {
  if (!/^[\d.]+$/.test(ip) && ipFamilyOf(ip) === undefined) return []
  const best = canonicalIp(ip)
  if (best === ip) return []
  return best.includes(":")
    ? [`${field}: IPv6 address ${JSON.stringify(ip)} should be in RFC 5952 canonical format (${JSON.stringify(best)})`]
    : [`${field}: non-standard IP address ${JSON.stringify(ip)} is invalid: use ${JSON.stringify(best)}`]
}

/** Warnings about a range of addresses that is valid. */
export const cidrWarnings = (field: string, range: string): ReadonlyArray<string> => {
  const [address = "", bits = ""] = range.split("/")
  const best = `${canonicalIp(address)}/${Number(bits)}`
  if (best === range) return []
  return best.includes(":")
    ? [`${field}: IPv6 CIDR value ${JSON.stringify(range)} should be in RFC 5952 canonical format (${JSON.stringify(best)})`]
    : [`${field}: non-standard CIDR value ${JSON.stringify(range)} is invalid: use ${JSON.stringify(best)}`]
}
