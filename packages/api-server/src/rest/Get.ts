/** Reads one object. */
import { badRequest, badVersion, tooLargeVersion } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import { answer } from "./Answer.ts"
import type { Call } from "./Call.ts"
import { readFlag } from "./ListOptions.ts"
import { existingObject } from "./Update.ts"

/** GET on an object. */
export const get = (call: Call): ApiResponse => {
  if (readFlag(call.query["export"]) === true) throw badRequest("the export parameter, deprecated since v1.14, is no longer supported")
  const asked = call.query["resourceVersion"]
  if (asked !== undefined && asked !== "") {
    if (!/^\d+$/.test(asked)) throw badVersion(asked)
    if (Number(asked) > call.server.store.revision) throw tooLargeVersion(Number(asked), call.server.store.revision)
  }
  return answer(call, 200, existingObject(call))
}
