import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { fetchHandler } from "../../src/index.ts"
import { makeServer } from "../makeServer.ts"

const tokens = { secret: { name: "admin", groups: ["system:masters"] } }

const makeFetch = () => {
  const { server } = makeServer({ tokens })
  const handler = fetchHandler(server)
  return (path: string, init: RequestInit = {}): Promise<Response> =>
    handler(new Request(`http://server${path}`, { ...init, headers: { authorization: "Bearer secret", ...(init.headers as Record<string, string>) } }))
}

describe("the HTTP face", () => {
  it("line separators inside a watched object do not break its line", async () => {
    const fetch = makeFetch()
    const body = JSON.stringify({ metadata: { name: "a" }, data: { k: "x\u2028y\u2029z" } })
    await fetch("/api/v1/namespaces/default/configmaps", { method: "POST", body, headers: { "content-type": "application/json" } })
    const response = await fetch("/api/v1/namespaces/default/configmaps?watch=1")
    const { value } = await response.body!.getReader().read()
    const text = new TextDecoder().decode(value)
    expect(text.split(/[\n\u2028\u2029]/)).toHaveLength(2)
    expect((JSON.parse(text) as { object: { data: { k: string } } }).object.data.k).toBe("x\u2028y\u2029z")
  })

  it("a body beyond three mebibytes is refused", async () => {
    const fetch = makeFetch()
    const response = await fetch("/api/v1/namespaces/default/configmaps", { method: "POST", body: "x".repeat(3 * 1024 * 1024 + 1), headers: { "content-type": "application/json" } })
    expect([response.status, ((await response.json()) as { message: string }).message]).toEqual([413, "Request entity too large: limit is 3145728"])
  })

  it("any method, path, query and body gets an answer", async () => {
    const fetch = makeFetch()
    const segment = fc.constantFrom("api", "apis", "v1", "batch", "namespaces", "default", "pods", "configmaps", "a", "status", "watch", "..", "%", "%zz", "", "scale", "log", "openapi", "v3")
    const query = fc.constantFrom("", "?watch", "?limit=x", "?labelSelector=%20in%20(", "?fieldSelector==", "?continue=%00", "?resourceVersion=-1", "?dryRun=All", "?timeoutSeconds=0", "?fieldManager=%00")
    const body = fc.option(fc.oneof(fc.string(), fc.json(), fc.constant('{"metadata":{"name":"a","labels":1}}')), { nil: undefined })
    const type = fc.constantFrom("application/json", "application/yaml", "application/merge-patch+json", "application/json-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml", "text/plain", "")
    await fc.assert(fc.asyncProperty(fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"), fc.array(segment, { maxLength: 7 }), query, body, type, async (method, segments, text, sent, contentType) => {
      const hasBody = sent !== undefined && method !== "GET" && method !== "HEAD"
      const response = await fetch(`/${segments.join("/")}${text}`, { method, headers: { "content-type": contentType }, ...(hasBody ? { body: sent } : {}) })
      expect(response.status).toBeGreaterThanOrEqual(200)
      await response.body?.cancel()
    }), { numRuns: 500 })
  })
})
