/** Component statuses are deprecated and always empty; they go by their singular name. */
import type { KubeList } from "@fairlead/kube"
import { notFound } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import { answer } from "./Answer.ts"
import type { Call } from "./Call.ts"
import { list } from "./List.ts"

/** GET of one or all of them. */
export const readComponentStatuses = (call: Call): ApiResponse => {
  if (call.request.verb === "get") throw notFound({ group: "", plural: "componentstatus" }, call.name)
  const { metadata, ...answered } = list(call).body as KubeList
  const { resourceVersion: _, ...rest } = metadata
  return answer(call, 200, { ...answered, metadata: rest })
}
