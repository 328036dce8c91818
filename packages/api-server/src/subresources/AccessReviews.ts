/** Answers whether somebody may do something: the reviews of authorization.k8s.io. */
import type { StatusCause } from "@fairlead/kube"
import { badRequest, invalid } from "../ApiFailure.ts"
import type { ApiResponse, User } from "../ApiRequest.ts"
import { type Draft, field } from "../Draft.ts"
import { forbiddenValue, invalidValue, requiredValue } from "../FieldCause.ts"
import { type Attributes, decide } from "../policy/Authorization.ts"
import { grantsOf } from "../policy/RbacRules.ts"
import { answer } from "../rest/Answer.ts"
import { readBody } from "../rest/Body.ts"
import type { Call } from "../rest/Call.ts"
import { ownFields } from "../rest/Ownership.ts"

interface SelectorAttributes {
  readonly rawSelector?: string
  readonly requirements?: ReadonlyArray<{ readonly key?: string; readonly operator?: string; readonly values?: ReadonlyArray<string> }>
}

interface ReviewSpec {
  readonly resourceAttributes?: {
    readonly namespace?: string
    readonly verb?: string
    readonly group?: string
    readonly version?: string
    readonly resource?: string
    readonly subresource?: string
    readonly name?: string
    readonly fieldSelector?: SelectorAttributes
    readonly labelSelector?: SelectorAttributes
  }
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string }
  readonly user?: string
  readonly groups?: ReadonlyArray<string>
  readonly uid?: string
}

/** POST of a SelfSubjectAccessReview. */
export const reviewOwnAccess = (call: Call): ApiResponse => review(call, () => call.user)

/** POST of a SubjectAccessReview. */
export const reviewAccess = (call: Call): ApiResponse => review(call, userOf)

/** POST of a LocalSubjectAccessReview. */
export const reviewLocalAccess = (call: Call): ApiResponse =>
  review(call, userOf, ({ nonResourceAttributes, resourceAttributes }, draft) => {
    const { namespace } = draft.metadata
    if (namespace !== undefined && namespace !== "" && namespace !== call.namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request")
    }
    const causes: Array<StatusCause> = []
    if (resourceAttributes !== undefined && resourceAttributes.namespace !== call.namespace) {
      causes.push(invalidValue("spec.resourceAttributes.namespace", resourceAttributes.namespace ?? "", "must match metadata.namespace"))
    }
    if (nonResourceAttributes !== undefined) causes.push(invalidValue("spec.nonResourceAttributes", shownPath(nonResourceAttributes), "disallowed on this kind of request"))
    return causes
  })

/** Attributes of a path as messages show them. */
const shownPath = ({ path = "", verb = "" }: NonNullable<ReviewSpec["nonResourceAttributes"]>): object => ({ Path: path, Verb: verb })

const userOf = ({ user = "", groups = [], uid }: ReviewSpec): User => ({ name: user, groups, ...(uid === undefined ? {} : { uid }) })

const review = (
  call: Call,
  who: (spec: ReviewSpec) => User,
  ownCauses: (spec: ReviewSpec, draft: Draft) => ReadonlyArray<StatusCause> = () => []
): ApiResponse => {
  const draft = readBody(call)
  const spec = field<ReviewSpec>(draft, "spec") ?? {}
  const causes = [...causesOf(call, spec), ...metadataCauses(call, draft), ...ownCauses(spec, draft)]
  if (causes.length > 0) throw invalid("", call.resource.group, "", causes)
  const { allowed, reason } = decide(call.server, who(spec), attributesOf(spec))
  ownFields(call, draft, undefined)
  draft["status"] = { allowed, ...(reason === "" ? {} : { reason }) }
  return answer(call, 201, draft as never)
}

const causesOf = (call: Call, spec: ReviewSpec): ReadonlyArray<StatusCause> => {
  const { nonResourceAttributes, resourceAttributes } = spec
  const causes: Array<StatusCause> = []
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    causes.push(invalidValue("spec.nonResourceAttributes", shownPath(nonResourceAttributes), "cannot be specified in combination with resourceAttributes"))
  } else if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
    causes.push(invalidValue("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified"))
  }
  if (call.resource.plural !== "selfsubjectaccessreviews" && (spec.user ?? "") === "" && (spec.groups ?? []).length === 0) {
    causes.push(invalidValue("spec.user", "", "at least one of user or group must be specified"))
  }
  checkSelector("spec.resourceAttributes.fieldSelector", resourceAttributes?.fieldSelector, causes)
  checkSelector("spec.resourceAttributes.labelSelector", resourceAttributes?.labelSelector, causes)
  return causes
}

/** Reviews have no metadata, but for the namespace of local ones. */
const metadataCauses = ({ resource: { namespaced } }: Call, { metadata }: Draft): ReadonlyArray<StatusCause> => {
  const { managedFields: _, namespace, ...given } = metadata
  const rest = namespaced || namespace === undefined ? given : { ...given, namespace }
  if (Object.values(rest).every((value) => value === undefined || value === null)) return []
  return [invalidValue("metadata", metadata, namespaced ? "must be empty except for namespace" : "must be empty")]
}

const checkSelector = (at: string, selector: SelectorAttributes | undefined, causes: Array<StatusCause>): void => {
  if (selector === undefined) return
  const { rawSelector = "", requirements = [] } = selector
  if (rawSelector !== "" && requirements.length > 0) causes.push(invalidValue(`${at}.rawSelector`, rawSelector, "may not specified at the same time as requirements"))
  if (rawSelector === "" && requirements.length === 0) causes.push(requiredValue(`${at}.requirements`, `when ${at} is specified, requirements or rawSelector is required`))
  requirements.forEach(({ key = "", operator = "", values = [] }, i) => {
    const field = `${at}.requirements[${i}]`
    if (key === "") causes.push(requiredValue(`${field}.key`, "must be specified"))
    if (operator === "In" || operator === "NotIn") {
      if (values.length === 0) causes.push(requiredValue(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values.length > 0) causes.push(forbiddenValue(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
    } else causes.push(invalidValue(`${field}.operator`, operator, "not a valid selector operator"))
  })
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
  const { grants, problems } = grantsOf(call.server, call.user, namespace)
  const rules = grants.flatMap((grant) => grant.rules)
  draft["status"] = {
    resourceRules: rules.filter(({ resources }) => (resources ?? []).length > 0),
    nonResourceRules: rules.filter(({ nonResourceURLs }) => (nonResourceURLs ?? []).length > 0),
    incomplete: false,
    ...(problems.length === 0 ? {} : { evaluationError: problems.length === 1 ? problems[0] : `[${problems.join(", ")}]` })
  }
  return answer(call, 201, draft as never)
}
