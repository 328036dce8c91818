import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Http2 from "node:http2"
import * as Https from "node:https"
import * as Net from "node:net"
import { FakeApiServer } from "../src/index.ts"
import { listen } from "../src/node.ts"
import { makeCertificate } from "./certificate.ts"

const authorization = "Bearer admin-token"
const server = FakeApiServer.layerWith({ tokens: { "admin-token": { name: "admin", groups: ["system:masters"] } } })

const tls = Effect.promise(makeCertificate)

/** One request over HTTP/2; answers its status and its body. */
const ask = (session: Http2.ClientHttp2Session, path: string, body?: string): Promise<{ status: number; text: string }> =>
  new Promise((done, failed) => {
    const stream = session.request({ authorization, ":path": path, ":method": body === undefined ? "GET" : "POST", ...(body === undefined ? {} : { "content-type": "application/json" }) })
    let status = 0
    let text = ""
    stream.on("response", (headers) => (status = Number(headers[":status"])))
    stream.setEncoding("utf8").on("data", (piece: string) => (text += piece))
    stream.on("end", () => done({ status, text })).on("error", failed)
    stream.end(body)
  })

const connect = (url: string, ca: string) =>
  Effect.acquireRelease(Effect.sync(() => Http2.connect(url, { ca })), (session) => Effect.sync(() => session.destroy()))

describe("listen", () => {
  it.live("answers requests until its scope closes", () =>
    Effect.gen(function*() {
      const served = yield* FakeApiServer
      const { url } = yield* listen({ server: served })
      const version = yield* Effect.promise(() => fetch(`${url}/version`).then((response) => response.status))
      assert.strictEqual(version, 200)
    }).pipe(Effect.scoped, Effect.provide(server)))

  it.live("speaks HTTP/2 with a certificate, watches included", () =>
    Effect.gen(function*() {
      const served = yield* FakeApiServer
      const { cert, key } = yield* tls
      const { url } = yield* listen({ server: served, tls: { cert, key } })
      const session = yield* connect(url, cert)
      const watch = session.request({ authorization, ":path": "/api/v1/namespaces/default/configmaps?watch=true" })
      const line = new Promise<string>((done) => void watch.setEncoding("utf8").once("data", done))
      const made = yield* Effect.promise(() => ask(session, "/api/v1/namespaces/default/configmaps", JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } })))
      assert.strictEqual(made.status, 201)
      assert.match(yield* Effect.promise(() => line), /^\{"type":"ADDED",.*"name":"a"/)
    }).pipe(Effect.scoped, Effect.provide(server)))

  it.live("speaks HTTP/1.1 over the same port", () =>
    Effect.gen(function*() {
      const served = yield* FakeApiServer
      const { cert, key } = yield* tls
      const { url } = yield* listen({ server: served, tls: { cert, key } })
      const answer = yield* Effect.promise(() =>
        new Promise<string>((done, failed) =>
          void Https.get(`${url}/version`, { ca: cert }, (response) => done(`${response.httpVersion} ${response.statusCode}`)).on("error", failed)))
      assert.strictEqual(answer, "1.1 200")
    }).pipe(Effect.scoped, Effect.provide(server)))

  // Node's own client sends DELETE with a body so, if nobody sets its length.
  it.live("answers a request with bytes behind it that were not announced, instead of hanging up", () =>
    Effect.gen(function*() {
      const served = yield* FakeApiServer
      const { host, port } = yield* listen({ server: served })
      const head = `DELETE /api/v1/namespaces/default/configmaps/a HTTP/1.1\r\nHost: server\r\nAuthorization: ${authorization}\r\n\r\n`
      const answer = yield* Effect.promise(() =>
        new Promise<string>((done, failed) => {
          const socket = Net.connect(port, host)
          let text = ""
          socket.setEncoding("utf8").on("data", (piece: string) => (text += piece)).on("error", failed).on("close", () => done(text))
          socket.write(`${head}{"propagationPolicy":"Background"}`)
        }))
      assert.match(answer, /^HTTP\/1\.1 400 /)
    }).pipe(Effect.scoped, Effect.provide(server)))

  it.live("ends open watches when its scope closes", () =>
    Effect.gen(function*() {
      const served = yield* FakeApiServer
      const { cert, key } = yield* tls
      const ended: Array<Promise<unknown>> = []
      yield* Effect.scoped(Effect.gen(function*() {
        const { url } = yield* listen({ server: served, tls: { cert, key } })
        const session = Http2.connect(url, { ca: cert })
        const watch = session.request({ authorization, ":path": "/api/v1/namespaces/default/configmaps?watch=true" })
        ended.push(new Promise((done) => void watch.resume().once("close", done)))
        yield* Effect.promise(() => new Promise((done) => void watch.once("response", done)))
      }))
      yield* Effect.promise(() => Promise.all(ended))
    }).pipe(Effect.provide(server)))
})
