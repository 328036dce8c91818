/** Takes paths apart: which resource, object and subresource a request is about. */

/** A path below `/api/v1` or `/apis/group/version`. */
export interface ResourceRoute {
  readonly group: string
  readonly version: string
  /** `""` when the path ends at the version. */
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

/** Splits a path below the API roots; `undefined` for other paths and for the roots themselves. */
export const parseRoute = (segments: ReadonlyArray<string>): ResourceRoute | undefined => {
  if (segments[0] === "api" && segments.length >= 2) return below("", segments[1]!, segments.slice(2))
  if (segments[0] === "apis" && segments.length >= 3) return below(segments[1]!, segments[2]!, segments.slice(3))
  return undefined
}

/** The decoded segments of a path; `undefined` if an escape is broken. A slash at the end does not count. */
export const segmentsOf = (path: string): ReadonlyArray<string> | undefined => {
  const parts = path.split("/").slice(1)
  if (parts.at(-1) === "") parts.pop()
  if (!path.includes("%")) return parts
  try {
    return parts.map(decodeURIComponent)
  } catch {
    return undefined
  }
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
