/** The tests of updating, patching and deleting objects. */
import { expect } from "@effect/vitest"
import { Effect } from "effect"
import { KubeClient } from "../KubeClient.ts"
import { configMaps, pods } from "../KubeResource.ts"
import { KubeTransport } from "../KubeTransport.ts"
import type { ConfigMap, Pod } from "../KubeTypes.ts"
import { configMap, makeNamespace, makePod, reasonOf, test, type TransportTest, versionOf } from "./SuiteSupport.ts"

/** Replacing objects and their status. */
export const updateTests: ReadonlyArray<TransportTest> = [
  test("update replaces the object and moves its version", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    const created = yield* kube.create<ConfigMap>(configMaps, configMap(namespace, "a", { data: { gone: "1" } }))
    const updated = yield* kube.update<ConfigMap>(configMaps, { ...created, data: { k: "v" } })
    expect(updated.data).toEqual({ k: "v" })
    expect(versionOf(updated)).toBeGreaterThan(versionOf(created))
    expect(updated.metadata.uid).toBe(created.metadata.uid)
  })),
  test("update with an old version is a Conflict, without one it is not", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    const created = yield* kube.create<ConfigMap>(configMaps, configMap(namespace, "a"))
    yield* kube.update<ConfigMap>(configMaps, { ...created, data: { k: "1" } })
    const error = yield* Effect.flip(kube.update<ConfigMap>(configMaps, { ...created, data: { k: "2" } }))
    expect([error.reason._tag, error.code, error.retryable]).toEqual(["Conflict", 409, true])
    const forced = yield* kube.update<ConfigMap>(configMaps, configMap(namespace, "a", { data: { k: "3" } }))
    expect(forced.data).toEqual({ k: "3" })
  })),
  test("update of an object that is not there is NotFound", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    expect(yield* reasonOf((yield* KubeClient).update(configMaps, configMap(namespace, "a")))).toBe("NotFound")
  })),
  test("update of the status changes the status alone, and update of the object all but the status", Effect.gen(function*() {
    const kube = yield* KubeClient
    const created = yield* makePod("a")
    const { namespace } = created.metadata
    const withStatus = yield* kube.update<Pod>(
      pods,
      { ...created, spec: { ...created.spec!, activeDeadlineSeconds: 5 }, status: { ...created.status, message: "from the status" } },
      { subresource: "status" }
    )
    expect([withStatus.status?.message, withStatus.spec?.activeDeadlineSeconds]).toEqual(["from the status", undefined])
    const withSpec = yield* kube.update<Pod>(pods, {
      ...withStatus,
      metadata: { ...withStatus.metadata, labels: { x: "y" } },
      status: { ...withStatus.status, message: "from the object" }
    })
    expect([withSpec.status?.message, withSpec.metadata.labels]).toEqual(["from the status", { x: "y" }])
    expect((yield* kube.get<Pod>(pods, { namespace, name: "a" })).status?.message).toBe("from the status")
  }))
]

const original = (namespace: string) => configMap(namespace, "a", { metadata: { labels: { x: "1", y: "2" } }, data: { k: "v", l: "w" } })

