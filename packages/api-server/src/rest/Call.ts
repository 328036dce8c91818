/** Everything that the steps of one request need to know. */
import type { KubeQuery } from "@fairlead/kube"
import { adminUser, type ApiRequest, type User } from "../ApiRequest.ts"
import { badRequest } from "../ApiFailure.ts"
import type { ServedResource } from "../ServedResource.ts"
import type { ServerContext } from "../ServerContext.ts"
import { checkWriteOptions, noQuery, type OptionsKind } from "./WriteOptions.ts"

/** How unknown and duplicate fields of a body are met. */
export type FieldValidation = "Ignore" | "Warn" | "Strict"

/** One request on its way through the server. */
export interface Call {
  readonly server: ServerContext
  readonly request: ApiRequest
  readonly resource: ServedResource
  /** `""` for cluster-scoped objects and for lists over all namespaces. */
  readonly namespace: string
  readonly name: string
  readonly user: User
  readonly query: KubeQuery
  readonly dryRun: boolean
  readonly fieldValidation: FieldValidation
  /** Who owns the fields that are written. */
  readonly fieldManager: string
  readonly warnings: Array<string>
}

const optionsKinds: { readonly [verb in ApiRequest["verb"]]?: OptionsKind } = {
  create: "CreateOptions",
  update: "UpdateOptions",
  patch: "PatchOptions"
}

/** Sets a call up and checks its path against the scope of the resource. */
export const makeCall = (server: ServerContext, resource: ServedResource, request: ApiRequest): Call => {
  const query = request.query ?? noQuery
  const namespace = request.namespace ?? ""
  if (resource.namespaced && namespace === "" && request.verb === "create" && request.subresource === undefined) {
    throw badRequest("an empty namespace may not be set during creation")
  }
  const optionsKind = optionsKinds[request.verb]
  if (optionsKind !== undefined) checkWriteOptions(optionsKind, query, request.patchType === "apply")
  return {
    server,
    request,
    resource,
    namespace: resource.namespaced ? namespace : "",
    name: request.name ?? "",
    user: request.user ?? adminUser,
    query,
    dryRun: query["dryRun"] === "All",
    fieldValidation: (query["fieldValidation"] || "Warn") as FieldValidation,
    fieldManager: query["fieldManager"] || managerOf(request.userAgent),
    warnings: []
  }
}

const managerOf = (userAgent: string | undefined): string => {
  if (userAgent === undefined) return "unknown"
  const end = userAgent.indexOf("/")
  return (end < 0 ? userAgent : userAgent.slice(0, end)).slice(0, 128)
}
