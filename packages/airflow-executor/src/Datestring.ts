/** Dates as Airflow's labels hold them: ISO 8601 with `_` for `:` and `_plus_` for `+`. */
import { Data, Result } from "effect"

/** A date of Python: microseconds, and an offset unless it is naive. */
export interface Datetime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly microsecond: number
  /** Seconds east of UTC; left out for a naive date. */
  readonly offsetSeconds?: number
}

/** A text is no date. */
export class DatestringInvalid extends Data.TaggedError("DatestringInvalid")<{ readonly text: string }> {
  override get message(): string {
    return `"${this.text}" is no date such as 2019-01-01T00_00_00_plus_00_00`
  }
}

const digits = (value: number, length: number): string => String(value).padStart(length, "0")

/** Python's `isoformat()`: no fraction when there is none, six digits otherwise, no `Z`. */
export const isoformat = (date: Datetime): string => {
  const day = `${digits(date.year, 4)}-${digits(date.month, 2)}-${digits(date.day, 2)}`
  const fraction = date.microsecond === 0 ? "" : `.${digits(date.microsecond, 6)}`
  const time = `${digits(date.hour, 2)}:${digits(date.minute, 2)}:${digits(date.second, 2)}${fraction}`
  return `${day}T${time}${date.offsetSeconds === undefined ? "" : offsetText(date.offsetSeconds)}`
}

const offsetText = (offsetSeconds: number): string => {
  const size = Math.abs(offsetSeconds)
  const seconds = size % 60
  const rest = seconds === 0 ? "" : `:${digits(seconds, 2)}`
  return `${offsetSeconds < 0 ? "-" : "+"}${digits(Math.floor(size / 3600), 2)}:${digits(Math.floor(size / 60) % 60, 2)}${rest}`
}

/** Airflow's `_datetime_to_label_safe_datestring`. */
export const datetimeToLabelSafeDatestring = (date: Datetime): string => isoformat(date).replaceAll(":", "_").replaceAll("+", "_plus_")

/** Airflow's `_label_safe_datestring_to_datetime`, for the texts that it writes and plain ISO dates; other formats are refused. */
export const labelSafeDatestringToDatetime = (text: string): Result.Result<Datetime, DatestringInvalid> =>
  parseDatetime(text.replaceAll("_plus_", "+").replaceAll("_", ":"))

const pattern = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(?:(Z)|([+-])(\d\d):?(\d\d)(?::?(\d\d))?)?$/

/** Reads an ISO 8601 date. */
export const parseDatetime = (text: string): Result.Result<Datetime, DatestringInvalid> => {
  const match = pattern.exec(text)
  if (match === null) return Result.fail(new DatestringInvalid({ text }))
  const number = (at: number): number => Number(match[at] ?? 0)
  const date: Datetime = {
    year: number(1),
    month: number(2),
    day: number(3),
    hour: number(4),
    minute: number(5),
    second: number(6),
    microsecond: Number((match[7] ?? "").padEnd(6, "0").slice(0, 6)),
    ...(match[8] === undefined && match[9] === undefined
      ? {}
      : { offsetSeconds: (match[9] === "-" ? -1 : 1) * (number(10) * 3600 + number(11) * 60 + number(12)) })
  }
  return isOnCalendar(date) ? Result.succeed(date) : Result.fail(new DatestringInvalid({ text }))
}

const isOnCalendar = ({ day, hour, minute, month, offsetSeconds = 0, second, year }: Datetime): boolean => {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  return year >= 1 && days !== undefined && day >= 1 && day <= days && hour < 24 && minute < 60 && second < 60 && Math.abs(offsetSeconds) < 86_400
}

/** True when both are the same moment, or the same naive date. */
export const isSameDatetime = (one: Datetime, other: Datetime): boolean => {
  if ((one.offsetSeconds === undefined) !== (other.offsetSeconds === undefined)) return false
  return microsOf(one) === microsOf(other)
}

const microsOf = (date: Datetime): bigint => {
  const moment = new Date(0)
  // The constructor would take the years 0 to 99 for those of the last century.
  moment.setUTCFullYear(date.year, date.month - 1, date.day)
  moment.setUTCHours(date.hour, date.minute, date.second - (date.offsetSeconds ?? 0))
  return BigInt(moment.getTime()) * 1000n + BigInt(date.microsecond)
}
