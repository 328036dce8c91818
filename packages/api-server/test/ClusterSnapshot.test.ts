import { assert, describe, it } from "@effect/vitest"
import type { KubeList, KubeObject, WatchEvent } from "@fairlead/kube"
import * as fc from "fast-check"
import { ApiServer, type ApiRequest, type ClusterSnapshot, fetchHandler } from "../src/index.ts"
import { makeServer, numbers } from "./makeServer.ts"

type Server = ReturnType<typeof ApiServer.make>

const tokens = { t: { name: "admin", groups: ["system:masters"] } }

const world = () => {
  const made = makeServer({ tokens })
  const options = { now: made.time.now, schedule: made.time.schedule, random: numbers(7), freeze: true, tokens }
  return { ...made, options }
}

const configMaps = { group: "", version: "v1", plural: "configmaps", namespace: "default" } as const
const on = (server: Server, verb: ApiRequest["verb"], rest: Partial<ApiRequest> = {}) => server.handle({ verb, ...configMaps, ...rest })
const create = (server: Server, name: string, more: object = {}) => on(server, "create", { body: { metadata: { name, ...more } } })
const names = (server: Server): ReadonlyArray<string> => (on(server, "list").body as KubeList).items.map(({ metadata }) => metadata.name!)

const read = async (server: Server, path: string): Promise<string> => {
  const response = await fetchHandler(server)(new Request(`http://server${path}`, { headers: { authorization: "Bearer t" } }))
  return `${response.status} ${await response.text()}`
}

const watchFrom = (server: Server, resourceVersion: string): ReadonlyArray<string> => {
  const seen: Array<string> = []
  const nameOf = ({ object, type }: WatchEvent): string =>
    type === "ERROR" ? `ERROR ${(object as { code?: number }).code}` : `${type} ${(object as KubeObject).metadata.name} ${(object as KubeObject).metadata.resourceVersion}`
  server.watch({ ...configMaps, query: { resourceVersion } }, { onEvents: (events) => void seen.push(...events.map(nameOf)), onEnd: () => undefined })
  return seen
}

const widgets = {
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } }]
  }
}

