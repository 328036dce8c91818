import { type ConfigMap, type CustomResourceDefinition, KubeClient, type KubeObject, KubeResource, type OwnerReference } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { find, recordWrites, simulate, type World } from "./world.ts"

const maps = KubeResource.configMaps

const create = (name: string, owners: ReadonlyArray<OwnerReference> = [], metadata: Partial<ConfigMap["metadata"]> = {}) =>
  Effect.flatMap(KubeClient, (client) =>
    client.create<ConfigMap>(maps, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace: "default", ...(owners.length === 0 ? {} : { ownerReferences: owners }), ...metadata }
    }))

const owner = (object: KubeObject, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name: object.metadata.name!,
  uid: object.metadata.uid!,
  ...more
})

const remove = (name: string, propagationPolicy?: "Background" | "Foreground" | "Orphan") =>
  Effect.flatMap(KubeClient, (client) => client.delete(maps, { namespace: "default", name }, propagationPolicy === undefined ? undefined : { propagationPolicy }))

const exists = (name: string, namespace = "default") => Effect.map(find(maps, name, namespace), (it) => it !== undefined)

const tick = Effect.sleep("1 second")

const withoutNodes = <A, E>(program: Effect.Effect<A, E, World>): A => simulate(program, { nodes: 0 })

describe("in the background", () => {
  it("dependents go after their owner, all the way down", () => {
    withoutNodes(Effect.gen(function*() {
      const a = yield* create("a")
      const b = yield* create("b", [owner(a)])
      yield* create("c", [owner(b)])
      yield* create("free")
      yield* remove("a")
      expect(yield* exists("b")).toBe(true)
      yield* tick
      expect([yield* exists("b"), yield* exists("c"), yield* exists("free")]).toEqual([false, false, true])
    }))
  })

  it("an object with one more living owner stays and loses the dead reference", () => {
    withoutNodes(Effect.gen(function*() {
      const a = yield* create("a")
      const b = yield* create("b")
      yield* create("c", [owner(a), owner(b)])
      yield* remove("a")
      yield* tick
      expect((yield* find(maps, "c"))?.metadata.ownerReferences).toEqual([owner(b)])
      yield* remove("b")
      yield* tick
      expect(yield* exists("c")).toBe(false)
    }))
  })

  it("an owner that waits for a finalizer is still an owner", () => {
    withoutNodes(Effect.gen(function*() {
      const client = yield* KubeClient
      const a = yield* create("a", [], { finalizers: ["example.com/wait"] })
      yield* create("b", [owner(a)])
      yield* remove("a")
      yield* tick
      expect(yield* exists("b")).toBe(true)
      yield* client.patch(maps, { namespace: "default", name: "a" }, "merge", { metadata: { finalizers: null } })
      yield* tick
      expect(yield* exists("b")).toBe(false)
    }))
  })
})

describe("owners that are not there", () => {
  const absent: OwnerReference = { apiVersion: "v1", kind: "ConfigMap", name: "nobody", uid: "00000000-0000-0000-0000-000000000000" }

  it("do not keep an object", () => {
    withoutNodes(Effect.gen(function*() {
      yield* create("b", [absent])
      yield* tick
      expect(yield* exists("b")).toBe(false)
    }))
  })

  it("are told from objects of the same name by their uid", () => {
    withoutNodes(Effect.gen(function*() {
      const a = yield* create("a")
      yield* create("right", [owner(a)])
      yield* create("wrong", [owner(a, { uid: absent.uid })])
      yield* tick
      expect([yield* exists("right"), yield* exists("wrong")]).toEqual([true, false])
    }))
  })

  it("may be those of another namespace, which do not count", () => {
    withoutNodes(Effect.gen(function*() {
      const a = yield* create("a", [], { namespace: "kube-public" })
      yield* create("b", [owner(a)])
      yield* tick
      expect(yield* exists("b")).toBe(false)
    }))
  })

  it("keep an object if nobody knows their kind", () => {
    withoutNodes(Effect.gen(function*() {
      yield* create("b", [{ ...absent, apiVersion: "example.com/v1", kind: "Unknown" }])
      yield* Effect.sleep("10 seconds")
      expect(yield* exists("b")).toBe(true)
    }))
  })

  it("are told apart by their whole reference, not by the uid alone", () => {
    withoutNodes(Effect.gen(function*() {
      yield* create("gone", [absent])
      yield* tick
      yield* create("kept", [{ ...absent, apiVersion: "example.com/v1", kind: "Unknown" }])
      yield* tick
      expect([yield* exists("gone"), yield* exists("kept")]).toEqual([false, true])
    }))
  })

  it("can be cluster-wide objects", () => {
    withoutNodes(Effect.gen(function*() {
      const namespace = (yield* find(KubeResource.namespaces, "default", undefined))!
      yield* create("right", [owner(namespace, { kind: "Namespace" })])
      yield* create("wrong", [owner(namespace, { kind: "Namespace", uid: absent.uid })])
      yield* tick
      expect([yield* exists("right"), yield* exists("wrong")]).toEqual([true, false])
    }))
  })

  it("can be adopted away in time by a patch", () => {
    withoutNodes(Effect.gen(function*() {
      const client = yield* KubeClient
      const a = yield* create("a")
      const b = yield* create("b", [owner(a)])
      yield* client.patch(maps, { namespace: "default", name: "b" }, "merge", { metadata: { ownerReferences: null } })
      yield* remove("a")
      yield* tick
      expect((yield* find(maps, "b"))?.metadata.uid).toBe(b.metadata.uid)
    }))
  })
})

