/** Times as Go's `time.Parse` reads them in the two layouts that Kubernetes uses, with its errors. */

/** `seconds` takes and drops a fraction; `micros` needs exactly six digits of it. */
export type TimeLayout = "seconds" | "micros"

/** The time in canonical form (UTC, whole seconds or six digits), or what Go says is wrong. */
export type TimeResult = { readonly text: string } | { readonly problem: string }

const layouts: Readonly<Record<TimeLayout, string>> = {
  seconds: "2006-01-02T15:04:05Z07:00",
  micros: "2006-01-02T15:04:05.000000Z07:00"
}

const canonicalForm: Readonly<Record<TimeLayout, RegExp>> = {
  seconds: /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/,
  micros: /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z$/
}

/** Reads a time of the given layout. */
export const parseTime = (text: string, layout: TimeLayout): TimeResult =>
  canonicalForm[layout].test(text) ? { text } : new TimeReader(text, layout).read()

const daysIn = (month: number, year: number): number =>
  month === 2 ? (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31

const pad = (value: number, width = 2): string => String(value).padStart(width, "0")

class Problem extends Error {}

class TimeReader {
  rest: string
  range = ""
  readonly text: string
  readonly layout: TimeLayout

  constructor(text: string, layout: TimeLayout) {
    this.text = text
    this.rest = text
    this.layout = layout
  }

  read(): TimeResult {
    try {
      return { text: this.parse() }
    } catch (error) {
      if (error instanceof Problem) return { problem: error.message }
      throw error
    }
  }

  quoted(): string {
    return `parsing time ${JSON.stringify(this.text)}`
  }

  bad(element: string, at = this.rest): never {
    throw new Problem(`${this.quoted()} as "${layouts[this.layout]}": cannot parse ${JSON.stringify(at)} as "${element}"`)
  }

  outOfRange(what: string): never {
    throw new Problem(`${this.quoted()}: ${what} out of range`)
  }

  number(pattern: RegExp, element: string): number {
    const found = pattern.exec(this.rest)?.[0]
    if (found === undefined) return this.bad(element)
    this.rest = this.rest.slice(found.length)
    return Number(found)
  }

  skip(char: string): void {
    if (!this.rest.startsWith(char)) this.bad(char)
    this.rest = this.rest.slice(1)
  }

  parse(): string {
    const year = this.number(/^\d{4}/, "2006")
    this.skip("-")
    const month = this.number(/^\d\d/, "01")
    if (month < 1 || month > 12) this.outOfRange("month")
    this.skip("-")
    const day = this.number(/^\d\d/, "02")
    this.skip("T")
    const hour = this.number(/^\d\d?/, "15")
    if (hour > 23) this.outOfRange("hour")
    this.skip(":")
    const minute = this.number(/^\d\d/, "04")
    if (minute > 59) this.outOfRange("minute")
    this.skip(":")
    const second = this.number(/^\d\d/, "05")
    if (second > 59) this.outOfRange("second")
    const fraction = this.fraction()
    const offset = this.offsetMinutes()
    if (this.rest !== "") throw new Problem(`${this.quoted()}: extra text: ${JSON.stringify(this.rest)}`)
    if (day < 1 || day > daysIn(month, year)) this.outOfRange("day")
    return this.format(year, month, day, hour * 60 + minute - offset, second, fraction)
  }

  fraction(): string {
    if (this.layout === "micros") {
      const found = /^[.,]\d{6}/.exec(this.rest)?.[0]
      if (found === undefined) return this.bad(".000000")
      this.rest = this.rest.slice(7)
      return `.${found.slice(1)}`
    }
    this.rest = this.rest.replace(/^[.,]\d+/, "")
    return ""
  }

  offsetMinutes(): number {
    if (this.rest.startsWith("Z")) {
      this.rest = this.rest.slice(1)
      return 0
    }
    const found = /^([+-])(\d\d):(\d\d)/.exec(this.rest)
    if (found === null) return this.bad("Z07:00")
    if (Number(found[2]) > 24) this.outOfRange("time zone offset hour")
    if (Number(found[3]) > 60) this.outOfRange("time zone offset minute")
    this.rest = this.rest.slice(6)
    return (found[1] === "-" ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3]))
  }

  /** Carries minutes that an offset pushed out of the day into the date. */
  format(year: number, month: number, day: number, minutes: number, second: number, fraction: string): string {
    let [y, m, d] = [year, month, day + Math.floor(minutes / 1440)]
    if (d < 1) {
      ;[y, m] = m === 1 ? [y - 1, 12] : [y, m - 1]
      d += daysIn(m, y)
    } else if (d > daysIn(m, y)) {
      d -= daysIn(m, y)
      ;[y, m] = m === 12 ? [y + 1, 1] : [y, m + 1]
    }
    const rest = ((minutes % 1440) + 1440) % 1440
    return `${pad(y, 4)}-${pad(m)}-${pad(d)}T${pad(Math.floor(rest / 60))}:${pad(rest % 60)}:${pad(second)}${fraction}Z`
  }
}
