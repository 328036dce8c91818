/** Decides who may do what. */
import { type ApiFailure, forbidden, type GroupResource } from "../ApiFailure.ts"
import type { User } from "../ApiRequest.ts"
import type { Call } from "../rest/Call.ts"
import type { ServerContext } from "../ServerContext.ts"
import { allows, grantsOf } from "./RbacRules.ts"

/** What a request wants to do: on a resource, or on a path. */
export interface Attributes {
  readonly verb: string
  readonly path?: string
  readonly group?: string
  readonly version?: string
  readonly plural?: string
  readonly namespace?: string
  readonly name?: string
  readonly subresource?: string
}

/** The answer and what led to it. */
export interface Decision {
  readonly allowed: boolean
  readonly reason: string
}

const allowedByGroup: Decision = { allowed: true, reason: "" }

/** Whether `user` may do what the attributes say. */
export const decide = (server: ServerContext, user: User, attributes: Attributes): Decision => {
  if (user.groups.includes("system:masters")) return allowedByGroup
  const { grants, problems } = grantsOf(server, user, attributes.namespace ?? "")
  const grant = grants.find(({ rules }) => rules.some((rule) => allows(rule, attributes)))
  if (grant !== undefined) return { allowed: true, reason: grant.reason }
  if (problems.length === 0) return { allowed: false, reason: "" }
  return { allowed: false, reason: `RBAC: ${problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`}` }
}

/** Throws `Forbidden` unless `user` may do what the attributes say. */
export const authorize = (server: ServerContext, user: User, attributes: Attributes): void => {
  const decision = decide(server, user, attributes)
  if (!decision.allowed) throw denial(user, attributes, decision.reason)
}

/** A refusal in the words of the original. */
const denial = (user: User, attributes: Attributes, reason: string): ApiFailure => {
  const who = `User ${JSON.stringify(user.name)} cannot ${attributes.verb}`
  const why = reason === "" ? "" : `: ${reason}`
  const { path, plural = "", group = "", namespace = "", name = "", subresource = "" } = attributes
  if (path !== undefined) return forbidden(noResource, "", `${who} path ${JSON.stringify(path)}${why}`)
  const resource = subresource === "" ? plural : `${plural}/${subresource}`
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`
  return forbidden({ group, plural }, name, `${who} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)} ${where}${why}`)
}

const noResource: GroupResource = { group: "", plural: "" }

/** Apply to an object that does not exist needs the right to create it too. */
export const requireCreate = ({ server, resource, namespace, name, user }: Call): void =>
  authorize(server, user, { verb: "create", group: resource.group, version: resource.version, plural: resource.plural, namespace, name })
