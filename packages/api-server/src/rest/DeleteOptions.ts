/** Options of a deletion, from its body or else from its query. */
import { badRequest } from "../ApiFailure.ts"
import type { Call } from "./Call.ts"

/** `metav1.DeleteOptions`. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan"
  readonly orphanDependents?: boolean
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: ReadonlyArray<string>
}

/** Reads and checks the options; a body hides the query. */
export const readDeleteOptions = (call: Call): DeleteOptions => {
  const { body } = call.request
  if (body !== undefined && body !== null) {
    if (typeof body !== "object") throw badRequest(`DeleteOptions must be an object, but is ${JSON.stringify(body)}`)
    return body as DeleteOptions
  }
  const { query } = call
  const seconds = query["gracePeriodSeconds"]
  if (seconds !== undefined && !/^[+-]?\d+$/.test(seconds)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(seconds)}: invalid syntax`)
  }
  return {
    ...(seconds === undefined ? {} : { gracePeriodSeconds: Number(seconds) }),
    ...(query["propagationPolicy"] === undefined ? {} : { propagationPolicy: query["propagationPolicy"] as "Orphan" }),
    ...(query["orphanDependents"] === undefined ? {} : { orphanDependents: query["orphanDependents"] === "true" })
  }
}
