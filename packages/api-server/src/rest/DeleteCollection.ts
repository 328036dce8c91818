/** Deletes all objects that a list would show. */
import type { ApiResponse } from "../ApiRequest.ts"
import type { KubeObject } from "@fairlead/kube"
import { unreachable } from "../outside/Outside.ts"
import { admitDeletion } from "../policy/Admission.ts"
import { answer } from "./Answer.ts"
import type { Call } from "./Call.ts"
import { deleteObject, warnOfOrphans } from "./Delete.ts"
import { readDeleteOptions } from "./DeleteOptions.ts"
import { readPage, toList } from "./List.ts"
import { readListOptions } from "./ListOptions.ts"
import { readSelection } from "./Selection.ts"

/** DELETE on a collection; answers the objects as they were. */
export const deleteCollection = (call: Call): ApiResponse => {
  const options = readDeleteOptions(call)
  warnOfOrphans(call, options)
  const page = readPage(call, readListOptions(call, false), readSelection(call))
  const dryRun = options.dryRun?.includes("All") ?? false
  const oneOf = (object: KubeObject): Call => ({ ...call, dryRun, namespace: object.metadata.namespace ?? "", name: object.metadata.name! })
  // Nothing is deleted before all webhooks have answered: a call that has to wait for them is played again from its start.
  if (call.server.outside !== unreachable) for (const object of page.objects) admitDeletion({ ...oneOf(object), warnings: [] }, object)
  for (const object of page.objects) {
    const one = oneOf(object)
    if (call.resource.collection.get(one.namespace, one.name) !== undefined) deleteObject(one, object, options)
  }
  return answer(call, 200, toList(call, page))
}
