/** The subresources that are more than a view on the object itself. */
import type { ApiResponse } from "../ApiRequest.ts"
import type { Call } from "../rest/Call.ts"
import type { ServedResource } from "../ServedResource.ts"
import { bindPod } from "./PodBinding.ts"
import { finalizeNamespace } from "./NamespaceFinalize.ts"

/** Carries out a call on a subresource. */
export type SubresourceHandler = (call: Call) => ApiResponse

const handlers: Readonly<Record<string, SubresourceHandler>> = {
  "pods/binding": bindPod,
  "namespaces/finalize": finalizeNamespace
}

/** The handler of a subresource; `undefined` if the verbs of the object itself will do. */
export const subresourceHandler = (resource: ServedResource, subresource: string): SubresourceHandler | undefined =>
  resource.group === "" ? handlers[`${resource.plural}/${subresource}`] : undefined
