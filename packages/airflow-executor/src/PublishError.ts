/** What becomes of a command whose pod could not be created. Pure. */
import { Data } from "effect"
import type { KubeError } from "@fairlead/kube"

/** The pod could not be put together; trying again would change nothing. */
export class PodReconciliationError extends Data.TaggedError("PodReconciliationError")<{ readonly description: string; readonly cause?: unknown }> {
  override get message(): string {
    return `the pod could not be put together: ${this.description}`
  }
}

/** The mutation hook of the installation refused the pod or broke. */
export class PodMutationHookException extends Data.TaggedError("PodMutationHookException")<{ readonly cause: unknown }> {
  override get message(): string {
    return `the pod mutation hook broke: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }
}

/** Why a pod was not created. */
export type PublishFailure = PodReconciliationError | PodMutationHookException | KubeError.KubeError

/** Kinds of failures, by what helps. */
export type PublishErrorClass =
  /** The pod itself is wrong, or nobody may create it: nothing helps. */
  | "Permanent"
  /** The namespace is full: wait until pods in it end. */
  | "Quota"
  /** The server asks everybody to slow down. */
  | "Throttled"
  /** Somebody else wrote at the same time, or the server is unwell: the same request may succeed soon. */
  | "Transient"
  /** No answer: the pod may be there or not. */
  | "Unknown"

/** Airflow's table of publish errors: which failures may be tried again at all, by status and message. */
export const classifyPublishError = (error: PublishFailure): PublishErrorClass => {
  if (error._tag !== "KubeError") return "Permanent"
  if (error.reason._tag === "TransportFailed" || error.reason._tag === "DecodeFailed") return "Unknown"
  const text = messageOf(error)
  switch (error.code) {
    case 403:
      return text.includes("exceeded quota") ? "Quota" : "Permanent"
    case 409:
      return text.includes("object has been modified") ? "Transient" : "Permanent"
    case 410:
      return text.includes("too old resource version") ? "Transient" : "Permanent"
    case 429:
      return "Throttled"
    case 500:
    case 502:
    case 503:
    case 504:
      return "Transient"
    default:
      return "Permanent"
  }
}

/** The message of the server; where it gave none, its reason. */
export const messageOf = (error: KubeError.KubeError): string => {
  const { reason } = error
  if (!("status" in reason)) return reason.description
  return reason.status.message || (reason.status.reason ?? reason._tag)
}

/** What Airflow does with a failure: try the command again or fail its task, and whether the rest of the batch waits. */
export interface PublishDecision {
  readonly action: "Requeue" | "Fail"
  /** Seconds during which no pod is created; `undefined` when the batch goes on. */
  readonly pauseSeconds?: number
}

/**
 * Airflow's `_handle_pod_publish_error`. `retriesMax` is `task_publish_max_retries`; -1 is without limit. `retries` is
 * how often this command was tried again already. A retried 429, and any retried answer that names a time, end the batch.
 */
export const decidePublishError = (error: PublishFailure, retries: number, retriesMax: number): PublishDecision => {
  const kind = classifyPublishError(error)
  if (kind === "Permanent" || (retriesMax !== -1 && retries >= retriesMax)) return { action: "Fail" }
  const retryAfter = error._tag === "KubeError" ? error.retryAfterSeconds : undefined
  return kind === "Throttled" || retryAfter !== undefined ? { action: "Requeue", pauseSeconds: retryAfter ?? 0 } : { action: "Requeue" }
}

/** `Retry-After` as Airflow reads it: whole seconds; anything else is no time at all. */
export const parseRetryAfter = (header: string | undefined): number | undefined =>
  header !== undefined && /^\s*\d+\s*$/.test(header) ? Number(header) : undefined

/** The provider's wait between calls of its operators: `Retry-After` on a 429, else 1, 2, 4, 8 and so on to 15 s. */
export const genericRetryWaitSeconds = (attempt: number, error?: KubeError.KubeError): number =>
  error?.code === 429 && error.retryAfterSeconds !== undefined ? error.retryAfterSeconds : Math.min(15, 2 ** (attempt - 1))

/** Milliseconds to wait before try number `retries` + 1: at least what the server asks for, else doubling, half of it by chance. */
export const publishBackoffMillis = (retries: number, random: number, retryAfterSeconds = 0): number =>
  Math.max(retryAfterSeconds * 1000, Math.min(backoffMax, backoffMin * 2 ** Math.min(retries, 20)) * (0.5 + random / 2))

const backoffMin = 250
const backoffMax = 30_000
