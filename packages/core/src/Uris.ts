/** URIs of stored things, `<scheme>://<address>/<path>`, as they are written. */

/** The parts of a URI, none of them changed but for slashes at the ends of the path. */
export interface UriParts {
  /** As it is written, without `://`. */
  readonly scheme: string
  /** What stands between `://` and the next slash; empty for files. */
  readonly address: string
  /** Without slashes at its ends; empty when there is none. */
  readonly path: string
}

const schemeForm = /^[A-Za-z][A-Za-z0-9+.-]*$/

/** Takes a URI apart; `undefined` without a scheme. By hand, since every attempt asks several times and an expression for all of it takes longer. */
export const partsOf = (uri: string): UriParts | undefined => {
  const colon = uri.indexOf("://")
  const scheme = uri.slice(0, Math.max(0, colon))
  if (!schemeForm.test(scheme)) return undefined
  const start = colon + 3
  const slash = uri.indexOf("/", start)
  const end = slash < 0 ? uri.length : slash
  return { scheme, address: uri.slice(start, end), path: withoutSlashes(uri.slice(end)) }
}

/** A path without slashes at its ends. */
export const withoutSlashes = (path: string): string => {
  let start = 0
  let end = path.length
  while (start < end && path[start] === "/") start++
  while (end > start && path[end - 1] === "/") end--
  return path.slice(start, end)
}
