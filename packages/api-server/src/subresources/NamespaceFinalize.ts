/** Removes finalizers from the spec of a namespace: `namespaces/finalize`. */
import { field } from "../Draft.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import { answer } from "../rest/Answer.ts"
import { readBody } from "../rest/Body.ts"
import type { Call } from "../rest/Call.ts"
import { checkName, existingObject, replaceObject } from "../rest/Update.ts"

interface NamespaceSpec {
  readonly finalizers?: ReadonlyArray<string>
}

/** PUT: takes `spec.finalizers` from what was sent. A terminating namespace is removed with the last of them. */
export const finalizeNamespace = (call: Call): ApiResponse => {
  const draft = readBody(call)
  checkName(call, draft)
  const previous = existingObject(call)
  const finalizers = field<NamespaceSpec>(draft, "spec")?.finalizers ?? []
  const status = field<object>(previous, "status")
  if (status !== undefined) draft["status"] = status
  draft["spec"] = finalizers.length === 0 ? {} : { finalizers }
  return answer(call, 200, replaceObject(call, draft))
}
