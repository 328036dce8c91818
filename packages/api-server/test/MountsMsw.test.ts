import { assert, describe, it } from "@effect/vitest"
import { http } from "msw"
import { setupServer } from "msw/node"
import nodeHttp from "node:http"
import { text } from "node:stream/consumers"
import { mswHandlers } from "../src/index.ts"
import { makeServer } from "./makeServer.ts"

const token = "t"
const base = "http://cluster.test"
const path = "/api/v1/namespaces/default/configmaps"
const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }

/** A file of its own: msw takes the place of the network for a whole process. */
describe("mswHandlers, between msw and a server", () => {
  const { server } = makeServer({ tokens: { [token]: { name: "admin", groups: ["system:masters"] } } })
  const network = setupServer(...mswHandlers(server, http, base))
  const listening = async <A>(test: () => Promise<A>): Promise<A> => {
    network.listen({ onUnhandledFrame: "error" })
    try {
      return await test()
    } finally {
      network.close()
    }
  }

  it("answers the fetch of the process", () => listening(async () => {
    const created = await fetch(`${base}${path}`, { method: "POST", headers, body: JSON.stringify({ metadata: { name: "a" }, data: { k: "1" } }) })
    assert.strictEqual(created.status, 201)
    const list = await (await fetch(`${base}${path}`, { headers })).json() as { readonly items: ReadonlyArray<{ readonly data: unknown }> }
    assert.deepStrictEqual(list.items.map(({ data }) => data), [{ k: "1" }])
    assert.strictEqual((await fetch(`${base}${path}/b`, { headers })).status, 404)
    assert.strictEqual((await fetch(`${base}${path}`)).status, 403)
  }))

  it("answers Node's http module", () => listening(async () => {
    const { body, status } = await new Promise<{ readonly status: number | undefined; readonly body: string }>((resolve, reject) => {
      nodeHttp.request(`${base}/version`, { headers }, (answer) => {
        text(answer).then((body) => resolve({ status: answer.statusCode, body }), reject)
      }).on("error", reject).end()
    })
    assert.strictEqual(status, 200)
    assert.match(body, /"gitVersion"/)
  }))

  it("streams a watch", () => listening(async () => {
    const stop = new AbortController()
    const answer = await fetch(`${base}${path}?watch=1`, { headers, signal: stop.signal })
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    const { value } = await reader.read()
    assert.match(value ?? "", /"type":"ADDED".*"name":"a"/)
    server.handle({ verb: "delete", group: "", version: "v1", plural: "configmaps", namespace: "default", name: "a" })
    assert.match((await reader.read()).value ?? "", /"type":"DELETED"/)
    stop.abort()
  }))
})
