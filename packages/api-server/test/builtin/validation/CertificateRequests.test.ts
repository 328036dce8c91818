import type { Status } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import type { ApiRequest } from "../../../src/index.ts"
import { makeServer } from "../../makeServer.ts"

const request = btoa("-----BEGIN CERTIFICATE REQUEST-----\nMII=\n-----END CERTIFICATE REQUEST-----\n")
const approved = { type: "Approved", status: "True", reason: "r", message: "m" }

const withRequest = () => {
  const { server } = makeServer()
  const call = (verb: ApiRequest["verb"], rest: Partial<ApiRequest>): { readonly code: number; readonly body: unknown; readonly message: string } => {
    const { body, code } = server.handle({ verb, group: "certificates.k8s.io", version: "v1", plural: "certificatesigningrequests", ...rest })
    return { code, body, message: (body as Status).message ?? "" }
  }
  const patch = (subresource: string | undefined, body: object) => call("patch", { name: "a", subresource, patchType: "merge", body })
  expect(call("create", { body: { metadata: { name: "a" }, spec: { request, signerName: "example.com/x", usages: ["client auth"], username: "liar" } } })).toMatchObject({ code: 201, body: { spec: { username: "admin" } } })
  return { call, patch }
}

describe("a request for a certificate", () => {
  it("says what it asks for", () => {
    const { message } = withRequest().call("create", { body: { metadata: { name: "b" }, spec: { request: "LS0t", signerName: "bad", usages: [], expirationSeconds: 5 } } })
    expect(message).toBe(
      "CertificateSigningRequest.certificates.k8s.io \"b\" is invalid: [spec.request: Invalid value: \"LS0t\": PEM block type must be CERTIFICATE REQUEST, spec.usages: Required value, " +
      "spec.signerName: Invalid value: \"bad\": must be a fully qualified domain and path of the form \"example.com/signer-name\", " +
      "spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 600 seconds (10 minutes)]"
    )
  })

  it("is decided once, by its approval, and signed in its status", () => {
    const { patch } = withRequest()
    expect(patch("status", { status: { conditions: [approved] } }).message).toContain('updates may not add a condition of type "Approved"')
    expect(patch("approval", { spec: { signerName: "other.com/y" }, status: { certificate: "LS0t", conditions: [approved] } }).body)
      .toMatchObject({ spec: { signerName: "example.com/x" }, status: { conditions: [{ ...approved, lastUpdateTime: "2026-01-01T00:00:00Z", lastTransitionTime: "2026-01-01T00:00:00Z" }] } })
    expect(patch("approval", { status: { conditions: [approved, { type: "Denied", status: "True" }] } }).message).toContain("Approved and Denied conditions are mutually exclusive")
    expect(patch("approval", { status: { conditions: [] } }).message).toContain('updates may not remove a condition of type "Approved"')
    expect(patch("status", { status: { certificate: "LS0t" } }).body).toMatchObject({ status: { certificate: "LS0t", conditions: [approved] } })
    expect(patch(undefined, { spec: { signerName: "z/z" }, status: null }).body).toMatchObject({ spec: { signerName: "example.com/x" }, status: { certificate: "LS0t" } })
  })
})
