/** URLs as Go's `url.ParseRequestURI` reads them. */

/** A URL in its parts. */
export interface GoUrl {
  readonly text: string
  readonly scheme: string
  /** Host with port, brackets included. */
  readonly host: string
  readonly escapedPath: string
  readonly rawQuery: string
  readonly userInfo: string | undefined
  readonly fragment: string
}

/** Reads a request URI: an absolute URL or an absolute path. Gives Go's error text if it is none. */
export const parseRequestUri = (text: string): GoUrl | string => parseUrl(text, true)

/** Reads any URL reference, with its fragment. */
export const parseAnyUrl = (text: string): GoUrl | string => {
  const hash = text.indexOf("#")
  const parsed = parseUrl(hash < 0 ? text : text.slice(0, hash), false, text)
  return typeof parsed === "string" || hash < 0 ? parsed : { ...parsed, fragment: text.slice(hash + 1) }
}

const parseUrl = (text: string, viaRequest: boolean, whole = text): GoUrl | string => {
  const refuse = (why: string): string => `parse ${JSON.stringify(whole)}: ${why}`
  if (/[\x00-\x1f\x7f]/.test(text)) return refuse("net/url: invalid control character in URL")
  if (text === "" && viaRequest) return refuse("empty url")
  if (text.startsWith(":")) return refuse("missing protocol scheme")
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1] ?? ""
  const { rest, query } = splitQuery(scheme === "" ? text : text.slice(scheme.length + 1))
  const found = { text, scheme: scheme.toLowerCase(), host: "", escapedPath: "", rawQuery: query, userInfo: undefined, fragment: "" }
  if (text === "*") return { ...found, escapedPath: "*" }
  if (!rest.startsWith("/")) {
    if (scheme !== "") return found
    if (viaRequest) return refuse("invalid URI for request")
    if (/^[^/]*:/.test(rest)) return refuse("first path segment in URL cannot contain colon")
  }
  const hasAuthority = rest.startsWith("//") && (scheme !== "" || (!viaRequest && !rest.startsWith("///")))
  const slash = hasAuthority ? rest.indexOf("/", 2) : 0
  const authority = hasAuthority ? (slash < 0 ? rest.slice(2) : rest.slice(2, slash)) : ""
  const path = slash < 0 ? "" : rest.slice(slash)
  const at = authority.lastIndexOf("@")
  const problem = (at < 0 ? undefined : userInfoProblem(authority.slice(0, at))) ?? hostProblem(authority.slice(at + 1)) ?? escapeProblem(path)
  if (problem !== undefined) return refuse(problem)
  return { ...found, host: unescaped(authority.slice(at + 1)), userInfo: at < 0 ? undefined : authority.slice(0, at), escapedPath: escapedPath(path) }
}

const splitQuery = (text: string): { readonly rest: string; readonly query: string } => {
  const mark = text.indexOf("?")
  return mark < 0 ? { rest: text, query: "" } : { rest: text.slice(0, mark), query: text.slice(mark + 1) }
}

const userInfoProblem = (text: string): string | undefined =>
  /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(text) ? escapeProblem(text) : "net/url: invalid userinfo"

const hostProblem = (host: string): string | undefined => {
  const bracket = host.lastIndexOf("]")
  if (host.startsWith("[") && bracket < 0) return "missing ']' in host"
  const colon = host.startsWith("[") ? bracket + 1 : host.lastIndexOf(":")
  const port = colon < 0 ? "" : host.slice(colon)
  if (!/^(?::\d*)?$/.test(port)) return `invalid port ${JSON.stringify(port)} after host`
  for (let i = 0; i < host.length; i++) {
    const char = host[i]!
    if (char === "%") {
      const escape = host.slice(i, i + 3)
      if (!/^%[0-9a-fA-F]{2}$/.test(escape) || (Number.parseInt(escape.slice(1), 16) < 0x80 && escape !== "%25")) return `invalid URL escape ${JSON.stringify(escape)}`
      i += 2
    } else if (char < "\x80" && !/[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]/.test(char)) return `invalid character ${JSON.stringify(char)} in host name`
  }
  return undefined
}

const escapeProblem = (text: string): string | undefined => {
  const bad = /%(?![0-9a-fA-F]{2})[^]{0,2}/.exec(text)
  return bad === null ? undefined : `invalid URL escape ${JSON.stringify(bad[0])}`
}

const unescaped = (text: string): string => {
  if (!text.includes("%")) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The path as it stands if it is validly escaped; else with everything escaped that must be. */
const escapedPath = (path: string): string =>
  /^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:@[\]/]|%[0-9a-fA-F]{2})*$/.test(path)
    ? path
    : [...unescaped(path)].map((char) => (/[A-Za-z0-9\-_.~$&+,/:;=@]/.test(char) ? char : [...new TextEncoder().encode(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""))).join("")

/** Host without port and brackets. */
export const hostnameOf = ({ host }: GoUrl): string => {
  const end = host.lastIndexOf("]")
  if (host.startsWith("[") && end > 0) return host.slice(1, end)
  const colon = host.lastIndexOf(":")
  return colon < 0 ? host : host.slice(0, colon)
}

/** Port as text; empty if there is none. */
export const portOf = ({ host }: GoUrl): string => /:(\d*)$/.exec(host)?.[1] ?? ""

/** Values by parameter; pairs that cannot be read are left out. */
export const queryOf = ({ rawQuery }: GoUrl): ReadonlyMap<string, ReadonlyArray<string>> => {
  const values = new Map<string, Array<string>>()
  for (const pair of rawQuery.split("&")) {
    if (pair === "" || pair.includes(";")) continue
    const equals = pair.indexOf("=")
    const [key, value] = (equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)]).map((part) => part.replaceAll("+", " "))
    if (escapeProblem(key!) !== undefined || escapeProblem(value!) !== undefined) continue
    const name = unescaped(key!)
    values.set(name, [...(values.get(name) ?? []), unescaped(value!)])
  }
  return values
}
