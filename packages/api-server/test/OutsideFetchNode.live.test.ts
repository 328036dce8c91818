import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, it } from "vitest"
import { outsideFetch } from "../src/node.ts"

it("outsideFetch posts a document and reads the answer", async () => {
  const server = createServer((request, response) => {
    let text = ""
    request.on("data", (piece: Buffer) => (text += piece.toString()))
    request.on("end", () => response.writeHead(201).end(`${request.method} ${request.headers["content-type"]} ${text}`))
  })
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  const { port } = server.address() as AddressInfo
  try {
    const request = new Request(`http://127.0.0.1:${port}/x`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" })
    const response = await outsideFetch(request, { caBundle: undefined })
    expect([response.status, await response.text()]).toEqual([201, "POST application/json {}"])
    await expect(outsideFetch(new Request("http://127.0.0.1:1/x", { method: "POST", body: "" }), { caBundle: undefined })).rejects.toThrow("ECONNREFUSED")
  } finally {
    server.close()
  }
})
