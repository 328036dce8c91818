/** Signatures of requests as S3 wants them: version 4, over what every runtime's `crypto` has. */
import type { S3Credentials } from "../S3Credentials.ts"
import { DateTime, Redacted } from "effect"

/** What goes into a signature besides the request. */
export interface Signing {
  readonly credentials: S3Credentials
  readonly region: string
  /** `s3`, or `sts`. */
  readonly service: string
  /** Milliseconds since the epoch. */
  readonly now: number
}

const encoder = new TextEncoder()

const hex = (bytes: ArrayBuffer): string => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("")

/** SHA-256 of a payload, in hexadecimal digits. */
export const payloadHash = async (bytes: Uint8Array): Promise<string> => hex(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>))

/** Stands for the hash of a payload that is not part of the signature. */
export const unsignedPayload = "UNSIGNED-PAYLOAD"

const hmac = async (key: Uint8Array | ArrayBuffer, text: string): Promise<ArrayBuffer> => {
  const imported = await crypto.subtle.importKey("raw", key as ArrayBuffer, { name: "HMAC", hash: "SHA-256" }, false, ["sign"])
  return crypto.subtle.sign("HMAC", imported, encoder.encode(text))
}

/** Writes every byte but letters, digits and `-._~` as `%XX`; slashes of a path may stay. */
export const encodeUri = (text: string, keepSlashes = false): string => {
  const encoded = encodeURIComponent(text).replace(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`)
  return keepSlashes ? encoded.replaceAll("%2F", "/") : encoded
}

/** `20260131T235959Z`. */
const amzDate = (now: number): string => DateTime.formatIso(DateTime.makeUnsafe(now)).replace(/[-:]|\.\d+/g, "")

/** Signs headers: the answer has everything that must be sent, the given ones included. Names are in lower case. */
export const signHeaders = async (
  request: { readonly method: string; readonly url: URL; readonly headers: { readonly [name: string]: string }; readonly payloadHash: string },
  signing: Signing
): Promise<{ readonly [name: string]: string }> => {
  const { credentials, now } = signing
  const headers: Record<string, string> = {
    ...request.headers,
    host: request.url.host,
    "x-amz-content-sha256": request.payloadHash,
    "x-amz-date": amzDate(now),
    ...(credentials.sessionToken === undefined ? {} : { "x-amz-security-token": Redacted.value(credentials.sessionToken) })
  }
  const names = Object.keys(headers).sort()
  const signature = await sign({ ...request, query: canonicalQuery(request.url.searchParams), headers, names }, signing)
  const { host: _, ...sent } = headers
  return { ...sent, authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scopeOf(signing)}, SignedHeaders=${names.join(";")}, Signature=${signature}` }
}

/** Signs a URL that needs no headers, for so many seconds. */
export const presign = async (method: string, url: URL, seconds: number, signing: Signing): Promise<string> => {
  const { credentials, now } = signing
  const signed = new URL(url)
  const add = (name: string, value: string): void => signed.searchParams.set(name, value)
  add("X-Amz-Algorithm", "AWS4-HMAC-SHA256")
  add("X-Amz-Credential", `${credentials.accessKeyId}/${scopeOf(signing)}`)
  add("X-Amz-Date", amzDate(now))
  add("X-Amz-Expires", String(seconds))
  if (credentials.sessionToken !== undefined) add("X-Amz-Security-Token", Redacted.value(credentials.sessionToken))
  add("X-Amz-SignedHeaders", "host")
  const query = canonicalQuery(signed.searchParams)
  const signature = await sign({ method, url, query, headers: { host: url.host }, names: ["host"], payloadHash: unsignedPayload }, signing)
  return `${url.origin}${url.pathname}?${query}&X-Amz-Signature=${signature}`
}

interface Canonical {
  readonly method: string
  readonly url: URL
  readonly query: string
  readonly headers: { readonly [name: string]: string }
  readonly names: ReadonlyArray<string>
  readonly payloadHash: string
}

/** Parameters sorted by name, the way in which they have to be sent as well. */
export const canonicalQuery = (parameters: URLSearchParams): string =>
  [...parameters].map(([name, value]) => `${encodeUri(name)}=${encodeUri(value)}`).sort().join("&")

const scopeOf = ({ now, region, service }: Signing): string => `${amzDate(now).slice(0, 8)}/${region}/${service}/aws4_request`

const sign = async ({ headers, method, names, payloadHash: hash, query, url }: Canonical, signing: Signing): Promise<string> => {
  const lines = names.map((name) => `${name}:${headers[name]!.trim().replace(/ +/g, " ")}\n`).join("")
  const canonical = [method, url.pathname, query, lines, names.join(";"), hash].join("\n")
  const text = ["AWS4-HMAC-SHA256", amzDate(signing.now), scopeOf(signing), await payloadHash(encoder.encode(canonical))].join("\n")
  const secret = encoder.encode(`AWS4${Redacted.value(signing.credentials.secretAccessKey)}`)
  const day = await hmac(secret, amzDate(signing.now).slice(0, 8))
  const key = await hmac(await hmac(await hmac(day, signing.region), signing.service), "aws4_request")
  return hex(await hmac(key, text))
}
