/** Turns the answers of an HTTP server into objects and errors. */
import { Result } from "effect"
import { fromStatus, KubeError, type StatusReasonName } from "../KubeError.ts"
import type { Status } from "../KubeObject.ts"
import type { KubeAnswer } from "../KubeTransport.ts"
import { excerpt, isRecord, parseJson } from "./json.ts"

/** What an answer says, once its body has been read. */
export interface HttpAnswer {
  readonly code: number
  readonly contentType: string | null
  readonly retryAfter: string | null
  readonly text: string
}

/** The object in an answer. */
export const readAnswer = (method: string, answer: HttpAnswer): Result.Result<KubeAnswer, KubeError> => {
  if (answer.code >= 300) return Result.fail(readFailure(method, answer))
  const value = parseJson(answer.text)
  if (!isRecord(value)) {
    const description = `the answer (${answer.contentType ?? "no content type"}) is not a JSON object: ${excerpt(answer.text)}`
    return Result.fail(new KubeError({ method, reason: { _tag: "DecodeFailed", description } }))
  }
  if (isStatus(value) && value.status === "Failure") return Result.fail(fromStatus(method, completeStatus(value, answer)))
  return Result.succeed(value as unknown as KubeAnswer)
}

/** The error in an answer whose code says that the call failed. */
export const readFailure = (method: string, answer: HttpAnswer): KubeError => {
  const value = parseJson(answer.text)
  return fromStatus(method, completeStatus(isRecord(value) && isStatus(value) ? value : foreignStatus(answer), answer))
}

const isStatus = (value: Record<string, unknown>): value is Record<string, unknown> & Status => value["kind"] === "Status"

/** Fills in what the HTTP answer knows and the `Status` leaves out. */
const completeStatus = (status: Status, answer: HttpAnswer): Status => {
  const seconds = answer.retryAfter === null ? undefined : Number(answer.retryAfter)
  const wait = status.details?.retryAfterSeconds ?? (seconds !== undefined && seconds >= 0 ? seconds : undefined)
  return {
    ...status,
    code: status.code ?? answer.code,
    ...(wait === undefined ? {} : { details: { ...status.details, retryAfterSeconds: wait } })
  }
}

/** Something between us and the API server answered: a proxy, a load balancer, or a path that serves no objects. */
const foreignStatus = ({ code, text }: HttpAnswer): Status => {
  const reason = reasonOfCode(code)
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `the server answered ${code} without a Status${text.trim() === "" ? "" : `: ${excerpt(text.trim())}`}`,
    ...(reason === undefined ? {} : { reason }),
    code
  }
}

const reasonsByCode: ReadonlyMap<number, StatusReasonName> = new Map([
  [400, "BadRequest"], [401, "Unauthorized"], [403, "Forbidden"], [404, "NotFound"], [405, "MethodNotAllowed"], [406, "NotAcceptable"],
  [409, "Conflict"], [410, "Gone"], [413, "RequestEntityTooLarge"], [415, "UnsupportedMediaType"], [422, "Invalid"],
  [429, "TooManyRequests"], [500, "InternalError"], [503, "ServiceUnavailable"], [504, "Timeout"]
])

const reasonOfCode = (code: number): StatusReasonName | undefined => reasonsByCode.get(code)
