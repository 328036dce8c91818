/** The tests of watches. */
import { expect } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { KubeClient } from "../KubeClient.ts"
import { configMaps, make as makeResource } from "../KubeResource.ts"
import type { KubeQuery, KubeWatchRequest } from "../KubeTransport.ts"
import type { ConfigMap } from "../KubeTypes.ts"
import { configMap, endOf, listVersion, makeNamespace, startWatch, summaries, test, type TransportTest, versionOf } from "./SuiteSupport.ts"

const mine = { metadata: { labels: { suite: "yes" } } }

/** A watch on the config maps of the suite in a namespace, from the version of a list. */
const watchFromList = (namespace: string | undefined, query: KubeQuery = { labelSelector: "suite" }) =>
  Effect.gen(function*() {
    const request: KubeWatchRequest = { resource: configMaps, namespace }
    const resourceVersion = yield* listVersion(request)
    return yield* startWatch({ ...request, query: { resourceVersion, ...query } })
  })

/** The order of events, and where a watch starts. */
export const watchTests: ReadonlyArray<TransportTest> = [
  test("a watch from the version of a list sees every later change in order", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    yield* kube.create(configMaps, configMap(namespace, "before", mine))
    const watching = yield* watchFromList(namespace)
    const created = yield* kube.create<ConfigMap>(configMaps, configMap(namespace, "a", mine))
    const updated = yield* kube.update<ConfigMap>(configMaps, { ...created, data: { k: "v" } })
    yield* kube.create(configMaps, configMap(namespace, "b", mine))
    yield* kube.delete(configMaps, { namespace, name: "a" })
    const events = yield* watching.take(4)
    expect(summaries(events)).toEqual(["ADDED a", "MODIFIED a", "ADDED b", "DELETED a"])
    expect(events[1]!.object).toMatchObject({ metadata: updated.metadata, data: { k: "v" } })
    const versions = events.map((event) => versionOf(event.object))
    expect(versions).toEqual(versions.toSorted((a, b) => a - b))
    expect(versions[3]).toBeGreaterThan(versions[2]!)
  })),
  test("a watch resumes after the version of an event that was seen", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    const first = yield* watchFromList(namespace)
    for (const name of ["a", "b", "c"]) yield* kube.create(configMaps, configMap(namespace, name, mine))
    const [seen] = yield* first.take(1)
    yield* Fiber.interrupt(first.fiber)
    const query = { labelSelector: "suite", resourceVersion: (seen!.object as ConfigMap).metadata.resourceVersion }
    const second = yield* startWatch({ resource: configMaps, namespace, query })
    expect(summaries(yield* second.take(2))).toEqual(["ADDED b", "ADDED c"])
  })),
  test("a watch without a version starts with the objects that are there", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    for (const name of ["b", "a"]) yield* kube.create(configMaps, configMap(namespace, name, mine))
    const watching = yield* startWatch({ resource: configMaps, namespace, query: { labelSelector: "suite" } })
    expect(summaries(yield* watching.take(2)).toSorted()).toEqual(["ADDED a", "ADDED b"])
    yield* kube.delete(configMaps, { namespace, name: "a" })
    expect(summaries(yield* watching.take(1))).toEqual(["DELETED a"])
  })),
  test("every watch sees the changes of many writers in the same order", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    const watches = yield* Effect.all([watchFromList(namespace), watchFromList(namespace)])
    const names = Array.from({ length: 40 }, (_, index) => `object-${index}`)
    yield* Effect.forEach(names, (name) => kube.create(configMaps, configMap(namespace, name, mine)), { concurrency: 8, discard: true })
    const [one, two] = yield* Effect.forEach(watches, (watching) => watching.take(names.length))
    expect(summaries(one!).toSorted()).toEqual(names.map((name) => `ADDED ${name}`).toSorted())
    expect(summaries(two!)).toEqual(summaries(one!))
    const versions = one!.map((event) => versionOf(event.object))
    expect(versions).toEqual(versions.toSorted((a, b) => a - b))
  })),
  test("a watch without a namespace sees all of them", Effect.gen(function*() {
    const label = yield* makeNamespace
    const other = yield* makeNamespace
    const kube = yield* KubeClient
    const watching = yield* watchFromList(undefined, { labelSelector: label })
    for (const namespace of [other, label]) {
      yield* kube.create(configMaps, configMap(namespace, "a", { metadata: { labels: { [label]: "" } } }))
    }
    const events = yield* watching.take(2)
    expect(events.map((event) => (event.object as ConfigMap).metadata.namespace)).toEqual([other, label])
  }))
]

