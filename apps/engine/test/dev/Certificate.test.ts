import { X509Certificate } from "node:crypto"
import { createSecureContext } from "node:tls"
import { Effect } from "effect"
import { expect, it } from "vitest"
import { makeCertificate } from "../../src/dev/Certificate.ts"

const now = Date.UTC(2026, 5, 1)

it("the authority signs the server's certificate, which is good for the addresses and a year", async () => {
  const { ca, certificate, key } = await Effect.runPromise(makeCertificate(now, ["127.0.0.1", "::1"]))
  const authority = new X509Certificate(ca)
  const server = new X509Certificate(certificate)
  expect(authority.ca).toBe(true)
  expect(server.ca).toBe(false)
  expect(server.checkIssued(authority) && server.verify(authority.publicKey)).toBe(true)
  expect(["127.0.0.1", "::1"].map((it) => server.checkIP(it))).toEqual(["127.0.0.1", "::1"])
  expect(server.checkIP("10.0.0.1")).toBeUndefined()
  expect(server.checkHost("localhost")).toBe("localhost")
  expect(Date.parse(server.validFrom)).toBeLessThan(now)
  expect(Date.parse(server.validTo)).toBeGreaterThan(now + 364 * 24 * 60 * 60 * 1000)
  expect(() => createSecureContext({ cert: certificate, key })).not.toThrow()
})
