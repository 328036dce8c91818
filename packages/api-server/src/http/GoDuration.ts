/** Durations as Go writes them: `1h15m30.5s`. */
import { badRequest } from "../ApiFailure.ts"

const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Milliseconds of a duration, or what is wrong with it in Go's words. */
const parseGoDuration = (text: string): number | string => {
  const quoted = JSON.stringify(text)
  const body = text.replace(/^[+-]/, "")
  const sign = text.startsWith("-") ? -1 : 1
  if (body === "0") return 0
  if (body === "") return `time: invalid duration ${quoted}`
  let rest = body
  let millis = 0
  while (rest !== "") {
    const number = /^(\d+\.?\d*|\.\d+)/.exec(rest)?.[0]
    if (number === undefined) return `time: invalid duration ${quoted}`
    rest = rest.slice(number.length)
    const unit = /^[^\d.]+/.exec(rest)?.[0]
    if (unit === undefined) return `time: missing unit in duration ${quoted}`
    if (units[unit] === undefined) return `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`
    millis += Number(number) * units[unit]
    rest = rest.slice(unit.length)
  }
  return sign * millis
}

/** Checks the `timeout` parameter that every request may carry. */
export const checkTimeout = (text: string | undefined): void => {
  if (text === undefined || text === "") return
  const parsed = parseGoDuration(text)
  if (typeof parsed === "string") throw badRequest(`invalid timeout specified in the request URL - ${parsed}`)
}
