/** Component statuses are deprecated and always empty; they go by their singular name. */
import { notFound } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import type { Call } from "./Call.ts"
import { list } from "./List.ts"

/** GET of one or all of them. */
export const readComponentStatuses = (call: Call): ApiResponse => {
  if (call.request.verb === "get") throw notFound({ group: "", plural: "componentstatus" }, call.name)
  return list(call)
}
