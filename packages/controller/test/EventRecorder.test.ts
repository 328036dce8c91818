import { Effect, type Scope } from "effect"
import { expect, it } from "vitest"
import { type Event, KubeClient, KubeResource, type KubeTransport } from "@fairlead/kube"
import { type EventInput, EventRecorder, type EventRecorderOptions } from "../src/index.ts"
import { type ClusterFake, statusError, unavailable } from "./support/clusterFake.ts"
import { simulate, widget } from "./support/objects.ts"

const options: EventRecorderOptions = { reportingController: "example.org/widgets", reportingInstance: "widgets-0" }

const failed = (fields: Partial<EventInput> = {}): EventInput => ({
  regarding: widget("w", { uid: "u1", resourceVersion: "7" }), type: "Warning", reason: "FailedCreate", action: "CreatePart", note: "no room", ...fields
})

const recorder = (
  body: (cluster: ClusterFake, record: (event: EventInput) => Effect.Effect<void>, flush: Effect.Effect<void>) => Effect.Effect<void, unknown, KubeClient | KubeTransport | Scope.Scope>,
  changed: Partial<EventRecorderOptions> = {}
): void =>
  simulate((cluster) => Effect.gen(function*() {
    const events = yield* EventRecorder
    yield* body(cluster, events.record, events.flush)
  }).pipe(Effect.provide(EventRecorder.layer({ ...options, ...changed }))))

const stored = (cluster: ClusterFake): ReadonlyArray<Event> => cluster.all(KubeResource.events) as ReadonlyArray<Event>

it("record writes an event that kubectl can show", () => {
  recorder((cluster, record) => Effect.gen(function*() {
    yield* record(failed({ related: widget("other", { uid: "u2" }) }))
    yield* Effect.sleep(10)
    expect(stored(cluster)).toMatchObject([{
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { namespace: "default" },
      eventTime: "2026-01-01T00:00:00.000000Z",
      reportingController: "example.org/widgets",
      reportingInstance: "widgets-0",
      type: "Warning",
      reason: "FailedCreate",
      action: "CreatePart",
      note: "no room",
      regarding: { apiVersion: "example.org/v1", kind: "Widget", namespace: "default", name: "w", uid: "u1", resourceVersion: "7" },
      related: { name: "other", uid: "u2" }
    }])
    expect(stored(cluster)[0]?.metadata.name).toMatch(/^w\.[0-9a-f]{16}$/)
    expect(stored(cluster)[0]?.series).toBeUndefined()
  }))
})

it("the same event again is a series: written at the second time, then once for each interval, and at its end", () => {
  recorder((cluster, record) => Effect.gen(function*() {
    for (let i = 0; i < 100; i++) {
      yield* record(failed({ note: `no room, attempt ${i}` }))
      yield* Effect.sleep("5 seconds")
    }
    expect(cluster.writes()).toHaveLength(3)
    expect(stored(cluster)).toMatchObject([{ note: "no room, attempt 0", series: { count: 73 } }])
    yield* Effect.sleep("10 minutes")
    expect(cluster.writes()).toHaveLength(4)
    expect(stored(cluster)).toMatchObject([{ series: { count: 100, lastObservedTime: "2026-01-01T00:08:15.000000Z" } }])
    yield* record(failed())
    yield* Effect.sleep(10)
    expect(stored(cluster)).toHaveLength(2)
  }))
})

it("different objects, reasons and types are different events", () => {
  recorder((cluster, record) => Effect.gen(function*() {
    for (const it of [failed(), failed({ reason: "Other" }), failed({ type: "Normal" }), failed({ regarding: widget("x") }), failed({ regarding: widget("w", { uid: "u9" }) })]) yield* record(it)
    yield* Effect.sleep(10)
    expect(stored(cluster)).toHaveLength(5)
    expect(new Set(stored(cluster).map((it) => it.metadata.name)).size).toBe(5)
  }))
})

it("record never waits, and what does not fit is dropped", () => {
  recorder((cluster, record) => Effect.gen(function*() {
    cluster.rule = () => ({ before: unavailable() })
    for (let i = 0; i < 50; i++) yield* record(failed({ regarding: widget(`w${i}`) }))
    yield* Effect.sleep("5 seconds")
    cluster.rule = () => undefined
    yield* Effect.sleep("30 seconds")
    expect(stored(cluster)).toHaveLength(10)
  }), { queueMax: 10 })
})

it("one object cannot flood the server", () => {
  recorder((cluster, record) => Effect.gen(function*() {
    for (let i = 0; i < 100; i++) yield* record(failed({ reason: `Reason${i}` }))
    yield* Effect.sleep("1 second")
    expect(stored(cluster)).toHaveLength(25)
    yield* Effect.sleep("11 minutes")
    for (let i = 100; i < 110; i++) yield* record(failed({ reason: `Reason${i}` }))
    yield* Effect.sleep("1 second")
    expect(stored(cluster)).toHaveLength(27)
  }))
})

it("an event whose answer was lost is not written twice, and one that is refused is given up", () => {
  recorder((cluster, record) => Effect.gen(function*() {
    let calls = 0
    cluster.rule = () => (++calls === 1 ? { after: unavailable() } : undefined)
    yield* record(failed())
    yield* Effect.sleep("1 minute")
    expect(stored(cluster)).toHaveLength(1)
    cluster.rule = () => ({ before: statusError(403, "Forbidden") })
    yield* record(failed({ reason: "Refused" }))
    yield* Effect.sleep("1 minute")
    cluster.rule = () => undefined
    yield* record(failed({ reason: "Later" }))
    yield* Effect.sleep("1 minute")
    expect(stored(cluster).map((it) => it.reason)).toEqual(["FailedCreate", "Later"])
  }))
})

it("a series goes on as a new event when the server has forgotten the old one", () => {
  recorder((cluster, record) => Effect.gen(function*() {
    yield* record(failed())
    yield* Effect.sleep(10)
    cluster.remove(KubeResource.events, "default", stored(cluster)[0]!.metadata.name!)
    yield* record(failed())
    yield* Effect.sleep(10)
    expect(stored(cluster)).toMatchObject([{ series: { count: 2 } }])
  }))
})

it("long texts are cut where the API would refuse them", () => {
  recorder((cluster, record) => Effect.gen(function*() {
    yield* record(failed({ note: "ü".repeat(2000), reason: "R".repeat(200), regarding: widget("n".repeat(253)) }))
    yield* Effect.sleep(10)
    const [event] = stored(cluster)
    expect(new TextEncoder().encode(event?.note).length).toBeLessThanOrEqual(1024)
    expect(event?.note?.endsWith("ü…")).toBe(true)
    expect(event?.reason).toHaveLength(128)
    expect(event?.metadata.name).toHaveLength(253)
  }))
})

it("what waits is written at the end of the scope", () => {
  simulate((cluster) => Effect.gen(function*() {
    yield* Effect.scoped(Effect.gen(function*() {
      const { record } = yield* EventRecorder
      for (let i = 0; i < 5; i++) yield* record(failed())
      yield* record(failed({ reason: "Stopped" }))
    }).pipe(Effect.provide(EventRecorder.layer(options))))
    expect(stored(cluster).map((it) => [it.reason, it.series?.count])).toEqual([["FailedCreate", 5], ["Stopped", undefined]])
  }))
})
