/** Issues tokens for service accounts: `serviceaccounts/token`. */
import { type KubeObject, KubeTime, type Pod, type StatusCause } from "@fairlead/kube"
import { badRequest, conflict, invalid, notFound } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import { field } from "../Draft.ts"
import { invalidValue } from "../FieldCause.ts"
import { randomUid } from "../internal/randomNames.ts"
import { issuer, signToken, type TokenClaims } from "../policy/Tokens.ts"
import { answer } from "../rest/Answer.ts"
import type { Call } from "../rest/Call.ts"
import { ownFields } from "../rest/Ownership.ts"
import { existingObject } from "../rest/Update.ts"
import { asKind, readOther } from "./OtherKind.ts"

interface TokenRequestSpec {
  readonly audiences?: ReadonlyArray<string> | null
  readonly expirationSeconds?: number | null
  readonly boundObjectRef?: { readonly kind?: string; readonly apiVersion?: string; readonly name?: string; readonly uid?: string } | null
}

const kind = { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" } as const
const secondsDefault = 3600
const secondsMin = 600
const secondsMax = 2 ** 32

/** POST of a token request. */
export const requestToken = (call: Call): ApiResponse => {
  const draft = readOther(call, kind)
  const { name } = draft.metadata
  if (name !== undefined && name !== "" && name !== call.name) throw badRequest("metadata.name must match service account name")
  const account = existingObject(call)
  const spec = field<TokenRequestSpec>(draft, "spec") ?? {}
  const seconds = spec.expirationSeconds ?? secondsDefault
  checkSeconds(seconds)
  const audiences = spec.audiences == null || spec.audiences.length === 0 ? [issuer] : spec.audiences
  const bound = spec.boundObjectRef == null ? {} : boundClaim(call, spec.boundObjectRef)
  const issued = Math.floor(call.server.now() / 1000)
  const { namespace = "", uid = "" } = account.metadata
  const claims: TokenClaims = {
    aud: audiences,
    exp: issued + seconds,
    iat: issued,
    iss: issuer,
    jti: randomUid(call.server.random),
    "kubernetes.io": { namespace, serviceaccount: { name: call.name, uid }, ...bound },
    nbf: issued,
    sub: `system:serviceaccount:${namespace}:${call.name}`
  }
  ownFields({ ...call, resource: asKind(call.resource, kind) }, draft, undefined)
  draft.metadata = { ...draft.metadata, name: call.name, namespace, uid, creationTimestamp: KubeTime.format(call.server.now()) }
  draft["spec"] = { audiences, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null }
  draft["status"] = { token: signToken(call.server, claims), expirationTimestamp: KubeTime.format((issued + seconds) * 1000) }
  return answer(call, 201, draft as never)
}

const checkSeconds = (seconds: number): void => {
  const causes: Array<StatusCause> = []
  if (seconds < secondsMin) causes.push(invalidValue("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"))
  if (seconds > secondsMax) causes.push(invalidValue("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds"))
  if (causes.length > 0) throw invalid("TokenRequest", "authentication.k8s.io", "", causes)
}

type BoundRef = NonNullable<TokenRequestSpec["boundObjectRef"]>

const boundClaim = (call: Call, ref: BoundRef): Partial<TokenClaims["kubernetes.io"]> => {
  const { kind: boundKind = "", apiVersion = "", name = "", uid = "" } = ref
  if (apiVersion !== "v1" || (boundKind !== "Pod" && boundKind !== "Secret" && boundKind !== "Node")) {
    throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(call.name)} to object of kind ${boundKind}`)
  }
  const plural = `${boundKind.toLowerCase()}s`
  const found: KubeObject | undefined = call.server.store.collection({ group: "", plural }).get(boundKind === "Node" ? "" : call.namespace, name)
  if (found === undefined) throw notFound({ group: "", plural }, name)
  if (boundKind === "Pod" && ((found as Pod).spec?.serviceAccountName ?? "default") !== call.name) {
    throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(call.name)} to pod running with different serviceaccount name.`)
  }
  if (uid !== "" && uid !== found.metadata.uid) {
    throw conflict({ group: "", plural: boundKind }, name, `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`)
  }
  return { [boundKind.toLowerCase()]: { name, uid: found.metadata.uid! } }
}
