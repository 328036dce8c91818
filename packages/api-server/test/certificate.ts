/** A certificate for tests over TLS. */
import { generate } from "selfsigned"

export const makeCertificate = async (): Promise<{ readonly cert: string; readonly key: string }> => {
  const made = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }, { type: 7, ip: "127.0.0.1" }] }]
  })
  return { cert: made.cert, key: made.private }
}
