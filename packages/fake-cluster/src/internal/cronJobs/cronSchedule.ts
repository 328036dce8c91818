/** Reads cron schedules and finds their next times, in any time zone. */
import { Data, Result } from "effect"

/** A schedule that cannot be read; the message says why. */
export class ScheduleError extends Data.TaggedError("ScheduleError")<{ readonly message: string }> {}

/** A schedule, ready to be asked. */
export interface CronSchedule {
  /** The first time after `millis`; `undefined` when there is none within five years. */
  readonly next: (millis: number) => number | undefined
}

interface Fields {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly days: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  readonly weekdays: ReadonlySet<number>
  /** Days of the month and of the week both narrow down: either one is enough. */
  readonly isEither: boolean
}

const macros: { readonly [name: string]: string } = {
  "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *"
}

const monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
const dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

/** Reads a schedule of five fields, a name such as `@daily`, or `@every 90s`. Times of the clock count in `timeZone`, UTC when left out. */
export const parse = (text: string, timeZone?: string): Result.Result<CronSchedule, ScheduleError> => {
  const bad = (message: string): Result.Result<CronSchedule, ScheduleError> => Result.fail(new ScheduleError({ message }))
  const every = /^@every\s+(.+)$/.exec(text)
  if (every !== null) {
    const period = durationOf(every[1]!)
    return period === undefined ? bad(`failed to parse duration ${text}`) : Result.succeed({ next: (millis) => Math.floor(millis / 1000) * 1000 + period })
  }
  if (text.startsWith("@") && !Object.hasOwn(macros, text)) return bad(`unrecognized descriptor: ${text}`)
  const parts = (macros[text] ?? text).trim().split(/\s+/)
  if (parts.length !== 5) return bad(`expected exactly 5 fields, found ${parts.length}: [${text}]`)
  const zone = zoneOf(timeZone)
  if (zone === undefined) return bad(`unknown time zone ${timeZone}`)
  const sets = [
    fieldOf(parts[0]!, 0, 59), fieldOf(parts[1]!, 0, 23), fieldOf(parts[2]!, 1, 31), fieldOf(parts[3]!, 1, 12, monthNames), fieldOf(parts[4]!, 0, 7, dayNames)
  ]
  const problem = sets.find((it) => typeof it === "string")
  if (problem !== undefined) return bad(problem as string)
  const [minutes, hours, days, months, weekdays] = sets as ReadonlyArray<Set<number>>
  if (weekdays!.has(7)) weekdays!.add(0)
  const isOpen = (part: string): boolean => part === "?" || part.startsWith("*")
  const fields: Fields = { minutes: minutes!, hours: hours!, days: days!, months: months!, weekdays: weekdays!, isEither: !isOpen(parts[2]!) && !isOpen(parts[4]!) }
  return Result.succeed({ next: (millis) => nextOf(fields, zone, millis) })
}

const fieldOf = (text: string, first: number, last: number, names: ReadonlyArray<string> = []): Set<number> | string => {
  const found = new Set<number>()
  for (const part of text.split(",")) {
    const [range = "", stepText] = part.split("/")
    const step = stepText === undefined ? 1 : Number(stepText)
    if (!Number.isInteger(step) || step < 1) return `step of range should be a positive number: ${part}`
    const [low = "", high] = range.split("-")
    const open = range === "*" || range === "?"
    const from = open ? first : numberOf(low, first, names)
    const to = open ? last : high === undefined ? (stepText === undefined ? from : last) : numberOf(high, first, names)
    if (from === undefined || to === undefined) return `failed to parse int from ${range}: strconv.Atoi: parsing "${range}": invalid syntax`
    if (from < first) return `beginning of range (${from}) below minimum (${first}): ${part}`
    if (to > last) return `end of range (${to}) above maximum (${last}): ${part}`
    if (from > to) return `beginning of range (${from}) beyond end of range (${to}): ${part}`
    for (let value = from; value <= to; value += step) found.add(value)
  }
  return found
}

const numberOf = (text: string, first: number, names: ReadonlyArray<string>): number | undefined => {
  const named = names.indexOf(text.toLowerCase())
  if (named >= 0) return named + first
  return /^\d+$/.test(text) ? Number(text) : undefined
}

const durationOf = (text: string): number | undefined => {
  const units: { readonly [unit: string]: number } = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }
  if (!/^(\d+(\.\d+)?(ms|h|m|s))+$/.test(text)) return undefined
  const millis = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)].reduce((sum, [, number, unit]) => sum + Number(number) * units[unit!]!, 0)
  return Math.max(1000, Math.floor(millis / 1000) * 1000)
}

/** Wall-clock time of an instant, as if it were UTC. */
type Zone = (millis: number) => number

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const zoneOf = (name: string | undefined): Zone | undefined => {
  if (name === undefined || name === "UTC" || name === "Etc/UTC") return (millis) => millis
  try {
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone: name, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric"
    })
    return (millis) => {
      const of = Object.fromEntries(format.formatToParts(millis).map(({ type, value }) => [type, Number(value)]))
      return Date.UTC(of["year"]!, of["month"]! - 1, of["day"]!, of["hour"]!, of["minute"]!, of["second"]!)
    }
  } catch {
    return undefined
  }
}

const fiveYears = 5 * 366 * day

/** Walks days, then hours, then minutes of the wall clock; hours that a change of the clock skips are not found. */
const nextOf = (fields: Fields, zone: Zone, after: number): number | undefined => {
  let at = Math.floor(after / minute) * minute + minute
  while (at - after < fiveYears) {
    const wall = zone(at)
    if (!isDay(fields, wall)) at += day - (wall % day)
    else if (!fields.hours.has(Math.floor(wall / hour) % 24)) at += hour - (wall % hour)
    else if (!fields.minutes.has(Math.floor(wall / minute) % 60)) at += minute
    else return at
  }
  return undefined
}

const isDay = ({ days, isEither, months, weekdays }: Fields, wall: number): boolean => {
  const [year, month, date] = civil(wall)
  if (!months.has(month)) return false
  const ofMonth = days.has(date)
  const ofWeek = weekdays.has((Math.floor(wall / day) + 4) % 7)
  return year < 10_000 && (isEither ? ofMonth || ofWeek : ofMonth && ofWeek)
}

/** Year, month and day of a UTC time. */
const civil = (millis: number): readonly [number, number, number] => {
  const z = Math.floor(millis / day) + 719_468
  const era = Math.floor(z / 146_097)
  const doe = z - era * 146_097
  const yoe = Math.floor((doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365)
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100))
  const mp = Math.floor((5 * doy + 2) / 153)
  const month = mp < 10 ? mp + 3 : mp - 9
  return [yoe + era * 400 + (month <= 2 ? 1 : 0), month, doy - Math.floor((153 * mp + 2) / 5) + 1]
}
