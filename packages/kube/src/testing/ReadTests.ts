/** The tests of creating, reading and listing objects. */
import { expect } from "@effect/vitest"
import { Effect } from "effect"
import { KubeClient } from "../KubeClient.ts"
import type { KubeObject } from "../KubeObject.ts"
import { configMaps, make as makeResource } from "../KubeResource.ts"
import type { ConfigMap } from "../KubeTypes.ts"
import { configMap, makeNamespace, reasonOf, test, type TransportTest, versionOf } from "./SuiteSupport.ts"

/** Creating and getting single objects. */
export const objectTests: ReadonlyArray<TransportTest> = [
  test("create answers the stored object with what the server adds", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const created = yield* (yield* KubeClient).create<ConfigMap>(configMaps, configMap(namespace, "a", { data: { k: "é\u2028\"" } }))
    expect(created.data).toEqual({ k: "é\u2028\"" })
    expect(created.metadata).toMatchObject({ name: "a", namespace })
    expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
    expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(versionOf(created)).toBeGreaterThan(0)
  })),
  test("create makes up a name from generateName", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    const make = kube.create<ConfigMap>(configMaps, { metadata: { generateName: "made-", namespace } })
    const names = [(yield* make).metadata.name, (yield* make).metadata.name]
    expect(names[0]).toMatch(/^made-[a-z0-9]{5}$/)
    expect(names[0]).not.toBe(names[1])
  })),
  test("create refuses a name that is taken with AlreadyExists", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    yield* kube.create(configMaps, configMap(namespace, "a"))
    const error = yield* Effect.flip(kube.create(configMaps, configMap(namespace, "a")))
    expect([error.reason._tag, error.code, error.retryable]).toEqual(["AlreadyExists", 409, false])
    expect(error.message).toContain("configmaps \"a\" already exists")
  })),
  test("create refuses an object that breaks a rule with Invalid, and says where", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const error = yield* Effect.flip((yield* KubeClient).create(configMaps, configMap(namespace, "Not_A_Name")))
    expect([error.reason._tag, error.code]).toEqual(["Invalid", 422])
    expect("status" in error.reason && error.reason.status.details?.causes?.[0]?.field).toBe("metadata.name")
  })),
  test("create refuses a namespace that is not there with NotFound", Effect.gen(function*() {
    expect(yield* reasonOf((yield* KubeClient).create(configMaps, configMap("kube-suite-missing", "a")))).toBe("NotFound")
  })),
  test("get answers the stored object, and NotFound when there is none", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    const created = yield* kube.create<ConfigMap>(configMaps, configMap(namespace, "a", { data: { k: "v" } }))
    const read = yield* kube.get<ConfigMap>(configMaps, { namespace, name: "a" })
    expect(read.data).toEqual({ k: "v" })
    expect(read.metadata).toEqual(created.metadata)
    const error = yield* Effect.flip(kube.get(configMaps, { namespace, name: "b" }))
    expect([error.reason._tag, error.code]).toEqual(["NotFound", 404])
    expect("status" in error.reason && error.reason.status.details).toMatchObject({ name: "b", kind: "configmaps" })
  })),
  test("a resource that is not served is NotFound", Effect.gen(function*() {
    const nothings = makeResource("kube-suite.example.com", "v1", "nothings", "Nothing", false)
    expect(yield* reasonOf((yield* KubeClient).list(nothings, undefined))).toBe("NotFound")
  })),
  test("an object that was handed out does not change when it is written again", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    const created = yield* kube.create<ConfigMap>(configMaps, configMap(namespace, "a", { data: { k: "old" } }))
    const before = structuredClone(created)
    yield* kube.update<ConfigMap>(configMaps, { ...created, data: { k: "new" } })
    yield* kube.patch(configMaps, { namespace, name: "a" }, "merge", { metadata: { labels: { x: "y" } } })
    expect(created).toEqual(before)
  }))
]

const make = (namespace: string, names: ReadonlyArray<string>) =>
  Effect.flatMap(KubeClient, (kube) =>
    Effect.forEach(names, (name) => kube.create(configMaps, configMap(namespace, name, { metadata: { labels: { suite: "yes", name } } }))))
const namesOf = (items: ReadonlyArray<KubeObject>) => items.map((item) => item.metadata.name)

/** Listing and selecting. */
export const listTests: ReadonlyArray<TransportTest> = [
  test("list answers the objects of a namespace in the order of their names, with a version", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const created = yield* make(namespace, ["c", "a", "b"])
    const list = yield* (yield* KubeClient).list(configMaps, namespace, { query: { labelSelector: "suite" } })
    expect(namesOf(list.items)).toEqual(["a", "b", "c"])
    expect(Number(list.metadata.resourceVersion)).toBeGreaterThanOrEqual(versionOf(created[2]!))
  })),
  test("list selects by label and by field", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    yield* make(namespace, ["a", "b", "c"])
    const kube = yield* KubeClient
    const select = (query: { labelSelector?: string; fieldSelector?: string }) =>
      Effect.map(kube.list(configMaps, namespace, { query }), (list) => namesOf(list.items))
    expect(yield* select({ labelSelector: "suite=yes,name in (a, c)" })).toEqual(["a", "c"])
    expect(yield* select({ labelSelector: "suite,name!=b" })).toEqual(["a", "c"])
    expect(yield* select({ labelSelector: "suite,!name" })).toEqual([])
    expect(yield* select({ fieldSelector: "metadata.name=b" })).toEqual(["b"])
    expect(yield* Effect.flip(kube.list(configMaps, namespace, { query: { labelSelector: "a===b" } })).pipe(Effect.map((error) => error.reason._tag)))
      .toBe("BadRequest")
  })),
  test("list pages with limit and continue over one snapshot", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    yield* make(namespace, ["a", "b", "c"])
    const kube = yield* KubeClient
    const query = { labelSelector: "suite", limit: "2" }
    const first = yield* kube.list(configMaps, namespace, { query })
    yield* kube.delete(configMaps, { namespace, name: "c" })
    const second = yield* kube.list(configMaps, namespace, { query: { ...query, continue: first.metadata.continue } })
    expect([namesOf(first.items), namesOf(second.items)]).toEqual([["a", "b"], ["c"]])
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
    expect(second.metadata.continue ?? "").toBe("")
  })),
  test("list without a namespace spans all of them", Effect.gen(function*() {
    const label = yield* makeNamespace
    const other = yield* makeNamespace
    const kube = yield* KubeClient
    for (const namespace of [label, other]) {
      yield* kube.create(configMaps, configMap(namespace, "a", { metadata: { labels: { [label]: "" } } }))
    }
    const list = yield* kube.list(configMaps, undefined, { query: { labelSelector: label } })
    expect(list.items.map((item) => item.metadata.namespace)).toEqual([label, other].sort())
  }))
]
