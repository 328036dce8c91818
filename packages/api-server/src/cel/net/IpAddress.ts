/** IP addresses and CIDR blocks, read and written as Go does. */

/** An address of either family. */
export interface IpAddress {
  readonly bits: 32 | 128
  readonly value: bigint
}

/** An address with the length of its prefix. */
export interface Cidr {
  readonly address: IpAddress
  readonly prefix: number
}

/** Reads an address; with `sloppy`, numbers of IPv4 addresses may start with zeros. */
export const parseIp = (text: string, sloppy = false): IpAddress | undefined => {
  if (text.includes(":")) return parseIpv6(text)
  const value = parseIpv4(text, sloppy)
  return value === undefined ? undefined : { bits: 32, value }
}

/** Reads `10.0.0.0/8`. */
export const parseCidr = (text: string, sloppy = false): Cidr | undefined => {
  const slash = text.indexOf("/")
  if (slash < 0) return undefined
  const address = parseIp(text.slice(0, slash), sloppy)
  const length = text.slice(slash + 1)
  if (address === undefined || !/^\d{1,3}$/.test(length) || (!sloppy && /^0\d/.test(length)) || Number(length) > address.bits) return undefined
  return { address, prefix: Number(length) }
}

const parseIpv4 = (text: string, sloppy: boolean): bigint | undefined => {
  const parts = text.split(".")
  if (parts.length !== 4) return undefined
  let value = 0n
  for (const part of parts) {
    if (!/^\d+$/.test(part) || (!sloppy && /^0\d/.test(part)) || Number(part) > 255) return undefined
    value = (value << 8n) | BigInt(part)
  }
  return value
}

const parseIpv6 = (text: string): IpAddress | undefined => {
  let head = text
  const tail: Array<number> = []
  const lastColon = text.lastIndexOf(":")
  if (text.includes(".")) {
    const v4 = parseIpv4(text.slice(lastColon + 1), false)
    if (v4 === undefined) return undefined
    tail.push(Number(v4 >> 16n), Number(v4 & 0xffffn))
    head = text.slice(0, lastColon)
    if (head.endsWith(":") && !head.endsWith("::")) head += ":"
    else if (head === "") return undefined
  }
  const halves = head.split("::")
  if (halves.length > 2) return undefined
  const [before, after] = halves.map(groupsOf)
  if (before === undefined || (halves.length === 2 && after === undefined)) return undefined
  const given = before.length + (after?.length ?? 0) + tail.length
  if (halves.length === 2 ? given > 7 : given !== 8) return undefined
  const groups = [...before, ...Array.from({ length: 8 - given }, () => 0), ...(after ?? []), ...tail]
  return { bits: 128, value: groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n) }
}

const groupsOf = (text: string): ReadonlyArray<number> | undefined => {
  if (text === "") return []
  const groups = text.split(":")
  return groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) ? groups.map((group) => Number.parseInt(group, 16)) : undefined
}

/** Whether an IPv6 address stands for an IPv4 one: `::ffff:1.2.3.4`. */
export const isMapped = ({ bits, value }: IpAddress): boolean => bits === 128 && value >> 32n === 0xffffn

/** The address in its shortest form. */
export const printIp = (address: IpAddress): string => {
  if (address.bits === 32) return printIpv4(address.value)
  if (isMapped(address)) return `::ffff:${printIpv4(address.value & 0xffffffffn)}`
  const groups = Array.from({ length: 8 }, (_, i) => Number((address.value >> BigInt(16 * (7 - i))) & 0xffffn))
  const [start, length] = longestZeros(groups)
  const print = (some: ReadonlyArray<number>): string => some.map((group) => group.toString(16)).join(":")
  return length < 2 ? print(groups) : `${print(groups.slice(0, start))}::${print(groups.slice(start + length))}`
}

/** The block as `address/length`. */
export const printCidr = ({ address, prefix }: Cidr): string => `${printIp(address)}/${prefix}`

const printIpv4 = (value: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".")

const longestZeros = (groups: ReadonlyArray<number>): readonly [number, number] => {
  let best: readonly [number, number] = [0, 0]
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > best[1]) best = [i, end - i]
  }
  return best
}

/** The block's first address. */
export const maskedIp = ({ address, prefix }: Cidr): IpAddress => {
  const host = BigInt(address.bits - prefix)
  return { bits: address.bits, value: (address.value >> host) << host }
}

/** Whether an address lies in a block. */
export const containsIp = (cidr: Cidr, address: IpAddress): boolean => {
  const host = BigInt(cidr.address.bits - cidr.prefix)
  return address.bits === cidr.address.bits && address.value >> host === cidr.address.value >> host
}
