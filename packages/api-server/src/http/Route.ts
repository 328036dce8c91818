/** Takes paths apart: which resource, object and subresource a request is about. */

/** A path below `/api/v1` or `/apis/group/version`. */
export interface ResourceRoute {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespace: string
  readonly name: string
  /** `""`, or everything after the name: `status`, `proxy/path`. */
  readonly subresource: string
  /** The path has the old `/watch/` prefix. */
  readonly isWatch: boolean
  /** More segments than any resource has. */
  readonly isTooLong: boolean
}

/** A path, as far as it says what a request is about. */
export interface ParsedPath {
  /** Decoded; `undefined` if an escape is broken. A slash at the end does not count. */
  readonly segments: ReadonlyArray<string> | undefined
  /** Absent for paths of no resource. */
  readonly at: ResourceRoute | undefined
}

/** Clients use the same paths again and again, above all those of collections. */
const parsed = new Map<string, ParsedPath>()
const parsedMax = 1024

/** Takes a path apart. */
export const parsePath = (path: string): ParsedPath => {
  const known = parsed.get(path)
  if (known !== undefined) return known
  const segments = segmentsOf(path)
  const at = segments === undefined ? undefined : resourceOf(segments)
  const made: ParsedPath = { segments, at: at?.plural === "" ? undefined : at }
  if (parsed.size >= parsedMax) parsed.clear()
  parsed.set(path, made)
  return made
}

const resourceOf = (segments: ReadonlyArray<string>): ResourceRoute | undefined => {
  if (segments[0] === "api" && segments.length >= 2) return below("", segments[1]!, segments.slice(2))
  if (segments[0] === "apis" && segments.length >= 3) return below(segments[1]!, segments[2]!, segments.slice(3))
  return undefined
}

const segmentsOf = (path: string): ReadonlyArray<string> | undefined => {
  let decoded = path
  try {
    if (path.includes("%")) decoded = decodeURIComponent(path)
  } catch {
    return undefined
  }
  const parts = decoded.split("/").slice(1)
  if (parts.at(-1) === "") parts.pop()
  return parts
}

const below = (group: string, version: string, rest: ReadonlyArray<string>): ResourceRoute => {
  const isWatch = rest[0] === "watch" && rest.length > 1
  const parts = isWatch ? rest.slice(1) : rest
  const at = { group, version, isWatch }
  if (parts[0] !== "namespaces" || parts.length <= 2) return object(at, "", parts)
  if (group === "" && namespaceSubresources.has(parts[2]!)) return object(at, "", parts)
  return inNamespace(at, parts)
}

const namespaceSubresources: ReadonlySet<string> = new Set(["status", "finalize"])

const inNamespace = (at: { group: string; version: string; isWatch: boolean }, parts: ReadonlyArray<string>): ResourceRoute =>
  object(at, parts[1]!, parts.slice(2))

const object = (
  at: { group: string; version: string; isWatch: boolean },
  namespace: string,
  parts: ReadonlyArray<string>
): ResourceRoute => ({
  ...at,
  namespace,
  plural: parts[0] ?? "",
  name: parts[1] ?? "",
  subresource: parts.slice(2).join("/"),
  isTooLong: parts.length > 3 && parts[2] !== "proxy"
})
