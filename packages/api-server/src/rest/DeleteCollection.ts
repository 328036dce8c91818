/** Deletes all objects that a list would show. */
import type { ApiResponse } from "../ApiRequest.ts"
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
  for (const object of page.objects) {
    const one = { ...call, dryRun, namespace: object.metadata.namespace ?? "", name: object.metadata.name! }
    if (call.resource.collection.get(one.namespace, one.name) !== undefined) deleteObject(one, object, options)
  }
  return answer(call, 200, toList(call, page))
}
