/** Options of a deletion, from its body or else from its query. */
import type { StatusCause } from "@fairlead/kube"
import { badRequest, invalid } from "../ApiFailure.ts"
import { decode, schemaOf } from "../builtin/Builtin.ts"
import { invalidValue, unsupportedValue } from "../FieldCause.ts"
import { syntaxErrorOf } from "../builtin/GoJson.ts"
import type { Call } from "./Call.ts"
import { checkDryRun, readBoolean, readNumber } from "./WriteOptions.ts"

/** `metav1.DeleteOptions`. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan"
  readonly orphanDependents?: boolean
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: ReadonlyArray<string>
}

const none: DeleteOptions = {}

/** Reads and checks the options; a body hides the query. */
export const readDeleteOptions = (call: Call): DeleteOptions => {
  const { body, bodyText } = call.request
  const options = body === undefined && bodyText === undefined ? fromQuery(call) : fromBody(call)
  if (options === none) return options
  const causes: Array<StatusCause> = []
  check(options, causes)
  if (causes.length > 0) throw invalid("DeleteOptions", "meta.k8s.io", "", causes)
  return options
}

const schema = schemaOf("", "v1", "DeleteOptions")!

const fromBody = ({ request, resource }: Call): DeleteOptions => {
  const { body, bodyText } = request
  const text = bodyText ?? JSON.stringify(body)
  if (body === undefined) throw unreadable(syntaxErrorOf(text) ?? "unexpected end of JSON input", text)
  const { kind, apiVersion } = (body ?? {}) as { kind?: string; apiVersion?: string }
  if (kind !== undefined && kind !== "" && kind !== "DeleteOptions") {
    const version = apiVersion === undefined || apiVersion === "" ? resource.apiVersion : apiVersion
    throw badRequest(`${kind} in version "${version.slice(version.indexOf("/") + 1)}" cannot be handled as a DeleteOptions: converting (v1.${kind}) to (v1.DeleteOptions): unknown conversion`)
  }
  const decoded = decode(schema, body ?? {}, { text: bodyText })
  if (decoded.problem !== undefined) throw badRequest(`DeleteOptions in version "${resource.version}" cannot be handled as a DeleteOptions: ${decoded.problem}`)
  return decoded.object as DeleteOptions
}

const unreadable = (problem: string, text: string): Error =>
  badRequest(`the object provided is unrecognized (must be of type DeleteOptions): couldn't get version/kind; json parse error: ${problem} (${text})`)

const fromQuery = ({ query }: Call): DeleteOptions => {
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, dryRun } = query
  if (gracePeriodSeconds === undefined && propagationPolicy === undefined && orphanDependents === undefined && dryRun === undefined) return none
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: readNumber(gracePeriodSeconds) }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy: propagationPolicy as "Orphan" }),
    ...(orphanDependents === undefined ? {} : { orphanDependents: readBoolean(orphanDependents) }),
    ...(dryRun === undefined ? {} : { dryRun: [dryRun] })
  }
}

const policies = ["Foreground", "Background", "Orphan"]

const check = ({ propagationPolicy, orphanDependents, dryRun }: DeleteOptions, causes: Array<StatusCause>): void => {
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    causes.push(invalidValue("propagationPolicy", propagationPolicy, "orphanDependents and deletionPropagation cannot be both set"))
  }
  if (propagationPolicy !== undefined && !policies.includes(propagationPolicy)) {
    causes.push(unsupportedValue("propagationPolicy", propagationPolicy, [...policies, "nil"]))
  }
  if (dryRun !== undefined) checkDryRun(dryRun, causes)
}
