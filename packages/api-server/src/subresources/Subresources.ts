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

const handlers: Readonly<Record<string, CallHandler>> = {
  "/pods/binding": bindPod,
  "/pods/eviction": evictPod,
  "/pods/ephemeralcontainers": writePodPart,
  "/pods/resize": writePodPart,
  "/pods/log": readLog,
  "/pods/exec": refuseStream,
  "/pods/attach": refuseStream,
  "/pods/portforward": refuseStream,
  "/pods/proxy": refuseStream,
  "/namespaces/finalize": finalizeNamespace,
  "/serviceaccounts/token": requestToken,
  "/bindings/": createBinding,
  "/componentstatuses/": readComponentStatuses,
  "authentication.k8s.io/selfsubjectreviews/": reviewSelf,
  "authentication.k8s.io/tokenreviews/": reviewToken,
  "authorization.k8s.io/subjectaccessreviews/": reviewAccess,
  "authorization.k8s.io/localsubjectaccessreviews/": reviewLocalAccess,
  "authorization.k8s.io/selfsubjectaccessreviews/": reviewOwnAccess,
  "authorization.k8s.io/selfsubjectrulesreviews/": reviewOwnRules
}

/** The handler of a subresource or review; `undefined` if the verbs of stored objects will do. */
export const callHandler = (resource: ServedResource, subresource: string): CallHandler | undefined => {
  if (subresource === "scale") return scale
  return resource.custom ? undefined : handlers[`${resource.group}/${resource.plural}/${subresource}`]
}