/** Which changes a selecting watch sees, and as what. */
export const watchSelectionTests: ReadonlyArray<TransportTest> = [
  test("an object that begins to match is ADDED, one that ceases to is DELETED", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    const watching = yield* watchFromList(namespace, { labelSelector: "color in (red,blue)" })
    const paint = (color: string | null) => kube.patch(configMaps, { namespace, name: "a" }, "merge", { metadata: { labels: { color } } })
    yield* kube.create(configMaps, configMap(namespace, "a", { metadata: { labels: { color: "green" } } }))
    yield* paint("red")
    yield* paint("blue")
    const left = yield* paint(null)
    yield* paint("green")
    yield* paint("blue")
    const events = yield* watching.take(4)
    expect(summaries(events)).toEqual(["ADDED a", "MODIFIED a", "DELETED a", "ADDED a"])
    expect(versionOf(events[2]!.object)).toBe(versionOf(left))
  })),
  test("a watch by name sees one object come, go and come again", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    const watching = yield* watchFromList(namespace, { fieldSelector: "metadata.name=a" })
    const create = (name: string) => kube.create(configMaps, configMap(namespace, name))
    yield* create("b")
    yield* create("a")
    yield* kube.delete(configMaps, { namespace, name: "a" })
    yield* create("a")
    expect(summaries(yield* watching.take(3))).toEqual(["ADDED a", "DELETED a", "ADDED a"])
  })),
  test("an object with a finalizer is MODIFIED when its deletion begins and DELETED when it is gone", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    const watching = yield* watchFromList(namespace)
    yield* kube.create(configMaps, configMap(namespace, "a", { metadata: { ...mine.metadata, finalizers: ["example.com/suite"] } }))
    yield* kube.delete(configMaps, { namespace, name: "a" })
    yield* kube.patch(configMaps, { namespace, name: "a" }, "json", [{ op: "remove", path: "/metadata/finalizers" }])
    const events = yield* watching.take(3)
    expect(summaries(events)).toEqual(["ADDED a", "MODIFIED a", "DELETED a"])
    expect((events[1]!.object as ConfigMap).metadata.deletionTimestamp).toMatch(/Z$/)
  }))
]

/** Bookmarks, refusals and the end of watches. */
export const watchEndTests: ReadonlyArray<TransportTest> = [
  test("initial events that were asked for end with a bookmark", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    const created = yield* kube.create(configMaps, configMap(namespace, "a", mine))
    const watching = yield* startWatch({
      resource: configMaps,
      namespace,
      query: { labelSelector: "suite", sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan", allowWatchBookmarks: "true" }
    })
    const events = yield* watching.take(2)
    expect(events.map((event) => event.type)).toEqual(["ADDED", "BOOKMARK"])
    const { metadata } = events[1]!.object as ConfigMap
    expect(metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" })
    expect(versionOf({ metadata })).toBeGreaterThanOrEqual(versionOf(created))
  })),
  test("an interrupted watch hands on nothing more", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const kube = yield* KubeClient
    const stopped = yield* watchFromList(namespace)
    const running = yield* watchFromList(namespace)
    yield* kube.create(configMaps, configMap(namespace, "a", mine))
    yield* stopped.take(1)
    yield* Fiber.interrupt(stopped.fiber)
    yield* kube.create(configMaps, configMap(namespace, "b", mine))
    expect(summaries(yield* running.take(2))).toEqual(["ADDED a", "ADDED b"])
    expect(stopped.pending()).toBe(0)
  })),
  test("a watch from a version that is forgotten is told so and ends", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const watching = yield* startWatch({ resource: configMaps, namespace, query: { resourceVersion: "1" } })
    const end = yield* endOf(watching)
    // Either the stream opens and says so, or the server refuses to open it.
    const told = end === "no error" ? yield* Effect.map(watching.take(1), ([event]) => event!.type === "ERROR" && event!.object.reason) : end
    expect(["Expired", "Gone"]).toContain(told)
  })),
  test("a watch on a resource that is not served fails with NotFound", Effect.gen(function*() {
    const resource = makeResource("kube-suite.example.com", "v1", "nothings", "Nothing", false)
    expect(yield* endOf(yield* startWatch({ resource }))).toBe("NotFound")
  })),
  test("a watch with a selector that cannot be read fails with BadRequest", Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const query = { labelSelector: "a===b" }
    expect(yield* endOf(yield* startWatch({ resource: configMaps, namespace, query }))).toBe("BadRequest")
  }))
]