/** Merge patches and JSON patches. */
export const patchTests: ReadonlyArray<TransportTest> = [
  test("a merge patch sets what it names and removes what is null", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    yield* kube.create(configMaps, original(namespace))
    const patched = yield* kube.patch<ConfigMap>(configMaps, { namespace, name: "a" }, "merge", { metadata: { labels: { x: null, z: "3" } }, data: { k: "new" } })
    expect(patched.metadata.labels).toEqual({ y: "2", z: "3" })
    expect(patched.data).toEqual({ k: "new", l: "w" })
  })),
  test("a merge patch with an old version is a Conflict", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    const { metadata } = yield* kube.create(configMaps, original(namespace))
    const lock = { metadata: { resourceVersion: metadata.resourceVersion } }
    const key = { namespace, name: "a" }
    yield* kube.patch(configMaps, key, "merge", { ...lock, data: { k: "1" } })
    expect(yield* reasonOf(kube.patch(configMaps, key, "merge", { ...lock, data: { k: "2" } }))).toBe("Conflict")
  })),
  test("a JSON patch carries out its operations, all or none", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    yield* kube.create(configMaps, original(namespace))
    const key = { namespace, name: "a" }
    const patched = yield* kube.patch<ConfigMap>(configMaps, key, "json", [
      { op: "test", path: "/data/k", value: "v" },
      { op: "add", path: "/data/m", value: "x" },
      { op: "remove", path: "/data/l" }
    ])
    expect(patched.data).toEqual({ k: "v", m: "x" })
    const refused = kube.patch(configMaps, key, "json", [
      { op: "add", path: "/data/n", value: "y" },
      { op: "test", path: "/data/k", value: "other" }
    ])
    expect(yield* reasonOf(refused)).toBe("Invalid")
    expect((yield* kube.get<ConfigMap>(configMaps, key)).data).toEqual({ k: "v", m: "x" })
  })),
  test("a patch of the status leaves the rest alone", Effect.gen(function*() {
    const kube = yield* KubeClient
    const { metadata } = yield* makePod("a")
    const key = { namespace: metadata.namespace, name: "a", subresource: "status" }
    const patched = yield* kube.patch<Pod>(pods, key, "merge", { spec: { activeDeadlineSeconds: 5 }, status: { message: "patched" } })
    expect([patched.status?.message, patched.spec?.activeDeadlineSeconds]).toEqual(["patched", undefined])
  })),
  test("a patch that changes nothing keeps the version", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    const created = yield* kube.create(configMaps, original(namespace))
    const patched = yield* kube.patch(configMaps, { namespace, name: "a" }, "merge", { data: { k: "v" } })
    expect(patched.metadata.resourceVersion).toBe(created.metadata.resourceVersion)
  })),
  test("a patch of an object that is not there is NotFound", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    expect(yield* reasonOf((yield* KubeClient).patch(configMaps, { namespace, name: "a" }, "merge", {}))).toBe("NotFound")
  }))
]

/** Deletion, with what holds it up. */
export const deleteTests: ReadonlyArray<TransportTest> = [
  test("a deleted object is gone, and deleting it again is NotFound", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    yield* kube.create(configMaps, configMap(namespace, "a"))
    const key = { namespace, name: "a" }
    yield* kube.delete(configMaps, key)
    expect(yield* reasonOf(kube.get(configMaps, key))).toBe("NotFound")
    expect(yield* reasonOf(kube.delete(configMaps, key))).toBe("NotFound")
  })),
  test("a delete that names another uid or version is a Conflict", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    const { metadata } = yield* kube.create(configMaps, configMap(namespace, "a"))
    const key = { namespace, name: "a" }
    const remove = (preconditions: { uid?: string; resourceVersion?: string }) => reasonOf(kube.delete(configMaps, key, { preconditions }))
    expect(yield* remove({ uid: "11111111-2222-3333-4444-555555555555" })).toBe("Conflict")
    expect(yield* remove({ uid: metadata.uid!, resourceVersion: "1" })).toBe("Conflict")
    expect(yield* remove({ uid: metadata.uid!, resourceVersion: metadata.resourceVersion! })).toBe("no error")
  })),
  test("a finalizer keeps a deleted object until it is removed", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    yield* kube.create(configMaps, configMap(namespace, "a", { metadata: { finalizers: ["example.com/suite"] } }))
    const key = { namespace, name: "a" }
    yield* kube.delete(configMaps, key)
    expect((yield* kube.get(configMaps, key)).metadata.deletionTimestamp).toMatch(/Z$/)
    yield* kube.patch(configMaps, key, "merge", { metadata: { finalizers: null } })
    expect(yield* reasonOf(kube.get(configMaps, key))).toBe("NotFound")
  })),
  test("deletecollection deletes what the selector selects", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    for (const [name, group] of [["a", "x"], ["b", "x"], ["c", "y"]] as const) {
      yield* kube.create(configMaps, configMap(namespace, name, { metadata: { labels: { group } } }))
    }
    const transport = yield* KubeTransport
    yield* transport.request({ verb: "deletecollection", resource: configMaps, namespace, query: { labelSelector: "group=x" } })
    const left = yield* kube.list(configMaps, namespace, { query: { labelSelector: "group" } })
    expect(left.items.map((item) => item.metadata.name)).toEqual(["c"])
  }))
]
