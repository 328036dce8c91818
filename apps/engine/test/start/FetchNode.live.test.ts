import { Effect } from "effect"
import * as Http from "node:http"
import * as Https from "node:https"
import type { AddressInfo } from "node:net"
import { describe, expect, it } from "vitest"
import { makeCertificate } from "../../src/dev/Certificate.ts"
import type { TlsMaterial } from "../../src/start/ClusterAccess.ts"
import * as FetchNode from "../../src/start/FetchNode.ts"

const certificate = (): Promise<{ readonly ca: string; readonly certificate: string; readonly key: string }> =>
  Effect.runPromise(makeCertificate(Date.now(), ["127.0.0.1"]))

const listening = async <A>(server: Http.Server, use: (url: string, connections: () => number) => Promise<A>): Promise<A> => {
  let connections = 0
  server.on("connection", () => void connections++)
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done))
  const scheme = server instanceof Https.Server ? "https" : "http"
  try {
    return await use(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`, () => connections)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const withFetch = <A>(options: FetchNode.FetchNodeOptions, use: (fetch: FetchNode.FetchNode) => Promise<A>): Promise<A> =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(FetchNode.make(options), (fetch) => Effect.promise(() => use(fetch)))))

const echo = (request: Http.IncomingMessage, response: Http.ServerResponse): void => {
  response.writeHead(201, { "x-method": request.method ?? "", "x-length": request.headers["content-length"] ?? "none" })
  request.pipe(response)
}

describe("fetch over Node", () => {
  it("carries method, headers, body and status both ways, over one connection", async () => {
    await listening(Http.createServer(echo), (url, connections) =>
      withFetch({}, async (fetch) => {
        for (const body of ["one", "zwei"]) {
          const response = await fetch(new Request(url, { method: "POST", body }))
          expect([response.status, response.headers.get("x-method"), response.headers.get("x-length"), await response.text()]).toEqual([201, "POST", String(body.length), body])
        }
        expect(connections()).toBe(1)
      }))
  })

  it("streams the body of an answer, and an abort closes the connection", async () => {
    let closed: () => void = () => undefined
    const isClosed = new Promise<void>((done) => (closed = done))
    const server = Http.createServer((_, response) => {
      response.write("first\n")
      response.on("close", () => closed())
    })
    await listening(server, (url) =>
      withFetch({}, async (fetch) => {
        const abort = new AbortController()
        const response = await fetch(new Request(url, { signal: abort.signal }))
        const reader = response.body!.getReader()
        expect(new TextDecoder().decode((await reader.read()).value as Uint8Array)).toBe("first\n")
        abort.abort()
        await expect(reader.read()).rejects.toThrow(/abort/i)
        await isClosed
      }))
  })

  it("an aborted request is never sent, and a refused connection says so", async () => {
    await withFetch({}, async (fetch) => {
      await expect(fetch(new Request("http://127.0.0.1:1", { signal: AbortSignal.abort() }))).rejects.toThrow(/abort/i)
      await expect(fetch(new Request("http://127.0.0.1:1"))).rejects.toThrow(/ECONNREFUSED/)
    })
  })

  it("trusts the cluster's authority and no other, and takes new material with new connections", async () => {
    const [mine, other] = [await certificate(), await certificate()]
    let material: TlsMaterial = { ca: other.ca }
    await listening(Https.createServer({ cert: mine.certificate, key: mine.key }, echo), (url, connections) =>
      withFetch({ tls: () => Promise.resolve(material), tlsAgeMax: 0 }, async (fetch) => {
        await expect(fetch(new Request(url))).rejects.toThrow(/certificate|self.signed|verify/i)
        material = { ca: mine.ca }
        const before = connections()
        expect((await fetch(new Request(url, { method: "POST", body: "a" }))).status).toBe(201)
        await (await fetch(new Request(url, { method: "POST", body: "b" }))).text()
        material = { ca: `${mine.ca}\n` }
        await (await fetch(new Request(url, { method: "POST", body: "c" }))).text()
        expect(connections() - before).toBeGreaterThanOrEqual(2)
      }))
  })

  it("shows its client certificate", async () => {
    const { ca, certificate: cert, key } = await certificate()
    const server = Https.createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: false }, (request, response) => {
      response.end((request.socket as import("node:tls").TLSSocket).getPeerCertificate().subject?.CN ?? "nobody")
    })
    await listening(server, (url) => withFetch({ tls: () => Promise.resolve({ ca, cert, key }) }, async (fetch) => {
      expect(await (await fetch(new Request(url))).text()).toBe("fairlead dev server")
    }))
  })

  it("fails with what is wrong with the credentials, and reads them again next time", async () => {
    let reads = 0
    const tls = (): Promise<TlsMaterial> => {
      reads++
      return Promise.reject(new Error("ca.crt cannot be read"))
    }
    await withFetch({ tls }, async (fetch) => {
      await expect(fetch(new Request("https://127.0.0.1:1"))).rejects.toThrow("ca.crt cannot be read")
      await expect(fetch(new Request("https://127.0.0.1:1"))).rejects.toThrow("ca.crt cannot be read")
      expect(reads).toBe(2)
    })
  })
})
