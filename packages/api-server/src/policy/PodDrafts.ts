/** What the policies on pods have in common. */
import type { PodSpec } from "@fairlead/kube"
import type { Draft } from "../Draft.ts"
import type { Call } from "../rest/Call.ts"
import type { Operation } from "./Admission.ts"

/** Whether a call is about pods themselves, not about a subresource. */
export const isPod = ({ resource, request }: Call): boolean =>
  resource.plural === "pods" && resource.group === "" && request.subresource === undefined

/** Whether a call creates a pod. */
export const isPodCreate = (call: Call, operation: Operation): boolean => operation === "create" && isPod(call)

/** Replaces the spec of a draft. */
export const setPodSpec = (draft: Draft, spec: PodSpec): void => {
  draft["spec"] = spec
}
