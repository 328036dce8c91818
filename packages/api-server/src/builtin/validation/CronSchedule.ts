/** Schedules of cron jobs: five fields, or a name such as `@daily`. */

interface Bounds {
  readonly min: number
  readonly max: number
  readonly names: ReadonlyArray<string>
  /** Number of the first name. */
  readonly first: number
}

const numbers = (min: number, max: number): Bounds => ({ min, max, names: [], first: 0 })

const bounds: ReadonlyArray<Bounds> = [
  numbers(0, 59),
  numbers(0, 23),
  numbers(1, 31),
  { min: 1, max: 12, names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], first: 1 },
  { min: 0, max: 6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"], first: 0 }
]

const descriptors = new Set(["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"])

class BadSchedule {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

const readNumber = (text: string): number => {
  if (!/^[+-]?\d+$/.test(text)) throw new BadSchedule(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
  const number = Number(text)
  if (number < 0) throw new BadSchedule(`negative number (${number}) not allowed: ${text}`)
  return number
}

const readValue = (text: string, { names, first }: Bounds): number => {
  const found = names.indexOf(text.toLowerCase())
  return found < 0 ? readNumber(text) : found + first
}

const readRange = (range: string, allowed: Bounds): void => {
  const [values = "", ...steps] = range.split("/")
  const [low = "", ...highs] = values.split("-")
  let [start, end] = [allowed.min, allowed.max]
  if (low !== "*" && low !== "?") {
    start = end = readValue(low, allowed)
    if (highs.length === 1) end = readValue(highs[0] ?? "", allowed)
    if (highs.length > 1) throw new BadSchedule(`too many hyphens: ${range}`)
  }
  let step = 1
  if (steps.length > 1) throw new BadSchedule(`too many slashes: ${range}`)
  if (steps.length === 1) {
    step = readNumber(steps[0] ?? "")
    if (highs.length === 0) end = allowed.max
  }
  if (start < allowed.min) throw new BadSchedule(`beginning of range (${start}) below minimum (${allowed.min}): ${range}`)
  if (end > allowed.max) throw new BadSchedule(`end of range (${end}) above maximum (${allowed.max}): ${range}`)
  if (start > end) throw new BadSchedule(`beginning of range (${start}) beyond end of range (${end}): ${range}`)
  if (step === 0) throw new BadSchedule(`step of range should be a positive number: ${range}`)
}

const readDescriptor = (descriptor: string): void => {
  if (descriptors.has(descriptor)) return
  if (!descriptor.startsWith("@every ")) throw new BadSchedule(`unrecognized descriptor: ${descriptor}`)
  const duration = descriptor.slice("@every ".length)
  if (!/^[+-]?(?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h)|\.\d+(?:ns|us|µs|μs|ms|s|m|h))+$|^[+-]?0$/.test(duration)) {
    throw new BadSchedule(`failed to parse duration ${descriptor}: time: invalid duration ${JSON.stringify(duration)}`)
  }
}

const readSchedule = (text: string): void => {
  let schedule = text
  if (schedule.startsWith("TZ=") || schedule.startsWith("CRON_TZ=")) {
    const space = schedule.indexOf(" ")
    const from = schedule.indexOf("=") + 1
    if (space < 0) throw new BadSchedule(`invalid schedule format: runtime error: slice bounds out of range [${from}:-1]`)
    schedule = schedule.slice(space).trim()
  }
  if (schedule.startsWith("@")) return readDescriptor(schedule)
  const fields = schedule.split(/\s+/).filter((field) => field !== "")
  if (fields.length !== 5) throw new BadSchedule(`expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`)
  fields.forEach((field, i) => {
    for (const range of field.split(",")) if (range !== "") readRange(range, bounds[i] as Bounds)
  })
}

/** What is wrong with a schedule; `undefined` for nothing. */
export const scheduleError = (schedule: string): string | undefined => {
  try {
    readSchedule(schedule)
    return undefined
  } catch (thrown) {
    if (thrown instanceof BadSchedule) return thrown.text
    throw thrown
  }
}
