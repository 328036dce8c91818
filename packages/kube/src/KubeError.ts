/** What can go wrong when one talks to the Kubernetes API, under Kubernetes' own names. */
import { Data } from "effect"
import type { Status } from "./KubeObject.ts"

/** Reasons that an API server gives in `Status.reason`, plus `Unknown` where it gives none. */
export type StatusReasonName =
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Expired"
  | "Gone"
  | "Invalid"
  | "BadRequest"
  | "Unauthorized"
  | "Forbidden"
  | "MethodNotAllowed"
  | "NotAcceptable"
  | "UnsupportedMediaType"
  | "RequestEntityTooLarge"
  | "TooManyRequests"
  | "Timeout"
  | "ServerTimeout"
  | "ServiceUnavailable"
  | "InternalError"
  | "StoreReadError"
  | "Unknown"

/** The server answered with a failure `Status`. */
export interface StatusReason {
  readonly _tag: StatusReasonName
  readonly status: Status
}

/** No complete answer came: the request may or may not have been carried out. */
export interface TransportReason {
  readonly _tag: "TransportFailed"
  /** What broke, in words, with the address but without credentials. */
  readonly description: string
}

/** The answer is not what the API promises: not JSON, no `metadata`, an unknown watch event. */
export interface DecodeReason {
  readonly _tag: "DecodeFailed"
  readonly description: string
}

/** Why a call failed. */
export type KubeErrorReason = StatusReason | TransportReason | DecodeReason

const retryableReasons: ReadonlySet<string> = new Set([
  "Conflict",
  "Expired",
  "Gone",
  "TooManyRequests",
  "Timeout",
  "ServerTimeout",
  "ServiceUnavailable",
  "InternalError",
  "StoreReadError",
  "TransportFailed"
])

/**
 * A call to the Kubernetes API failed.
 *
 * `retryable` tells whether the same intent may succeed later (after a fresh read for `Conflict`, after a new list
 * for `Expired`). A 5xx answer without a reason counts as retryable too.
 */
export class KubeError extends Data.TaggedError("KubeError")<{
  /** `<verb> <path>`, for the message. */
  readonly method: string
  readonly reason: KubeErrorReason
}> {
  get retryable(): boolean {
    if (retryableReasons.has(this.reason._tag)) return true
    return "status" in this.reason && (this.reason.status.code ?? 0) >= 500
  }

  /** Seconds that the server asked to wait, if it did. */
  get retryAfterSeconds(): number | undefined {
    return "status" in this.reason ? this.reason.status.details?.retryAfterSeconds : undefined
  }

  /** HTTP status code of the answer; 0 when there was none. */
  get code(): number {
    return "status" in this.reason ? (this.reason.status.code ?? 0) : 0
  }

  override get message(): string {
    const text = "status" in this.reason
      ? (this.reason.status.message ?? `the server answered ${this.code} without a message`)
      : this.reason.description
    return `${this.method} failed: ${this.reason._tag}: ${text}`
  }
}

const statusReasonNames: ReadonlySet<string> = new Set<StatusReasonName>([
  "NotFound", "AlreadyExists", "Conflict", "Expired", "Gone", "Invalid", "BadRequest", "Unauthorized", "Forbidden",
  "MethodNotAllowed", "NotAcceptable", "UnsupportedMediaType", "RequestEntityTooLarge", "TooManyRequests", "Timeout",
  "ServerTimeout", "ServiceUnavailable", "InternalError", "StoreReadError", "Unknown"
])

/** Makes the error for a failure `Status`; a reason that Kubernetes does not define becomes `Unknown`. */
export const fromStatus = (method: string, status: Status): KubeError => {
  const name = status.reason ?? "Unknown"
  const _tag = (statusReasonNames.has(name) ? name : "Unknown") as StatusReasonName
  return new KubeError({ method, reason: { _tag, status } })
}

/** True when `error` is a `KubeError` with one of the given reasons. */
export const isReason = (error: unknown, ...names: ReadonlyArray<KubeErrorReason["_tag"]>): error is KubeError =>
  error instanceof KubeError && names.includes(error.reason._tag)
