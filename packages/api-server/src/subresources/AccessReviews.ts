/** Answers whether somebody may do something: the reviews of authorization.k8s.io. */
import type { StatusCause } from "@fairlead/kube"
import { badRequest, invalid } from "../ApiFailure.ts"
import type { ApiResponse, User } from "../ApiRequest.ts"
import { type Draft, field } from "../Draft.ts"
import { invalidValue } from "../FieldCause.ts"
import { type Attributes, decide } from "../policy/Authorization.ts"
import { grantsOf } from "../policy/RbacRules.ts"
import { answer } from "../rest/Answer.ts"
import { readBody } from "../rest/Body.ts"
import type { Call } from "../rest/Call.ts"
import { ownFields } from "../rest/Ownership.ts"

interface ReviewSpec {
  readonly resourceAttributes?: {
    readonly namespace?: string
    readonly verb?: string
    readonly group?: string
    readonly version?: string
    readonly resource?: string
    readonly subresource?: string
    readonly name?: string
  }
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string }
  readonly user?: string
  readonly groups?: ReadonlyArray<string>
  readonly uid?: string
}

/** POST of a SelfSubjectAccessReview. */
export const reviewOwnAccess = (call: Call): ApiResponse => review(call, () => call.user, [])

/** POST of a SubjectAccessReview. */
export const reviewAccess = (call: Call): ApiResponse => review(call, userOf, [])

/** POST of a LocalSubjectAccessReview. */
export const reviewLocalAccess = (call: Call): ApiResponse => {
  const draft = readBody(call)
  const spec = field<ReviewSpec>(draft, "spec") ?? {}
  const causes: Array<StatusCause> = []
  const { namespace } = draft.metadata
  if (namespace !== undefined && namespace !== "" && namespace !== call.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request")
  }
  if (spec.nonResourceAttributes !== undefined) {
    const { path = "", verb = "" } = spec.nonResourceAttributes
    causes.push(invalidValue("spec.nonResourceAttributes", { Path: path, Verb: verb }, "disallowed on this kind of request"))
  } else if (spec.resourceAttributes !== undefined && spec.resourceAttributes.namespace !== call.namespace) {
    causes.push(invalidValue("spec.resourceAttributes.namespace", spec.resourceAttributes.namespace ?? "", "must match metadata.namespace"))
  }
  return review(call, userOf, causes)
}

const userOf = ({ user = "", groups = [], uid }: ReviewSpec): User => ({ name: user, groups, ...(uid === undefined ? {} : { uid }) })

const review = (call: Call, who: (spec: ReviewSpec) => User, causes: Array<StatusCause>): ApiResponse => {
  const draft = readBody(call)
  const spec = field<ReviewSpec>(draft, "spec") ?? {}
  const { resourceAttributes, nonResourceAttributes } = spec
  if ((resourceAttributes === undefined) === (nonResourceAttributes === undefined)) {
    causes.push(invalidValue("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified"))
  }
  if (call.resource.plural !== "selfsubjectaccessreviews" && (spec.user ?? "") === "" && (spec.groups ?? []).length === 0) {
    causes.push(invalidValue("spec.user", "", "at least one of user or group must be specified"))
  }
  if (causes.length > 0) throw invalid("", call.resource.group, "", causes)
  const { allowed, reason } = decide(call.server, who(spec), attributesOf(spec))
  ownFields(call, draft, undefined)
  draft["status"] = { allowed, ...(reason === "" ? {} : { reason }) }
  return answer(call, 201, draft as never)
}

const attributesOf = ({ resourceAttributes, nonResourceAttributes }: ReviewSpec): Attributes => {
  if (nonResourceAttributes !== undefined) return { verb: nonResourceAttributes.verb ?? "", path: nonResourceAttributes.path ?? "" }
  const { namespace = "", verb = "", group = "", version = "", resource = "", subresource = "", name = "" } = resourceAttributes ?? {}
  return { verb, group, version, plural: resource, subresource, namespace, name }
}

/** POST of a SelfSubjectRulesReview: everything that the caller may do in a namespace. */
export const reviewOwnRules = (call: Call): ApiResponse => {
  const draft: Draft = readBody(call)
  const namespace = field<{ namespace?: string }>(draft, "spec")?.namespace ?? ""
  if (namespace === "") throw badRequest("no namespace on request")
  const rules = grantsOf(call.server, call.user, namespace).grants.flatMap((grant) => grant.rules)
  draft["status"] = {
    resourceRules: rules.filter(({ resources }) => (resources ?? []).length > 0),
    nonResourceRules: rules.filter(({ nonResourceURLs }) => (nonResourceURLs ?? []).length > 0),
    incomplete: false
  }
  return answer(call, 201, draft as never)
}
