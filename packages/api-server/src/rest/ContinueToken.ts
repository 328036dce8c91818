/** Tokens that say where the next page of a list starts. */
import { badRequest } from "../ApiFailure.ts"
import { syntaxErrorOf } from "../builtin/GoJson.ts"
import { fromBase64Url, toBase64Url } from "../internal/base64.ts"

/** Version of the list and the key that the next page starts from, relative to the collection. */
export interface PageStart {
  /** -1 for the newest version, whatever it is. */
  readonly revision: number
  /** `namespace/name` or `name`, followed by a zero byte. */
  readonly key: string
}

const tokenVersion = "meta.k8s.io/v1"

/** Writes a token. */
export const encodeContinue = ({ revision, key }: PageStart): string =>
  toBase64Url(JSON.stringify({ v: tokenVersion, rv: revision, start: key }))

/** Reads a token; throws `BadRequest`. */
export const decodeContinue = (token: string): PageStart => {
  const { v, rv, start } = parse(token)
  if (v !== tokenVersion) throw refuse(`server does not recognize this encoded version ${String(v ?? "")}`)
  if (rv === undefined || rv === 0) throw refuse("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
  if (typeof rv !== "number" || typeof start !== "string") throw refuse("illegal base64 data")
  if (start === "") throw refuse("encoded start key empty (version meta.k8s.io/v1)")
  const key = start.startsWith("/") ? start.slice(1) : start
  if (key.startsWith("/") || key.split("/").some((part) => part === "." || part === "..")) throw refuse(start)
  return { revision: rv, key }
}

const refuse = (why: string): ReturnType<typeof badRequest> => badRequest(`invalid continue token: continue key is not valid: ${why}`)

const parse = (token: string): { v?: unknown; rv?: unknown; start?: unknown } => {
  const strange = token.search(/[^A-Za-z0-9_-]/)
  if (strange >= 0 || token.length % 4 === 1) throw refuse(`illegal base64 data at input byte ${strange >= 0 ? strange : token.length - 1}`)
  const text = fromBase64Url(token)
  try {
    return JSON.parse(text) as object
  } catch {
    throw refuse(syntaxErrorOf(text) ?? "unexpected end of JSON input")
  }
}
