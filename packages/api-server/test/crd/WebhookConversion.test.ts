import type { KubeObject, Status, WatchEvent } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import type { ApiRequest, ApiResponse } from "../../src/index.ts"
import { makeServer } from "../makeServer.ts"

interface Review {
  readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: ReadonlyArray<KubeObject & { readonly spec?: Record<string, string> }> }
}

const version = (name: string, field: string, storage: boolean): object => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: { [field]: { type: "string" } } } } } }
})

/** `v1` keeps in `host` what `v2` keeps in `address`. */
const convert = ({ request: { desiredAPIVersion, objects } }: Review): ReadonlyArray<object> =>
  objects.map(({ metadata, spec = {}, ...object }) => ({
    ...object,
    apiVersion: desiredAPIVersion,
    metadata: { ...metadata, labels: { ...metadata.labels, from: object.apiVersion!.split("/")[1] }, finalizers: ["lost.example.com/x"] },
    spec: desiredAPIVersion.endsWith("v2") ? { address: spec["host"] } : { host: spec["address"] }
  }))

const withDefinition = async (respond: (review: Review) => object = (review) => ({ convertedObjects: convert(review), result: { status: "Success" } })) => {
  const asked: Array<number> = []
  const { server } = makeServer({
    fetch: async (request) => {
      const review = (await request.json()) as Review
      asked.push(review.request.objects.length)
      return Response.json({ kind: "ConversionReview", apiVersion: "apiextensions.k8s.io/v1", response: { uid: review.request.uid, ...respond(review) } })
    }
  })
  const spec = {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "sites", kind: "Site" },
    versions: [version("v1", "host", true), version("v2", "address", false)],
    conversion: { strategy: "Webhook", webhook: { conversionReviewVersions: ["v1"], clientConfig: { url: "https://hook.example.com/convert" } } }
  }
  const made = server.handle({ verb: "create", group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions", body: { metadata: { name: "sites.example.com" }, spec } })
  expect(made).toMatchObject({ code: 201 })
  const call = async (verb: ApiRequest["verb"], at: string, rest: Partial<ApiRequest> = {}): Promise<ApiResponse> =>
    server.answer({ verb, group: "example.com", version: at, plural: "sites", namespace: "default", ...rest })
  const create = (name: string, at = "v2"): Promise<ApiResponse> =>
    call("create", at, { body: { apiVersion: `example.com/${at}`, kind: "Site", metadata: { name }, spec: at === "v2" ? { address: name } : { host: name } } })
  return { server, asked, call, create }
}

describe("a definition with a conversion webhook", () => {
  it("stores one version and serves the other, changing labels but no other metadata", async () => {
    const { call, create } = await withDefinition()
    expect(await create("a")).toMatchObject({ code: 201, body: { apiVersion: "example.com/v2", spec: { address: "a" } } })
    const v1 = (await call("get", "v1", { name: "a" })).body as KubeObject
    expect(v1).toMatchObject({ apiVersion: "example.com/v1", spec: { host: "a" }, metadata: { labels: { from: "v2" } } })
    expect(v1.metadata.finalizers).toBeUndefined()
  })

  it("converts lists at once, and asks once for what it knows", async () => {
    const { asked, call, create } = await withDefinition()
    for (const name of ["a", "b", "c"]) await create(name, "v1")
    expect(asked).toEqual([])
    const items = async (): Promise<unknown> => ((await call("list", "v2")).body as unknown as { items: ReadonlyArray<{ spec: unknown }> }).items.map(({ spec }) => spec)
    expect(await items()).toEqual([{ address: "a" }, { address: "b" }, { address: "c" }])
    await items()
    expect(asked).toEqual([3])
  })

  it("converts for those who watch when objects are written", async () => {
    const { server, call, create } = await withDefinition()
    const seen: Array<WatchEvent> = []
    server.watch({ group: "example.com", version: "v2", plural: "sites", namespace: "default" }, { onEvents: (events) => void seen.push(...events), onEnd: () => undefined })
    await create("a", "v1")
    await call("patch", "v1", { name: "a", patchType: "merge", body: { spec: { host: "b" } } })
    await call("delete", "v1", { name: "a" })
    expect(seen.map(({ object, type }) => [type, (object as unknown as { spec: unknown }).spec])).toEqual([["ADDED", { address: "a" }], ["MODIFIED", { address: "b" }], ["DELETED", { address: "b" }]])
  })

  it("tells why an object cannot be had", async () => {
    const failing = async (respond: (review: Review) => object): Promise<string> => {
      const { call, create } = await withDefinition(respond)
      await create("a", "v1")
      const { body, code } = await call("get", "v2", { name: "a" })
      return `${code} ${(body as Status).message}`
    }
    const start = "500 conversion webhook for example.com/v1, Kind=Site failed:"
    expect(await failing(() => ({ result: { status: "Failure", message: "cannot" } }))).toBe(`${start} cannot`)
    expect(await failing(() => ({ convertedObjects: [], result: { status: "Success" } }))).toBe(`${start} webhook returned 0 objects, expected 1`)
    expect(await failing((review) => ({ convertedObjects: convert(review).map((it) => ({ ...it, kind: "Other" })), result: { status: "Success" } })))
      .toBe(`${start} webhook returned an invalid converted object at index 0: must have the same kind: Other != Site`)
  })
})
