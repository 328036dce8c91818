/** Reads one object. */
import { rawError, tooLargeVersion } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import { answer } from "./Answer.ts"
import type { Call } from "./Call.ts"
import { existingObject } from "./Update.ts"

/** GET on an object. */
export const get = (call: Call): ApiResponse => {
  const asked = call.query["resourceVersion"]
  if (asked !== undefined && asked !== "") {
    if (!/^\d+$/.test(asked)) throw rawError(`strconv.ParseUint: parsing ${JSON.stringify(asked)}: invalid syntax`)
    if (Number(asked) > call.server.store.revision) throw tooLargeVersion(Number(asked), call.server.store.revision)
  }
  return answer(call, 200, existingObject(call))
}