describe("in the foreground", () => {
  it("the owner waits for blocking dependents", () => {
    withoutNodes(Effect.gen(function*() {
      const client = yield* KubeClient
      const a = yield* create("a")
      yield* create("b", [owner(a, { blockOwnerDeletion: true })], { finalizers: ["example.com/wait"] })
      yield* create("c", [owner(a)], { finalizers: ["example.com/wait"] })
      yield* remove("a", "Foreground")
      yield* tick
      expect((yield* find(maps, "a"))?.metadata.finalizers).toEqual(["foregroundDeletion"])
      expect((yield* find(maps, "b"))?.metadata.deletionTimestamp).toBeDefined()
      expect((yield* find(maps, "c"))?.metadata.deletionTimestamp).toBeDefined()
      yield* client.patch(maps, { namespace: "default", name: "b" }, "merge", { metadata: { finalizers: null } })
      yield* tick
      expect([yield* exists("a"), yield* exists("b"), yield* exists("c")]).toEqual([false, false, true])
    }))
  })

  it("an owner without dependents goes at once, and a chain goes from its end", () => {
    withoutNodes(Effect.gen(function*() {
      const writes = yield* recordWrites
      const a = yield* create("a")
      const b = yield* create("b", [owner(a, { blockOwnerDeletion: true })])
      yield* create("c", [owner(b, { blockOwnerDeletion: true })])
      yield* remove("a", "Foreground")
      yield* tick
      expect(writes.filter((it) => it.startsWith("DELETED"))).toEqual(["DELETED configmaps/c", "DELETED configmaps/b", "DELETED configmaps/a"])
      yield* create("alone")
      yield* remove("alone", "Foreground")
      yield* tick
      expect(yield* exists("alone")).toBe(false)
    }))
  })
})

describe("orphaning", () => {
  it("leaves the dependents without the reference", () => {
    withoutNodes(Effect.gen(function*() {
      const a = yield* create("a")
      yield* create("b", [owner(a)])
      yield* remove("a", "Orphan")
      yield* Effect.sleep("10 seconds")
      expect(yield* exists("a")).toBe(false)
      expect((yield* find(maps, "b"))?.metadata.ownerReferences).toBeUndefined()
    }))
  })
})

describe("custom resources", () => {
  const widgets = KubeResource.make("example.com", "v1", "widgets", "Widget")
  const definition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } }]
    }
  }

  it("are owners as soon as they are defined, and take their dependents along with their definition", () => {
    withoutNodes(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* client.create(KubeResource.customResourceDefinitions, definition as unknown as CustomResourceDefinition)
      yield* tick
      const widget = (name: string) => client.create(widgets, { apiVersion: "example.com/v1", kind: "Widget", metadata: { name, namespace: "default" } })
      const ownedBy = (it: KubeObject) => [owner(it, { apiVersion: "example.com/v1", kind: "Widget" })]
      yield* create("one", ownedBy(yield* widget("w1")))
      yield* create("two", ownedBy(yield* widget("w2")))
      yield* client.delete(widgets, { namespace: "default", name: "w1" })
      yield* tick
      expect([yield* exists("one"), yield* exists("two")]).toEqual([false, true])
      yield* client.delete(KubeResource.customResourceDefinitions, { name: "widgets.example.com" })
      yield* Effect.sleep("10 seconds")
      expect(yield* exists("two")).toBe(false)
    }))
  })
})
