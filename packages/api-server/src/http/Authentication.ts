/** Who sends a request: bearer tokens, anonymous callers, and those who act as somebody else. */
import type { ApiServer } from "../ApiServer.ts"
import type { User } from "../ApiRequest.ts"
import { verifyToken } from "../policy/Tokens.ts"
import type { HttpRequest } from "./HttpMessage.ts"

const anonymous: User = { name: "system:anonymous", groups: ["system:unauthenticated"] }

/** The user of the credentials; `undefined` if they are bad. */
export const authenticate = (server: ApiServer, request: HttpRequest): User | undefined => {
  const header = request.header("authorization")
  if (header === undefined) return anonymous
  const match = /^Bearer +(\S+) *$/i.exec(header)
  if (match === null) return anonymous
  const holder = verifyToken(server.context, match[1]!, [])
  return typeof holder === "string" ? undefined : holder.user
}

/** The user that the impersonation headers name; `undefined` without any. */
export const impersonated = (request: HttpRequest): User | undefined => {
  const name = request.header("impersonate-user")
  if (name === undefined) return undefined
  const groups = listOf(request.header("impersonate-group"))
  const uid = request.header("impersonate-uid")
  const extra = extraOf(request)
  return {
    name,
    groups: withImpliedGroups(name, groups),
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra })
  }
}

const listOf = (header: string | undefined): ReadonlyArray<string> =>
  header === undefined ? [] : header.split(",").map((part) => part.trim()).filter((part) => part !== "")

const withImpliedGroups = (name: string, groups: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (name === anonymous.name) return groups.length === 0 ? anonymous.groups : groups
  const account = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name)
  const own = groups.length === 0 && account !== null ? ["system:serviceaccounts", `system:serviceaccounts:${account[1]}`] : groups
  return own.includes("system:authenticated") ? own : [...own, "system:authenticated"]
}

const extraPrefix = "impersonate-extra-"

const extraOf = (request: HttpRequest): Record<string, ReadonlyArray<string>> => {
  const extra: Record<string, ReadonlyArray<string>> = {}
  for (const name of request.headerNames()) {
    if (!name.startsWith(extraPrefix)) continue
    extra[decodeURIComponent(name.slice(extraPrefix.length))] = listOf(request.header(name))
  }
  return extra
}
