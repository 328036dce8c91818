/** A refused request, with the exact `Status` that Kubernetes answers. */
import type { Status, StatusCause } from "@fairlead/kube"

/** Group and plural name, as errors print them: `jobs.batch`, `pods`. */
export interface GroupResource {
  readonly group: string
  readonly plural: string
}

/** Thrown inside the server to refuse a request; `handle` turns it into the answer. */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure"
  readonly status: Status
  /** Headers that go with the answer, such as `Retry-After`. */
  readonly headers: { readonly [name: string]: string } | undefined

  constructor(status: Status, headers?: { readonly [name: string]: string }) {
    super(status.message)
    this.status = status
    this.headers = headers
  }

  get code(): number {
    return this.status.code ?? 500
  }
}

/** `pods` or `jobs.batch`. */
export const printResource = (resource: GroupResource): string =>
  resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`

type Details = NonNullable<Status["details"]>

/** Makes a failure `Status`; keys in the order in which the original writes them. */
export const failure = (
  code: number,
  reason: string | undefined,
  message: string,
  details?: Details,
  headers?: { readonly [name: string]: string }
): ApiFailure =>
  new ApiFailure({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code
  }, headers)

const detailsOf = (resource: GroupResource, name: string): Details => ({
  ...(name === "" ? {} : { name }),
  ...(resource.group === "" ? {} : { group: resource.group }),
  ...(resource.plural === "" ? {} : { kind: resource.plural })
})

/** 404: the named object does not exist. */
export const notFound = (resource: GroupResource, name: string): ApiFailure =>
  failure(404, "NotFound", `${printResource(resource)} "${name}" not found`, detailsOf(resource, name))

/** 404 for a resource, version or subresource that is not served. */
export const notServed = (): ApiFailure => failure(404, "NotFound", "the server could not find the requested resource", {})

/** 409: the name is taken. */
export const alreadyExists = (resource: GroupResource, name: string): ApiFailure =>
  failure(409, "AlreadyExists", `${printResource(resource)} "${name}" already exists`, detailsOf(resource, name))

/** 409: the generated name is taken; trying again gives another one. */
export const generatedNameTaken = (resource: GroupResource, name: string, terminating: boolean): ApiFailure =>
  failure(
    409,
    "AlreadyExists",
    `${terminating ? "object is being deleted: " : ""}${printResource(resource)} "${name}" already exists, the server was not able to generate a unique name for the object`,
    { ...detailsOf(resource, name), retryAfterSeconds: 1 },
    { "Retry-After": "1" }
  )

/** 409: the write does not fit the stored object. */
export const conflict = (resource: GroupResource, name: string, why: string): ApiFailure =>
  failure(409, "Conflict", `Operation cannot be fulfilled on ${printResource(resource)} "${name}": ${why}`, detailsOf(resource, name))

/** What an outdated resourceVersion is told. */
export const modifiedText = "the object has been modified; please apply your changes to the latest version and try again"

/** 400: the request makes no sense. */
export const badRequest = (message: string): ApiFailure => failure(400, "BadRequest", message)

/** 405: the method is not offered. */
export const methodNotAllowed = (): ApiFailure =>
  failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})

/** 403 with Kubernetes' prefix. */
export const forbidden = (resource: GroupResource, name: string, why: string): ApiFailure =>
  failure(403, "Forbidden", forbiddenMessage(resource, name, why), detailsOf(resource, name))

const forbiddenMessage = (resource: GroupResource, name: string, why: string): string => {
  if (resource.plural === "") return `forbidden: ${why}`
  return name === "" ? `${printResource(resource)} is forbidden: ${why}` : `${printResource(resource)} "${name}" is forbidden: ${why}`
}

/** 410: the version that was asked for is compacted away. */
export const expired = (message: string): ApiFailure => failure(410, "Expired", message)

/** 500 with the prefix of internal errors. */
export const internalError = (message: string): ApiFailure =>
  failure(500, "InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] })

/** 500 without a reason, as raw errors of the original come out. */
export const rawError = (message: string): ApiFailure => failure(500, undefined, message)

/** 500 for a resource version that is no number. */
export const badVersion = (asked: string): ApiFailure => {
  const text = JSON.stringify(asked)
  return rawError(`resourceVersion: Invalid value: ${text}: strconv.ParseUint: parsing ${text}: invalid syntax`)
}

/** 415 for a body of an unknown type. */
export const unsupportedMediaType = (message: string): ApiFailure => failure(415, "UnsupportedMediaType", message)

/** 504: the version that was asked for lies in the future. */
export const tooLargeVersion = (asked: number, current: number): ApiFailure =>
  failure(
    504,
    "Timeout",
    `Timeout: Too large resource version: ${asked}, current: ${current}`,
    { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }], retryAfterSeconds: 1 },
    { "Retry-After": "1" }
  )

/** 422 with one cause for each field; the message names equal texts once. */
export const invalid = (kind: string, group: string, name: string, causes: ReadonlyArray<StatusCause>): ApiFailure =>
  failure(422, "Invalid", `${group === "" ? kind : `${kind}.${group}`} "${name}" is invalid: ${joinCauses(causes)}`, {
    ...(name === "" ? {} : { name }),
    ...(group === "" ? {} : { group }),
    ...(kind === "" ? {} : { kind }),
    causes
  })

const joinCauses = (causes: ReadonlyArray<StatusCause>): string => {
  const texts = [...new Set(causes.map((cause) => `${cause.field}: ${cause.message}`))]
  return texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`
}
