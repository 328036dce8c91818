/** URIs of stored things: `<scheme>://<container>/<key>`, taken apart and joined without ever changing a character of a key. */
import { Uris } from "@fairlead/core"
import { Result } from "effect"

/** The parts of a URI. Keys are taken as they are: `?`, `#` and `%` are characters like any other. */
export interface Reference {
  /** Lower case, without `://`. */
  readonly scheme: string
  /** Bucket or host; empty for files. */
  readonly container: string
  /** What stands between `://` and the next slash: the container, and for Azure its account behind an `@`. */
  readonly authority: string
  /** Without slashes at its ends; empty for the container itself. */
  readonly key: string
}

/**
 * Takes a URI apart; fails with a sentence that says what is wrong with it.
 *
 * Azure's `abfs://container@account/key` names its container before the `@`; other schemes drop what stands there, which
 * are credentials.
 */
export const parse = (uri: string): Result.Result<Reference, string> => {
  const parts = Uris.partsOf(uri)
  if (parts === undefined) return Result.fail("it has no scheme; write it as s3://bucket/key or file:///folder/file")
  const { address, path: key } = parts
  const scheme = parts.scheme.toLowerCase()
  const isAzure = scheme === "abfs" || scheme === "abfss"
  const at = address.indexOf("@")
  const authority = isAzure ? address : address.slice(at + 1)
  const container = isAzure && at >= 0 ? address.slice(0, at) : authority
  const problem = keyProblem(key)
  return problem === undefined ? Result.succeed({ scheme, container, authority, key }) : Result.fail(problem)
}

/** Appends keys to a URI with one slash between each. Empty keys add nothing; steps upwards are refused. */
export const join = (uri: string, ...keys: ReadonlyArray<string>): Result.Result<string, string> => {
  const parsed = parse(uri)
  if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
  const { authority, container, scheme } = parsed.success
  let { key } = parsed.success
  for (const it of keys) {
    const added = Uris.withoutSlashes(it)
    const problem = keyProblem(added)
    if (problem !== undefined) return Result.fail(problem)
    if (added !== "") key = key === "" ? added : `${key}/${added}`
  }
  return Result.succeed(format({ authority, container, scheme, key }))
}

/** The one spelling of a URI: scheme in lower case, no credentials, no slash at the end. */
export const format = ({ authority, key, scheme }: Reference): string => `${scheme}://${authority}${key === "" ? "" : `/${key}`}`

/** The last part of a URI's key: the name of a file. */
export const baseName = (uri: string): string => uri.replace(/\/+$/, "").split("/").at(-1) ?? ""

const keyProblem = (key: string): string | undefined => {
  if (key.includes("\0")) return "it holds a NUL character"
  return dots.test(key) ? 'it holds "." or ".." as a step; write where the thing really is' : undefined
}

const dots = /(?:^|\/)\.\.?(?:\/|$)/
