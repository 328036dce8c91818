/** Moments and lengths of time in expressions. */
import { Duration, fail, Timestamp } from "../values/Value.ts"
import { type Declared, declare } from "./Declare.ts"

const second = 1_000_000_000n
const units: Readonly<Record<string, bigint>> = {
  ns: 1n, us: 1000n, µs: 1000n, μs: 1000n, ms: 1_000_000n, s: second, m: 60n * second, h: 3600n * second
}
const shape = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/

/** A length of time such as `1h30m`, in nanoseconds. */
export const parseDuration = (text: string): bigint | undefined => {
  if (!shape.test(text)) return undefined
  let nanos = 0n
  for (const [, whole, fraction = "", unit] of text.matchAll(/(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g)) {
    const size = units[unit!]!
    nanos += BigInt(whole === "" ? 0 : whole!) * size + (BigInt(fraction === "" ? 0 : fraction) * size) / 10n ** BigInt(fraction.length)
  }
  const signed = text.startsWith("-") ? -nanos : nanos
  return BigInt.asIntN(64, signed) === signed ? signed : undefined
}

/** A length of time in seconds, as text. */
export const durationText = ({ nanos }: Duration): string => {
  const size = nanos < 0n ? -nanos : nanos
  const fraction = String(size % second).padStart(9, "0").replace(/0+$/, "")
  return `${nanos < 0n ? "-" : ""}${size / second}${fraction === "" ? "" : `.${fraction}`}s`
}

const moment = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/

/** A moment as RFC 3339 writes it. */
export const parseTimestamp = (text: string): Timestamp | undefined => {
  const found = moment.exec(text)
  if (found === null) return undefined
  const [year, month, day, hour, minute, seconds] = found.slice(1, 7).map(Number) as [number, number, number, number, number, number]
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || seconds > 59) return undefined
  const zone = found[8]!
  const [zoneHours, zoneMinutes] = zone === "Z" ? [0, 0] : [Number(zone.slice(1, 3)), Number(zone.slice(4))]
  if (zoneHours > 24 || zoneMinutes > 59) return undefined
  const offset = (zone.startsWith("-") ? -1 : 1) * (zoneHours * 3600 + zoneMinutes * 60)
  const whole = date.getTime() / 1000 + hour * 3600 + minute * 60 + seconds - offset
  return new Timestamp(BigInt(whole) * second + BigInt((found[7] ?? "").slice(0, 9).padEnd(9, "0")), offset)
}

const secondsOf = (nanos: bigint): bigint => (nanos >= 0n ? nanos / second : -((-nanos + second - 1n) / second))

/** A moment as RFC 3339 writes it, in the time of its clock. */
export const timestampText = ({ nanos, offset }: Timestamp): string => {
  const seconds = secondsOf(nanos)
  const fraction = String(nanos - seconds * second).padStart(9, "0").replace(/0+$/, "")
  const local = new Date(Number(seconds) * 1000 + offset * 1000).toISOString().slice(0, 19)
  const size = Math.abs(offset)
  const zone = `${offset < 0 ? "-" : "+"}${pad(Math.trunc(size / 3600))}:${pad(Math.trunc((size % 3600) / 60))}`
  return `${local}${fraction === "" ? "" : `.${fraction}`}${offset === 0 ? "Z" : zone}`
}

const pad = (value: number): string => String(value).padStart(2, "0")

/** Seconds that a zone is ahead of UTC at a moment. */
const zoneOffset = (zone: string, milliseconds: number): number => {
  const colon = zone.indexOf(":")
  if (colon >= 0) {
    const [hours, minutes] = [zone.slice(0, colon), zone.slice(colon + 1)].map(wholeNumber) as [number, number]
    return (zone.startsWith("-") ? hours * 60 - minutes : hours * 60 + minutes) * 60
  }
  if (zone === "" || zone === "UTC") return 0
  try {
    const parts = new Intl.DateTimeFormat("en-US", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric"
    }).formatToParts(milliseconds)
    const part = (type: string): number => Number(parts.find((each) => each.type === type)?.value)
    const local = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"))
    return Math.round((local - Math.floor(milliseconds / 1000) * 1000) / 1000)
  } catch {
    return fail(`unknown time zone ${zone}`)
  }
}

const wholeNumber = (text: string): number => (/^[+-]?\d+$/.test(text) ? Number(text) : fail(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`))

const dayOfYear = (date: Date): number => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000)

const parts: Readonly<Record<string, (date: Date) => number>> = {
  getDate: (date) => date.getUTCDate(),
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDayOfWeek: (date) => date.getUTCDay(),
  getDayOfYear: dayOfYear,
  getFullYear: (date) => date.getUTCFullYear(),
  getHours: (date) => date.getUTCHours(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
  getMinutes: (date) => date.getUTCMinutes(),
  getMonth: (date) => date.getUTCMonth(),
  getSeconds: (date) => date.getUTCSeconds()
}

const partOf = (moment: Timestamp, zone: string, part: (date: Date) => number): bigint => {
  const seconds = secondsOf(moment.nanos)
  const milliseconds = Number(seconds) * 1000 + Number((moment.nanos - seconds * second) / 1_000_000n)
  return BigInt(part(new Date(milliseconds + zoneOffset(zone, milliseconds) * 1000)))
}

const lengths = [["getHours", 3600n * second], ["getMinutes", 60n * second], ["getSeconds", second], ["getMilliseconds", 1_000_000n]] as const

/** Functions that look into moments and lengths of time. */
export const times: ReadonlyArray<Declared> = [
  ...Object.entries(parts).flatMap(([name, part]) => [
    declare(`${name}.(timestamp) -> int`, (moment: Timestamp) => partOf(moment, "UTC", part)),
    declare(`${name}.(timestamp, string) -> int`, (moment: Timestamp, zone: string) => partOf(moment, zone, part))
  ]),
  ...lengths.map(([name, size]) => declare(`${name}.(duration) -> int`, (value: Duration) => value.nanos / size))
]
