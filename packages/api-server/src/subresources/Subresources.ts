/** The subresources that are more than a view on the object itself. */
import type { ApiResponse } from "../ApiRequest.ts"
import type { Call } from "../rest/Call.ts"
import { readComponentStatuses } from "../rest/ComponentStatuses.ts"
import type { ServedResource } from "../ServedResource.ts"
import { finalizeNamespace } from "./NamespaceFinalize.ts"
import { bindPod, createBinding } from "./PodBinding.ts"
import { evictPod } from "./PodEviction.ts"
import { writePodPart } from "./PodSpecParts.ts"
import { readLog, refuseStream } from "./PodStreams.ts"
import { reviewAccess, reviewLocalAccess, reviewOwnAccess, reviewOwnRules } from "./AccessReviews.ts"
import { reviewSelf, reviewToken } from "./IdentityReviews.ts"
import { scale } from "./Scale.ts"
import { requestToken } from "./TokenRequests.ts"

/** Carries out a call on a subresource, or on a kind that is answered but never stored. */
export type CallHandler = (call: Call) => ApiResponse

interface Handlers {
  readonly group: string
  /** By subresource; `""` for the kind itself. */
  readonly bySubresource: Readonly<Record<string, CallHandler>>
}

const authentication = "authentication.k8s.io"
const authorization = "authorization.k8s.io"

/** By plural name: no key has to be put together for each call. */
const handlers: ReadonlyMap<string, Handlers> = new Map([
  ["pods", {
    group: "",
    bySubresource: {
      binding: bindPod,
      eviction: evictPod,
      ephemeralcontainers: writePodPart,
      resize: writePodPart,
      log: readLog,
      exec: refuseStream,
      attach: refuseStream,
      portforward: refuseStream,
      proxy: refuseStream
    }
  }],
  ["namespaces", { group: "", bySubresource: { finalize: finalizeNamespace } }],
  ["serviceaccounts", { group: "", bySubresource: { token: requestToken } }],
  ["bindings", { group: "", bySubresource: { "": createBinding } }],
  ["componentstatuses", { group: "", bySubresource: { "": readComponentStatuses } }],
  ["selfsubjectreviews", { group: authentication, bySubresource: { "": reviewSelf } }],
  ["tokenreviews", { group: authentication, bySubresource: { "": reviewToken } }],
  ["subjectaccessreviews", { group: authorization, bySubresource: { "": reviewAccess } }],
  ["localsubjectaccessreviews", { group: authorization, bySubresource: { "": reviewLocalAccess } }],
  ["selfsubjectaccessreviews", { group: authorization, bySubresource: { "": reviewOwnAccess } }],
  ["selfsubjectrulesreviews", { group: authorization, bySubresource: { "": reviewOwnRules } }]
])

/** The handler of a subresource or review; `undefined` if the verbs of stored objects will do. */
export const callHandler = (resource: ServedResource, subresource: string): CallHandler | undefined => {
  if (subresource === "scale") return scale
  if (resource.custom) return undefined
  const found = handlers.get(resource.plural)
  return found?.group === resource.group ? found.bySubresource[subresource] : undefined
}
