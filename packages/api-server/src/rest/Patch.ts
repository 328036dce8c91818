/** Changes stored objects by patches. */
import type { KubeObject } from "@fairlead/kube"
import { badRequest, unsupportedMediaType } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import { mergePatch } from "../internal/mergePatch.ts"
import { answer } from "./Answer.ts"
import { draftFrom } from "./Body.ts"
import type { Call } from "./Call.ts"
import { checkName, existingObject, replaceObject } from "./Update.ts"

/** PATCH on an object. */
export const patch = (call: Call): ApiResponse => {
  const previous = existingObject(call)
  const draft = draftFrom(call.resource, patched(call, previous))
  checkName(call, draft)
  return answer(call, 200, replaceObject(call, draft, call.request.subresource === "status"))
}

const patched = (call: Call, previous: KubeObject): Record<string, unknown> => {
  const { patchType, body } = call.request
  switch (patchType) {
    case "merge":
      if (typeof body !== "object" || body === null || Array.isArray(body)) throw badRequest("Invalid JSON Patch")
      return mergePatch(previous, body) as Record<string, unknown>
    default:
      throw unsupportedMediaType(`the server does not take patches of type ${patchType ?? "none"}`)
  }
}
