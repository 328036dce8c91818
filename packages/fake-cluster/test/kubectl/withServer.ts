/** A cluster without nodes, served over TLS for as long as a program runs. */
import { FakeApiServer } from "@fairlead/api-server"
import { listen } from "@fairlead/api-server/node"
import { Effect, Layer } from "effect"
import * as Https from "node:https"
import { makeCertificate } from "../../../api-server/test/certificate.ts"
import { FakeCluster } from "../../src/index.ts"
import type { Stage } from "./playTranscript.ts"

const token = "admin-token"

const cluster = FakeCluster.layer({ nodes: 0, rootCertificate: "-----BEGIN CERTIFICATE-----\n" }).pipe(
  Layer.provideMerge(FakeApiServer.layerWith({ tokens: { [token]: { name: "admin", groups: ["system:masters"] } } }))
)

const caller = (url: string): Stage["call"] => (method, path, body) =>
  new Promise((done, failed) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` }
    const request = Https.request(new URL(path, url), { method, headers, rejectUnauthorized: false }, (response) => {
      response.resume().on("end", () => done({ ok: (response.statusCode ?? 500) < 300 }))
    })
    request.on("error", failed).end(body === undefined ? undefined : JSON.stringify(body))
  })

/** Runs a program on a server of its own. */
export const withServer = <A>(program: (server: Omit<Stage, "kubectl">) => Promise<A>): Promise<A> =>
  Effect.runPromise(Effect.gen(function*() {
    const server = yield* FakeApiServer
    const { url } = yield* listen({ server, tls: yield* Effect.promise(makeCertificate) })
    return yield* Effect.promise(() => program({ url, token, call: caller(url) }))
  }).pipe(Effect.scoped, Effect.provide(cluster)))
