/** Who sends a request: bearer tokens, anonymous callers, and those who act as somebody else. */
import { badRequest } from "../ApiFailure.ts"
import type { ApiServer } from "../ApiServer.ts"
import type { User } from "../ApiRequest.ts"
import type { WantedUser } from "../policy/Impersonation.ts"
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

/** The user that the impersonation headers name; `undefined` without any. Throws `BadRequest` if they leave the name out. */
export const wantedUser = (request: HttpRequest): WantedUser | undefined => {
  if (!request.headerNames().some(isAboutImpersonation)) return undefined
  const name = request.header("impersonate-user") ?? ""
  const uid = request.header("impersonate-uid") ?? ""
  const groups = listOf(request.header("impersonate-group"))
  const extra = extraOf(request)
  const keys = Object.keys(extra)
  if (name !== "") return { name, uid, groups, extra }
  if (uid === "" && groups.length === 0 && keys.length === 0) return undefined
  const texts = (values: ReadonlyArray<string>): string => `[]string{${values.map((value) => JSON.stringify(value)).join(", ")}}`
  const shownGroups = groups.length === 0 ? "[]string(nil)" : texts(groups)
  const shownExtra = keys.length === 0 ? "map[string][]string(nil)" : `map[string][]string{${keys.sort().map((key) => `${JSON.stringify(key)}:${texts(extra[key]!)}`).join(", ")}}`
  throw badRequest(`requested &user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:${shownGroups}, Extra:${shownExtra}} without impersonating a user name`)
}

const isAboutImpersonation = (name: string): boolean => name.startsWith("impersonate-")

const listOf = (header: string | undefined): ReadonlyArray<string> =>
  header === undefined ? [] : header.split(",").map((part) => part.trim()).filter((part) => part !== "")

const extraPrefix = "impersonate-extra-"

const extraOf = (request: HttpRequest): Record<string, ReadonlyArray<string>> => {
  const extra: Record<string, ReadonlyArray<string>> = {}
  for (const name of request.headerNames()) {
    if (name.startsWith(extraPrefix)) extra[unescaped(name.slice(extraPrefix.length))] = listOf(request.header(name))
  }
  return extra
}

/** Names of extra values are percent-encoded; what is not well encoded counts as it stands. */
const unescaped = (name: string): string => {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