const define = (server: Server) =>
  server.handle({ verb: "create", group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions", body: structuredClone(widgets) })
const createWidget = (server: Server, name: string) =>
  server.handle({ verb: "create", group: "example.com", version: "v1", plural: "widgets", namespace: "default", body: { apiVersion: "example.com/v1", kind: "Widget", metadata: { name } } })

const throughJson = (snapshot: ClusterSnapshot): ClusterSnapshot => JSON.parse(JSON.stringify(snapshot)) as ClusterSnapshot

describe("snapshot and restore", () => {
  it("a restored server answers byte for byte as the first one", async () => {
    const { options, server } = world()
    define(server)
    createWidget(server, "w")
    for (const name of ["c", "a", "b"]) create(server, name, { labels: { app: name } })
    on(server, "patch", { name: "a", patchType: "merge", body: { data: { k: "1" } } })
    on(server, "delete", { name: "b" })
    const restored = ApiServer.restore(throughJson(server.snapshot()), options)
    const paths = [
      "/apis", "/apis/example.com/v1", "/openapi/v2", "/api/v1/namespaces/default/configmaps", "/api/v1/namespaces/default/configmaps?labelSelector=app%3Dc",
      "/apis/example.com/v1/widgets", "/api/v1/namespaces", "/apis/rbac.authorization.k8s.io/v1/clusterroles",
      `/api/v1/configmaps?resourceVersion=${server.revision() - 1}&resourceVersionMatch=Exact`
    ]
    for (const path of paths) assert.strictEqual(await read(restored, path), await read(server, path), path)
    assert.strictEqual(restored.revision(), server.revision())
    assert.deepStrictEqual(throughJson(restored.snapshot()), throughJson(server.snapshot()))
  })

  it("watches resume where they were, and are told where history ends", () => {
    const { options, server } = world()
    const first = (create(server, "a").body as KubeObject).metadata.resourceVersion!
    create(server, "b")
    on(server, "delete", { name: "a" })
    server.compact(Number(first) - 1)
    const restored = ApiServer.restore(throughJson(server.snapshot()), options)
    assert.deepStrictEqual(watchFrom(restored, first), watchFrom(server, first))
    assert.lengthOf(watchFrom(restored, first), 2)
    assert.deepStrictEqual(watchFrom(restored, String(Number(first) - 2)), ["ERROR 410"])
  })

  it("a page that was begun before goes on after", () => {
    const { options, server } = world()
    for (const name of ["a", "b", "c"]) create(server, name)
    const page = on(server, "list", { query: { limit: "2" } }).body as KubeList
    create(server, "bb")
    const restored = ApiServer.restore(throughJson(server.snapshot()), options)
    const rest = on(restored, "list", { query: { limit: "2", continue: page.metadata.continue! } }).body as KubeList
    assert.deepStrictEqual(rest.items.map(({ metadata }) => metadata.name), ["c"])
  })

  it("tokens of service accounts stay valid", async () => {
    const { options, server } = world()
    const accounts = { group: "", version: "v1", plural: "serviceaccounts", namespace: "default" } as const
    server.handle({ verb: "create", ...accounts, body: { metadata: { name: "robot" } } })
    const made = server.handle({ verb: "create", ...accounts, name: "robot", subresource: "token", body: { spec: {} } })
    const { token } = (made.body as unknown as { status: { token: string } }).status
    const restored = ApiServer.restore(throughJson(server.snapshot()), options)
    const answer = await fetchHandler(restored)(new Request("http://server/apis", { headers: { authorization: `Bearer ${token}` } }))
    assert.strictEqual(answer.status, 200)
  })

  it("a definition that waits for its objects to go ends when they are gone", () => {
    const { options, server } = world()
    define(server)
    const at = { group: "example.com", version: "v1", plural: "widgets", namespace: "default", name: "w" } as const
    server.handle({ verb: "create", ...at, name: undefined, body: { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w", finalizers: ["example.com/hold"] } } })
    const definition = { group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions", name: "widgets.example.com" } as const
    server.handle({ verb: "delete", ...definition })
    const restored = ApiServer.restore(throughJson(server.snapshot()), options)
    assert.strictEqual(restored.handle({ verb: "get", ...definition }).code, 200)
    restored.handle({ verb: "patch", ...at, patchType: "merge", body: { metadata: { finalizers: null } } })
    assert.strictEqual(restored.handle({ verb: "get", ...definition }).code, 404)
  })

  it("a value that is no snapshot is refused with what it says", () => {
    const { options } = world()
    assert.throws(() => ApiServer.restore({ format: "other" } as never, options), /format "other"/)
  })
})

describe("fork", () => {
  it("two forks and their origin go their own ways", () => {
    const { server } = world()
    define(server)
    for (const name of ["a", "b"]) create(server, name)
    const left = server.fork({ random: numbers(1) })
    const right = server.fork({ random: numbers(2) })
    create(left, "left")
    on(right, "delete", { name: "a" })
    on(server, "patch", { name: "b", patchType: "merge", body: { data: { k: "1" } } })
    assert.deepStrictEqual([names(server), names(left), names(right)], [["a", "b"], ["a", "b", "left"], ["b"]])
    assert.isUndefined((on(left, "get", { name: "b" }).body as { data?: object }).data)
    assert.strictEqual(createWidget(left, "w").code, 201)
    assert.lengthOf((right.handle({ verb: "list", group: "example.com", version: "v1", plural: "widgets" }).body as KubeList).items, 0)
  })

  it("watches stay with the server on which they were opened", () => {
    const { server } = world()
    const seen = watchFrom(server, String(server.revision()))
    const fork = server.fork()
    create(fork, "elsewhere")
    create(server, "here")
    assert.lengthOf(seen, 1)
    assert.match(seen[0]!, /^ADDED here/)
  })

  it("a fork under the same seed does what a server without forks does", () => {
    const name = fc.constantFrom("a", "b", "c", "d")
    const step = fc.record({ verb: fc.constantFrom("create", "delete", "patch", "list"), name, namespace: fc.constantFrom("default", "kube-system") })
    const steps = fc.array(step, { maxLength: 12 })
    const run = (server: Server, todo: ReadonlyArray<{ verb: string; name: string; namespace: string }>) => {
      for (const [i, each] of todo.entries()) {
        const labels = { app: each.name, step: String(i % 3) }
        if (each.verb === "create") on(server, "create", { namespace: each.namespace, body: { metadata: { name: each.name, labels } } })
        else if (each.verb === "patch") on(server, "patch", { namespace: each.namespace, name: each.name, patchType: "merge", body: { metadata: { labels } } })
        else if (each.verb === "delete") on(server, "delete", { namespace: each.namespace, name: each.name })
        else on(server, "list", { query: { labelSelector: `app=${each.name}` } })
      }
    }
    const look = (server: Server): string =>
      JSON.stringify([server.snapshot(), on(server, "list", { query: { labelSelector: "app=a" } }).body, on(server, "list", { namespace: undefined, query: { labelSelector: "step=1" } }).body])
    fc.assert(
      fc.property(steps, steps, steps, (before, there, here) => {
        const origin = world()
        run(origin.server, before)
        const fork = origin.server.fork({ random: numbers(9) })
        run(origin.server, here)
        run(fork, there)
        const alone = world()
        run(alone.server, before)
        const expected = ApiServer.restore(throughJson(alone.server.snapshot()), { ...alone.options, random: numbers(9) })
        run(expected, there)
        assert.strictEqual(look(fork), look(expected))
        run(alone.server, here)
        assert.strictEqual(look(origin.server), look(alone.server))
      }),
      { numRuns: 30, seed: 4 }
    )
  })
})
