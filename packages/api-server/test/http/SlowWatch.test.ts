import { assert, describe, it } from "@effect/vitest"
import { fetchHandler } from "../../src/index.ts"
import { makeServer } from "../makeServer.ts"

const watchPath = "http://server/api/v1/namespaces/default/configmaps?watch=true"
const admin = { headers: { authorization: "Bearer t" } }

const setUp = async () => {
  const { server, call } = makeServer({ tokens: { t: { name: "admin", groups: ["system:masters"] } } })
  const handler = fetchHandler(server)
  const text = "x".repeat(100_000)
  return { open: () => handler(new Request(watchPath, admin)), create: (i: number) => call("create", { body: { metadata: { name: `a${i}` }, data: { text } } }) }
}

/** Reads to the end, and answers how many events came. */
const countEvents = async (response: Response): Promise<number> => (await response.text()).split("\n").length - 1

describe("watches over bytes", () => {
  it("a client that does not read loses its watch, without an error event", async () => {
    const { create, open } = await setUp()
    const slow = await open()
    for (let i = 0; i < 200; i++) create(i)
    const events = await countEvents(slow)
    assert.isAtLeast(events, 80)
    assert.isBelow(events, 100)
  })

  it("a client that reads keeps its watch, however much comes", async () => {
    const { create, open } = await setUp()
    const response = await open()
    const reader = response.body!.getReader()
    let bytes = 0
    for (let i = 0; i < 200; i++) {
      create(i)
      const { done, value } = await reader.read()
      assert.isFalse(done)
      bytes += value!.byteLength
    }
    assert.isAbove(bytes, 20_000_000)
    await reader.cancel()
  })

  it("a long first list does not count against the client", async () => {
    const { create, open } = await setUp()
    for (let i = 0; i < 150; i++) create(i)
    const response = await open()
    for (let i = 150; i < 160; i++) create(i)
    const reader = response.body!.getReader()
    let lines = 0
    const decoder = new TextDecoder()
    while (lines < 160) lines += decoder.decode((await reader.read()).value).split("\n").length - 1
    assert.strictEqual(lines, 160)
    await reader.cancel()
  })
})
