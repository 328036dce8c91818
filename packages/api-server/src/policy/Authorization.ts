/** Decides who may do what. */
import type { GroupResource } from "../ApiFailure.ts"
import { forbidden } from "../ApiFailure.ts"
import type { User } from "../ApiRequest.ts"
import type { Call } from "../rest/Call.ts"
import type { ServerContext } from "../ServerContext.ts"

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

/** The answer, with what a refusal says. */
export type Decision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly resource: GroupResource; readonly name: string; readonly message: string }

/** Whether `user` may do what the attributes say. */
export const authorize = (_context: ServerContext, user: User, attributes: Attributes): Decision => {
  if (user.groups.includes("system:masters")) return { allowed: true }
  return refusal(user, attributes, attributes.verb)
}

/** A refusal in the words of the original. */
const refusal = (user: User, attributes: Attributes, verb: string): Decision => {
  const who = `User ${JSON.stringify(user.name)} cannot ${verb}`
  const { path, plural = "", group = "", namespace = "", name = "", subresource = "" } = attributes
  if (path !== undefined) return { allowed: false, resource: { group: "", plural: "" }, name: "", message: `${who} path ${JSON.stringify(path)}` }
  const resource = subresource === "" ? plural : `${plural}/${subresource}`
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`
  return {
    allowed: false,
    resource: { group, plural },
    name,
    message: `${who} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)} ${where}`
  }
}

/** Refuses to let `user` act as somebody else without the right to. */
export const authorizeImpersonation = (_context: ServerContext, user: User, _acting: User, attributes: Attributes): void => {
  if (user.groups.includes("system:masters")) return
  const decision = refusal(user, attributes, `impersonate-on:user-info:${attributes.verb}`)
  if (!decision.allowed) throw forbidden(decision.resource, decision.name, decision.message)
}

/** Apply to an object that does not exist needs the right to create it too. */
export const requireCreate = (call: Call): void => {
  const { resource, namespace, name, user } = call
  const decision = authorize(call.server, user, { verb: "create", group: resource.group, version: resource.version, plural: resource.plural, namespace, name })
  if (!decision.allowed) throw forbidden(decision.resource, decision.name, decision.message)
}
