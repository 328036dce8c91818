/** Who approves or signs requests for certificates needs the right to the signer (admission plugins CertificateApproval and CertificateSigning). */
import { jsonEqual, type KubeObject } from "@fairlead/kube"
import { field } from "../Draft.ts"
import type { Call } from "../rest/Call.ts"
import type { Validate } from "./Admission.ts"
import { decide } from "./Authorization.ts"
import { refusal } from "./Refusal.ts"

const group = "certificates.k8s.io"

/** Checks writes to `approval` and `status`. */
export const validateSigner: Validate = (call, operation, object, previous) => {
  const { resource, request } = call
  if (operation !== "update" || resource.group !== group || resource.plural !== "certificatesigningrequests") return
  const verb = request.subresource === "approval" ? "approve" : request.subresource === "status" && isSigned(object!, previous!) ? "sign" : undefined
  if (verb === undefined) return
  const signer = field<{ readonly signerName?: string }>(previous!, "spec")?.signerName ?? ""
  if (mayUse(call, verb, signer)) return
  throw refusal(call, object!, `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`)
}

interface SigningStatus {
  readonly certificate?: string
  readonly conditions?: ReadonlyArray<unknown>
}

const isSigned = (object: object, previous: KubeObject): boolean => {
  const [next, before] = [field<SigningStatus>(object, "status"), field<SigningStatus>(previous, "status")]
  return next?.certificate !== before?.certificate || !jsonEqual(next?.conditions, before?.conditions)
}

/** The right to one signer, or to all of its domain. */
const mayUse = ({ server, user }: Call, verb: string, signer: string): boolean =>
  [signer, `${signer.split("/")[0]!}/*`].some((name) => decide(server, user, { verb, group, version: "*", plural: "signers", name }).allowed)
