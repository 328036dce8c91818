/** What can go wrong between the runtime and a remote service, sorted by what helps against it. */
import { Data } from "effect"

/**
 * What a failed call means.
 *
 * `Rejected`: the service will never take this; no retry helps. `Failed`: this attempt failed by the task's own doing; another may
 * not. `NotFound`: there is no such job. `Unauthorized`: the credentials were refused. `Throttled`: too many calls; nothing was
 * done. `Unavailable`: the service could not be reached or has trouble of its own; nothing was done. `Unknown`: no answer came, so
 * the call may have been carried out or not.
 */
export type WebApiFault = "Rejected" | "Failed" | "NotFound" | "Unauthorized" | "Throttled" | "Unavailable" | "Unknown"

/** A call that failed. `description` is shown to people and stored; it must not hold secrets. */
export class WebApiError extends Data.TaggedError("WebApiError")<{
  readonly fault: WebApiFault
  readonly description: string
  /** A stable word for machines; the runtime has one for each fault. */
  readonly code?: string | undefined
  /** Milliseconds that the service asked to be left alone for. */
  readonly retryAfter?: number | undefined
}> {
  /** True when the same call may succeed later without anybody changing the task. */
  get retryable(): boolean {
    return this.fault !== "Rejected"
  }
  override get message(): string {
    return `${this.fault}: ${this.description}`
  }
}

/** What an answer with this status code means, by RFC 9110 and common use. 2xx have no meaning here. */
export const faultOfStatus = (status: number): WebApiFault => {
  switch (status) {
    case 401:
    case 403:
    case 407: return "Unauthorized"
    case 404:
    case 410: return "NotFound"
    case 408:
    case 504: return "Unknown"
    case 429: return "Throttled"
    default: return status >= 500 ? "Unavailable" : "Rejected"
  }
}

/** Longest pause that an answer can ask for. Some services write a time of day where seconds belong: nobody would ask them again for decades. */
const retryAfterMax = 3_600_000

/** Reads a `Retry-After` header, seconds or a date, as milliseconds from `now`, an hour at most; `undefined` when it is absent or says nothing. */
export const retryAfterMillis = (header: string | null | undefined, now: number): number | undefined => {
  if (header === null || header === undefined || header.trim() === "") return undefined
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return Math.min(retryAfterMax, Math.max(0, seconds * 1000))
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.min(retryAfterMax, Math.max(0, date - now))
}
