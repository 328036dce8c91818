/** Query options of lists and watches, checked as the original checks them. */
import type { StatusCause } from "@fairlead/kube"
import { invalid } from "../ApiFailure.ts"
import { forbiddenValue, unsupportedValue } from "../FieldCause.ts"
import type { Call } from "./Call.ts"
import { readNumber } from "./WriteOptions.ts"

/** The options that decide which version and which part of a collection is shown. */
export interface ListOptions {
  readonly limit: number
  readonly continueToken: string
  readonly resourceVersion: string
  readonly match: "" | "Exact" | "NotOlderThan"
  readonly sendInitialEvents: boolean | undefined
  readonly allowBookmarks: boolean
  readonly timeoutSeconds: number | undefined
}

/** Reads the options. Throws `BadRequest` and `Invalid`. */
export const readListOptions = ({ query }: Call, isWatch: boolean): ListOptions => {
  const options: ListOptions = {
    limit: Math.max(0, readInteger(query["limit"]) ?? 0),
    continueToken: query["continue"] ?? "",
    resourceVersion: query["resourceVersion"] ?? "",
    match: (query["resourceVersionMatch"] ?? "") as ListOptions["match"],
    sendInitialEvents: readFlag(query["sendInitialEvents"]),
    allowBookmarks: readFlag(query["allowWatchBookmarks"]) ?? false,
    timeoutSeconds: readInteger(query["timeoutSeconds"])
  }
  if (options.match === "" && options.sendInitialEvents === undefined && !isWatch) return options
  const causes = isWatch ? watchCauses(options) : listCauses(options)
  if (causes.length > 0) throw invalid("ListOptions", "meta.k8s.io", "", causes)
  return isWatch ? withInitialEvents(options) : options
}

/** Any value but `0` and `false` counts as true. */
export const readFlag = (text: string | undefined): boolean | undefined =>
  text === undefined ? undefined : text !== "0" && text.toLowerCase() !== "false"

const readInteger = (text: string | undefined): number | undefined => (text === undefined ? undefined : readNumber(text))

/** A watch that starts anywhere is one that wants the initial events. */
const withInitialEvents = (options: ListOptions): ListOptions =>
  options.match === "" && options.sendInitialEvents === undefined && options.continueToken === "" &&
    (options.resourceVersion === "" || options.resourceVersion === "0")
    ? { ...options, match: "NotOlderThan", sendInitialEvents: true }
    : options

const listCauses = ({ match, resourceVersion, continueToken, sendInitialEvents }: ListOptions): ReadonlyArray<StatusCause> => {
  const causes: Array<StatusCause> = []
  if (match !== "") {
    if (resourceVersion === "") causes.push(forbiddenValue("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"))
    if (continueToken !== "") causes.push(forbiddenValue("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"))
    if (match !== "Exact" && match !== "NotOlderThan") causes.push(unsupportedValue("resourceVersionMatch", match, ["Exact", "NotOlderThan", ""]))
    if (match === "Exact" && resourceVersion === "0") {
      causes.push(forbiddenValue("resourceVersionMatch", 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    }
  }
  if (sendInitialEvents !== undefined) causes.push(forbiddenValue("sendInitialEvents", "sendInitialEvents is forbidden for list"))
  return causes
}

const watchCauses = ({ match, continueToken, sendInitialEvents }: ListOptions): ReadonlyArray<StatusCause> => {
  if (continueToken !== "") return [forbiddenValue("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")]
  const causes: Array<StatusCause> = []
  if (sendInitialEvents === undefined) {
    if (match === "") return causes
    causes.push(forbiddenValue("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
    if (match !== "NotOlderThan") causes.push(unsupportedValue("resourceVersionMatch", match, ["NotOlderThan"]))
    return causes
  }
  if (match !== "NotOlderThan") {
    causes.push(forbiddenValue("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
    if (match !== "") causes.push(unsupportedValue("resourceVersionMatch", match, ["NotOlderThan"]))
  }
  return causes
}
