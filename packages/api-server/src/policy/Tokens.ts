/** Bearer tokens: those the server was told of, and those it issues for service accounts. */
import { hmac } from "@noble/hashes/hmac.js"
import { sha256 } from "@noble/hashes/sha2.js"
import { utf8ToBytes } from "@noble/hashes/utils.js"
import type { KubeObject } from "@fairlead/kube"
import type { User } from "../ApiRequest.ts"
import type { ServerContext } from "../ServerContext.ts"
import { bytesToBase64Url, fromBase64Url, toBase64Url } from "../internal/base64.ts"

/** The audience of tokens that say nothing else, and their issuer. */
export const issuer = "https://kubernetes.default.svc"

/** What a token says; names as in the original. */
export interface TokenClaims {
  readonly aud: ReadonlyArray<string>
  readonly exp: number
  readonly iat: number
  readonly iss: string
  readonly jti: string
  readonly "kubernetes.io": {
    readonly namespace: string
    readonly serviceaccount: { readonly name: string; readonly uid: string }
    readonly pod?: { readonly name: string; readonly uid: string }
    readonly secret?: { readonly name: string; readonly uid: string }
    readonly node?: { readonly name: string; readonly uid: string }
  }
  readonly nbf: number
  readonly sub: string
}

/** Who a good token belongs to, and for which audiences it is good. */
export interface TokenHolder {
  readonly user: User
  readonly audiences: ReadonlyArray<string>
}

const header = toBase64Url(JSON.stringify({ alg: "HS256", typ: "JWT" }))

/** Writes a token that only this server accepts. */
export const signToken = ({ secret }: ServerContext, claims: TokenClaims): string => {
  const content = `${header}.${toBase64Url(JSON.stringify(claims))}`
  return `${content}.${signature(secret, content)}`
}

const signature = (secret: string, content: string): string => bytesToBase64Url(hmac(sha256, utf8ToBytes(secret), utf8ToBytes(content)))

/** Tokens that were found to be signed with a secret: a client sends its own with every request, and checking one takes longer than most requests. */
const signed = new Map<string, { readonly secret: string; readonly claims: TokenClaims }>()
const signedMax = 1024

const parseClaims = ({ secret }: ServerContext, token: string): TokenClaims | undefined => {
  const known = signed.get(token)
  if (known?.secret === secret) return known.claims
  const [head, payload, found] = token.split(".")
  if (head !== header || payload === undefined || found === undefined || signature(secret, `${head}.${payload}`) !== found) return undefined
  const claims = JSON.parse(fromBase64Url(payload)) as TokenClaims
  if (signed.size >= signedMax) signed.clear()
  signed.set(token, { secret, claims })
  return claims
}

/** Checks a token for one of the audiences (the server's own if there are none); a text says why it is refused. */
export const verifyToken = (server: ServerContext, token: string, audiences: ReadonlyArray<string>): TokenHolder | string => {
  const known = Object.hasOwn(server.tokens, token) ? server.tokens[token] : undefined
  if (known !== undefined) {
    return audiences.length === 0 || audiences.includes(issuer) ? { user: authenticated(known), audiences: [issuer] } : "invalid bearer token"
  }
  const claims = parseClaims(server, token)
  if (claims === undefined) return "invalid bearer token"
  const wanted = audiences.length === 0 ? [issuer] : audiences
  const common = claims.aud.filter((audience) => wanted.includes(audience))
  if (common.length === 0) {
    return `[invalid bearer token, token audiences ${JSON.stringify(claims.aud)} is invalid for the target audiences ${JSON.stringify(wanted)}]`
  }
  if (claims.exp * 1000 <= server.now()) return "[invalid bearer token, service account token has expired]"
  const problem = boundProblem(server, claims)
  return problem === undefined ? { user: accountUser(claims), audiences: common } : `[invalid bearer token, ${problem}]`
}

const authenticated = (user: User): User =>
  user.groups.includes("system:authenticated") ? user : { ...user, groups: [...user.groups, "system:authenticated"] }

/** The account and the pod that a token is bound to must still be the same. */
const boundProblem = ({ store }: ServerContext, claims: TokenClaims): string | undefined => {
  const { namespace, serviceaccount, pod } = claims["kubernetes.io"]
  const find = (plural: string, name: string): KubeObject | undefined => store.collection({ group: "", plural }).get(namespace, name)
  if (find("serviceaccounts", serviceaccount.name)?.metadata.uid !== serviceaccount.uid) return "service account token has been invalidated"
  if (pod !== undefined && find("pods", pod.name)?.metadata.uid !== pod.uid) return "service account token has been invalidated"
  return undefined
}

const accountUser = (claims: TokenClaims): User => {
  const { namespace, serviceaccount, pod, node } = claims["kubernetes.io"]
  const prefix = "authentication.kubernetes.io"
  return {
    name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    uid: serviceaccount.uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
    extra: {
      [`${prefix}/credential-id`]: [`JTI=${claims.jti}`],
      ...(node === undefined ? {} : { [`${prefix}/node-name`]: [node.name], [`${prefix}/node-uid`]: [node.uid] }),
      ...(pod === undefined ? {} : { [`${prefix}/pod-name`]: [pod.name], [`${prefix}/pod-uid`]: [pod.uid] })
    }
  }
}
