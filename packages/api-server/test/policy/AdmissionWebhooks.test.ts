import type { KubeObject, Status } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import type { ApiRequest, ApiResponse } from "../../src/index.ts"
import { makeServer } from "../makeServer.ts"

interface Review {
  readonly request: { readonly uid: string; readonly object: KubeObject; readonly oldObject: KubeObject; readonly [field: string]: unknown }
}

type Respond = (review: Review, url: string) => object | Response | Promise<object | Response>

const webhook = (name: string, more: object = {}): object => ({
  name: `${name}.example.com`,
  clientConfig: { service: { namespace: "ns", name, path: "/check" } },
  rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["configmaps"] }],
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
  ...more
})

const allowed = { allowed: true }
const patched = (...operations: ReadonlyArray<object>) => ({ allowed: true, patchType: "JSONPatch", patch: btoa(JSON.stringify(operations)) })

/** A server whose webhooks are answered by a function. */
const withWebhooks = async (kind: "Mutating" | "Validating", webhooks: ReadonlyArray<object>, respond: Respond) => {
  const asked: Array<string> = []
  const made = makeServer({
    fetch: async (request) => {
      asked.push(request.url)
      const review = (await request.json()) as Review
      const response = await respond(review, request.url)
      if (response instanceof Response) return response
      return Response.json({ kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", response: { uid: review.request.uid, ...response } })
    }
  })
  const { server, configMaps } = made
  const plural = `${kind.toLowerCase()}webhookconfigurations`
  const added = await server.answer({ verb: "create", group: "admissionregistration.k8s.io", version: "v1", plural, body: { metadata: { name: "w" }, webhooks } })
  expect(added).toMatchObject({ code: 201 })
  const call = async (verb: ApiRequest["verb"], rest: Partial<ApiRequest> = {}): Promise<ApiResponse> => server.answer({ verb, ...configMaps, namespace: "default", ...rest })
  const create = (name: string, more: Partial<ApiRequest> = {}): Promise<ApiResponse> => call("create", { body: { metadata: { name } }, ...more })
  const messageOf = async (answer: Promise<ApiResponse>): Promise<string> => ((await answer).body as Status).message ?? ""
  return { ...made, asked, call, create, messageOf }
}

describe("webhooks that check", () => {
  it("are asked about the finished object, and refuse it in their words", async () => {
    const seen: Array<unknown> = []
    const { asked, create } = await withWebhooks("Validating", [webhook("a")], ({ request }) => {
      seen.push([request.operation, request.name, request.object.metadata.uid === undefined, request.oldObject, request["dryRun"], request.kind])
      return request.object.metadata.name === "bad" ? { allowed: false, status: { code: 418, reason: "Odd", message: "no teapots" } } : { allowed: true, warnings: ["careful"] }
    })
    expect(await create("good")).toMatchObject({ code: 201, warnings: ["careful"] })
    expect(await create("bad")).toMatchObject({ code: 418, body: { reason: "Odd", message: 'admission webhook "a.example.com" denied the request: no teapots' } })
    expect(seen[0]).toEqual(["CREATE", "good", false, null, false, { group: "", version: "v1", kind: "ConfigMap" }])
    expect(asked[0]).toBe("https://a.ns.svc/check?timeout=10s")
  })

  it("are all asked at once, and about deletions", async () => {
    let open = 0
    let most = 0
    const { call, create } = await withWebhooks("Validating", [webhook("a"), webhook("b")], async ({ request }) => {
      most = Math.max(most, ++open)
      await Promise.resolve()
      open--
      return request.operation === "DELETE" ? { allowed: false } : allowed
    })
    await create("x")
    expect(most).toBe(2)
    expect(await call("delete", { name: "x" })).toMatchObject({ code: 400, body: { message: 'admission webhook "a.example.com" denied the request without explanation' } })
    expect(await call("deletecollection")).toMatchObject({ code: 400 })
    expect(await call("get", { name: "x" })).toMatchObject({ code: 200 })
  })

  it("fail the write where they give no good answer, unless they are to be ignored", async () => {
    const failing = async (respond: Respond, more: object = {}): Promise<string> => {
      const { create, messageOf } = await withWebhooks("Validating", [webhook("a", more)], respond)
      return messageOf(create("x"))
    }
    const start = 'Internal error occurred: failed calling webhook "a.example.com":'
    expect(await failing(() => new Response("nope", { status: 500 }))).toBe(`${start} failed to call webhook: an error on the server ("nope") has prevented the request from succeeding`)
    expect(await failing(() => new Response("", { status: 404 }))).toBe(`${start} failed to call webhook: the server could not find the requested resource`)
    expect(await failing(() => { throw new Error("connection refused") })).toBe(`${start} failed to call webhook: Post "https://a.ns.svc:443/check?timeout=10s": connection refused`)
    expect(await failing(() => ({ allowed: true, uid: "other" }))).toMatch(/received invalid webhook response: expected response.uid="[0-9a-f-]{36}", got "other"$/)
    expect(await failing(() => patched())).toBe(`${start} received invalid webhook response: validating webhook may not return response.patch`)
    expect(await failing(() => Response.json({}))).toBe(`${start} received invalid webhook response: webhook response was absent`)
    expect(await failing(() => new Response("", { status: 404 }), { failurePolicy: "Ignore" })).toBe("")
  })

  it("are given up after their time", async () => {
    const { create, messageOf, time } = await withWebhooks("Validating", [webhook("a", { timeoutSeconds: 3 })], () => new Promise<object>(() => undefined))
    const refused = messageOf(create("x"))
    await new Promise((done) => setImmediate(done))
    time.advance(3000)
    expect(await refused).toBe('Internal error occurred: failed calling webhook "a.example.com": failed to call webhook: Post "https://a.ns.svc:443/check?timeout=3s": context deadline exceeded')
  })

  it("are skipped where selectors or conditions leave a write out", async () => {
    const { asked, create } = await withWebhooks(
      "Validating",
      [webhook("a", { objectSelector: { matchLabels: { a: "b" } } }), webhook("b", { matchConditions: [{ name: "c", expression: "object.metadata.name == 'picked'" }] })],
      () => allowed
    )
    await create("x")
    expect(asked).toEqual([])
    await create("picked")
    expect(asked).toEqual(["https://b.ns.svc/check?timeout=10s"])
  })

  it("are not called by calls that cannot wait", async () => {
    const { create, server, configMaps } = await withWebhooks("Validating", [webhook("a")], () => allowed)
    expect(await create("x")).toMatchObject({ code: 201 })
    const { body } = server.handle({ verb: "create", ...configMaps, namespace: "default", body: { metadata: { name: "y" } } })
    expect((body as Status).message).toContain("the call was made synchronously and cannot wait")
  })

  it("judge a changed object again when it changed while they were asked", async () => {
    let rounds = 0
    const { call, create, server, configMaps } = await withWebhooks("Validating", [webhook("a")], ({ request }) => {
      if (request.operation === "UPDATE" && rounds++ === 0) {
        server.context.store.put(server.context.store.collection(configMaps), "default", "x", { ...request.oldObject, metadata: { ...request.oldObject.metadata, labels: { meanwhile: "1" } } } as never)
      }
      return allowed
    })
    await create("x")
    const answer = await call("patch", { name: "x", patchType: "merge", body: { data: { k: "v" } } })
    expect(rounds).toBe(2)
    expect(answer.body).toMatchObject({ data: { k: "v" }, metadata: { labels: { meanwhile: "1" } } })
  })
})

describe("webhooks that change", () => {
  it("patch objects one after the other", async () => {
    const { asked, create } = await withWebhooks("Mutating", [webhook("a"), webhook("b")], ({ request }, url) =>
      url.includes("a.ns") ? patched({ op: "add", path: "/data", value: { a: "1" } }) : patched({ op: "add", path: "/data/b", value: String((request.object as unknown as { data: object }).data !== undefined) }))
    expect(await create("x")).toMatchObject({ code: 201, body: { data: { a: "1", b: "true" } } })
    expect(asked).toHaveLength(2)
  })

  it("are called again if they want to and a later one changed the object", async () => {
    const { asked, create } = await withWebhooks(
      "Mutating",
      [webhook("a", { reinvocationPolicy: "IfNeeded" }), webhook("b", { reinvocationPolicy: "Never" })],
      (_, url) => (url.includes("a.ns") ? allowed : patched({ op: "add", path: "/data", value: { b: "1" } }))
    )
    await create("x")
    expect(asked.map((url) => url[8])).toEqual(["a", "b", "a"])
  })

  it("cannot change what is deleted, nor give a patch that does not apply", async () => {
    const { call, create, messageOf } = await withWebhooks("Mutating", [webhook("a")], ({ request }) =>
      request.operation === "DELETE" || request.name === "odd" ? patched({ op: "remove", path: "/frob" }) : allowed)
    await create("x")
    expect(await messageOf(call("delete", { name: "x" }))).toBe('Internal error occurred: admission webhook "a.example.com" attempted to modify the object, which is not supported for this operation')
    expect(await messageOf(create("odd"))).toContain("Internal error occurred: ")
  })

  it("see the same object, whatever the number of rounds", async () => {
    const names = new Set<string>()
    const { create } = await withWebhooks("Mutating", [webhook("a"), webhook("b"), webhook("c")], ({ request }) => {
      names.add(JSON.stringify(request.object))
      return allowed
    })
    expect(await create("", { body: { metadata: { generateName: "g-" } } })).toMatchObject({ code: 201 })
    expect(names.size).toBe(1)
  })
})
