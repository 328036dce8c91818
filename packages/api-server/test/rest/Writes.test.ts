import type { KubeObject, Status } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { makeServer } from "../makeServer.ts"

describe("writes", () => {
  it("an update with an outdated version conflicts and changes nothing", () => {
    const { call, create, server } = makeServer()
    const created = create("a").body as KubeObject
    call("patch", { name: "a", patchType: "merge", body: { data: { k: "1" } } })
    const before = server.revision()
    const { code, body } = call("update", { name: "a", body: { ...created, data: { k: "2" } } })
    expect([code, (body as Status).reason, server.revision()]).toEqual([409, "Conflict", before])
  })

  it("a write that changes nothing takes no revision and answers the stored object", () => {
    const { call, create, server, time } = makeServer()
    create("a", { labels: { x: "y" } })
    const before = call("get", { name: "a" }).body
    const revision = server.revision()
    time.advance(10_000)
    expect(call("patch", { name: "a", patchType: "merge", body: { metadata: { labels: { x: "y" } } } }).body).toBe(before)
    expect(server.revision()).toBe(revision)
  })

  it("a dry run answers what would be and stores nothing", () => {
    const { call, server } = makeServer()
    const before = server.revision()
    const { code, body } = call("create", { body: { metadata: { name: "a" } }, query: { dryRun: "All" } })
    expect([code, (body as KubeObject).metadata.resourceVersion, server.revision()]).toEqual([201, undefined, before])
    expect(call("get", { name: "a" }).code).toBe(404)
  })

  it("an object with finalizers waits for the last of them", () => {
    const { call, create } = makeServer()
    create("a", { finalizers: ["example.com/hold"] })
    expect((call("delete", { name: "a" }).body as KubeObject).metadata.deletionTimestamp).toBe("2026-01-01T00:00:00Z")
    expect(call("get", { name: "a" }).code).toBe(200)
    call("patch", { name: "a", patchType: "merge", body: { metadata: { finalizers: null } } })
    expect(call("get", { name: "a" }).code).toBe(404)
  })

  it("every committed change is told to the journal, in order, with what was before", () => {
    const { call, create, server } = makeServer({ managedFields: false })
    const journal: Array<string> = []
    const stop = server.onWrite(({ resource, event }) => journal.push(`${event.revision} ${event.type} ${resource.plural}/${event.name} ${event.previous === undefined ? "new" : "known"}`))
    const first = server.revision() + 1
    create("a")
    call("delete", { name: "a" })
    stop()
    create("b")
    expect(journal).toEqual([`${first} ADDED configmaps/a new`, `${first + 1} DELETED configmaps/a known`])
  })

  it("the same seed and calls give the same uids, names and times", () => {
    const run = (): string => {
      const { call } = makeServer()
      for (let i = 0; i < 5; i++) call("create", { body: { metadata: { generateName: "a-" } } })
      return JSON.stringify(call("list").body)
    }
    expect(run()).toBe(run())
  })

  it("a definition serves its resource at once, and its deletion takes the objects along", () => {
    const { server } = makeServer()
    const definitions = { group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions" }
    const widgets = { group: "example.com", version: "v1", plural: "widgets", namespace: "default" }
    const version = { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }
    const spec = { group: "example.com", scope: "Namespaced", names: { plural: "widgets", kind: "Widget" }, versions: [version] }
    server.handle({ verb: "create", ...definitions, body: { metadata: { name: "widgets.example.com" }, spec } })
    expect(server.handle({ verb: "create", ...widgets, body: { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "a" } } }).code).toBe(201)
    server.handle({ verb: "delete", ...definitions, name: "widgets.example.com" })
    expect(server.handle({ verb: "get", ...widgets, name: "a" }).code).toBe(404)
    expect(server.context.store.collection(widgets).size).toBe(0)
  })
})
