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
  if (body === undefined) throw badRequest(`couldn't get version/kind; json parse error: ${syntaxErrorOf(bodyText ?? "") ?? "unexpected end of JSON input"}`)
  const { kind, apiVersion } = (body ?? {}) as { kind?: string; apiVersion?: string }
  if (kind !== undefined && kind !== "" && kind !== "DeleteOptions") {
    const version = apiVersion === undefined || apiVersion === "" ? resource.apiVersion : apiVersion
    throw badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(version)} in scheme "pkg/apis/meta/internalversion/scheme/register.go:27"`)
  }
  const decoded = decode(schema, body ?? {}, { text: bodyText })
  if (decoded.problem !== undefined) throw badRequest(decoded.problem)
  return decoded.object as DeleteOptions
}

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
