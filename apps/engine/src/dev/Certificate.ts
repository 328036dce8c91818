/** A certificate authority of one's own and a server certificate that it signs, for one start of `fairlead dev`. */
import { Effect } from "effect"
import { generate } from "selfsigned"

/** PEM texts. The key of the authority is thrown away once the server certificate is signed. */
export interface DevCertificate {
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

const day = 24 * 60 * 60 * 1000

const isAddress = (host: string): boolean => host.includes(":") || /^\d+(\.\d+){3}$/.test(host)

/** Makes both for `localhost` and the given addresses and names, valid for a year from a day before `now` (milliseconds since the epoch). */
export const makeCertificate = (now: number, hosts: ReadonlyArray<string>): Effect.Effect<DevCertificate> =>
  Effect.gen(function*() {
    const dates = { notBeforeDate: new Date(now - day), notAfterDate: new Date(now + 365 * day) }
    const authority = yield* Effect.promise(() =>
      generate([{ name: "commonName", value: "fairlead dev" }], {
        keyType: "ec",
        algorithm: "sha256",
        ...dates,
        extensions: [
          { name: "basicConstraints", cA: true, critical: true },
          { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true }
        ]
      }))
    const server = yield* Effect.promise(() =>
      generate([{ name: "commonName", value: "fairlead dev server" }], {
        keyType: "ec",
        algorithm: "sha256",
        ...dates,
        ca: { key: authority.private, cert: authority.cert },
        extensions: [
          { name: "basicConstraints", cA: false },
          { name: "keyUsage", digitalSignature: true, critical: true },
          { name: "extKeyUsage", serverAuth: true },
          {
            name: "subjectAltName",
            altNames: [
              { type: 2, value: "localhost" },
              { type: 2, value: "kubernetes.default.svc" },
              ...hosts.map((host) => (isAddress(host) ? { type: 7 as const, ip: host } : { type: 2 as const, value: host }))
            ]
          }
        ]
      }))
    return { ca: authority.cert, certificate: server.cert, key: server.private }
  })
