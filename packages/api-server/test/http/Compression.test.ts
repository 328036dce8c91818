import { assert, it } from "@effect/vitest"
import { fetchHandler } from "../../src/index.ts"
import { makeServer } from "../makeServer.ts"

it("answers beyond 128 KiB are compressed for clients that accept gzip, and no others", async () => {
  const { create, server } = makeServer({ tokens: { t: { name: "admin", groups: ["system:masters"] } } })
  const handle = fetchHandler(server)
  const ask = (encoding: string): Promise<Response> =>
    handle(new Request("http://server/api/v1/namespaces/default/configmaps", { headers: { authorization: "Bearer t", "accept-encoding": encoding } }))
  create("short")
  assert.isNull((await ask("gzip")).headers.get("content-encoding"))
  for (let i = 0; i < 40; i++) create(`a${i}`, { annotations: { text: "x".repeat(5000) } })
  const plain = await (await ask("identity")).text()
  const zipped = await ask("deflate, gzip;q=0.5")
  assert.strictEqual(zipped.headers.get("content-encoding"), "gzip")
  const text = await new Response(zipped.body!.pipeThrough(new DecompressionStream("gzip"))).text()
  assert.strictEqual(text, plain)
})
