import { Effect } from "effect"
import { expect, it } from "vitest"
import { type Change, Informer, Transform } from "../src/index.ts"
import { expired, expiredStatus, statusError, unavailable } from "./support/clusterFake.ts"
import { simulate, widget, type Widget, widgets } from "./support/objects.ts"

const names = (informer: Informer<Widget>): ReadonlyArray<string> => informer.store.list().map((it) => it.metadata.name!)
const line = (change: Change<Widget>): string => `${change.type} ${change.object.metadata.name}${change.initial === true ? " initially" : ""}`

it("synced waits until the first list is in the store", () => {
  simulate((cluster) => Effect.gen(function*() {
    for (let i = 0; i < 7; i++) cluster.put(widgets, widget(`w${i}`))
    const informer = yield* Informer.make<Widget>({ resource: widgets, pageSize: 3 })
    expect(informer.isSynced()).toBe(false)
    yield* informer.synced
    expect(names(informer)).toEqual(["w0", "w1", "w2", "w3", "w4", "w5", "w6"])
    expect(cluster.requests).toEqual(["list widgets", "list widgets", "list widgets"])
    expect(informer.store.version).toBe("107")
  }))
})

it("a change is in the store before a listener hears of it", () => {
  simulate((cluster) => Effect.gen(function*() {
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* informer.synced
    const seen: Array<string> = []
    informer.subscribe((change) => seen.push(`${line(change)} ${informer.store.get("default", "a")?.spec?.size}`))
    cluster.put(widgets, widget("a", {}, { spec: { size: 1 } }))
    cluster.put(widgets, widget("a", {}, { spec: { size: 2 } }))
    cluster.remove(widgets, "default", "a")
    yield* Effect.sleep(1)
    expect(seen).toEqual(["Added a 1", "Updated a 2", "Deleted a undefined"])
  }))
})

it("a late subscriber is replayed what is there, once", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.put(widgets, widget("a"))
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* informer.synced
    const seen: Array<string> = []
    const stop = informer.subscribe((change) => seen.push(line(change)))
    cluster.put(widgets, widget("b"))
    yield* Effect.sleep(1)
    stop()
    cluster.put(widgets, widget("c"))
    yield* Effect.sleep(1)
    expect(seen).toEqual(["Added a initially", "Added b"])
  }))
})

it("a listener that subscribes another one during a relist makes nobody hear twice", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.put(widgets, widget("a"))
    cluster.put(widgets, widget("b"))
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    const late: Array<string> = []
    let joined = false
    informer.subscribe(() => {
      if (!joined) informer.subscribe((change) => late.push(line(change)))
      joined = true
    })
    yield* informer.synced
    expect(late).toEqual(["Added a initially", "Added b initially"])
  }))
})

it("a watch that ends resumes at the last version and loses nothing", () => {
  simulate((cluster) => Effect.gen(function*() {
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* informer.synced
    yield* Effect.sleep(5000)
    cluster.put(widgets, widget("a"))
    cluster.endWatches()
    cluster.put(widgets, widget("b"))
    yield* Effect.sleep(1)
    expect(names(informer)).toEqual(["a", "b"])
    expect(cluster.watches.map((it) => it["resourceVersion"])).toEqual(["100", "101"])
    expect(cluster.requests).toEqual(["list widgets"])
  }))
})

it("a 410 after a quiet time lists again at once and tells what changed meanwhile", () => {
  simulate((cluster) => Effect.gen(function*() {
    for (const name of ["kept", "changed", "gone"]) cluster.put(widgets, widget(name))
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* informer.synced
    yield* Effect.sleep(5000)
    const seen: Array<string> = []
    informer.subscribe((change) => change.initial === true || seen.push(line(change)))
    cluster.frozen = true
    cluster.put(widgets, widget("changed"))
    cluster.remove(widgets, "default", "gone")
    cluster.put(widgets, widget("new"))
    cluster.compact()
    cluster.endWatches()
    yield* Effect.sleep(1)
    expect(seen).toEqual(["Updated changed", "Added new", "Deleted gone"])
    expect(informer.stats().relists).toBe(1)
  }))
})

it("an ERROR event with code 410 lists again", () => {
  simulate((cluster) => Effect.gen(function*() {
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* informer.synced
    yield* Effect.sleep(5000)
    cluster.send([{ type: "ERROR", object: expiredStatus }])
    cluster.endWatches()
    yield* Effect.sleep(1)
    expect(cluster.requests).toEqual(["list widgets", "list widgets"])
    expect(informer.stats().relists).toBe(1)
  }))
})

it("any other failure resumes at the same version, after 0.8 s to 30 s", () => {
  simulate((cluster, logs) => Effect.gen(function*() {
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* informer.synced
    cluster.rule = (verb) => (verb === "watch" ? { before: unavailable() } : undefined)
    cluster.endWatches(unavailable())
    yield* Effect.sleep("10 minutes")
    const failed = cluster.watches.length
    expect(failed).toBeGreaterThan(15)
    expect(failed).toBeLessThan(40)
    cluster.rule = () => undefined
    cluster.put(widgets, widget("a"))
    yield* Effect.sleep("40 seconds")
    expect(names(informer)).toEqual(["a"])
    expect(cluster.requests).toEqual(["list widgets"])
    expect(logs.at(-1)).toContain("ServiceUnavailable")
  }))
})

it("the server's Retry-After is respected", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.rule = (verb) => (verb === "list" ? { before: statusError(429, "TooManyRequests", "slow down", 100) } : undefined)
    yield* Informer.make<Widget>({ resource: widgets })
    yield* Effect.sleep("70 seconds")
    expect(cluster.requests).toHaveLength(1)
    yield* Effect.sleep("60 seconds")
    expect(cluster.requests).toHaveLength(2)
  }))
})

it("a watch that says nothing is given up 5 s after the server should have ended it", () => {
  simulate((cluster) => Effect.gen(function*() {
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* informer.synced
    yield* Effect.sleep("200 seconds")
    expect(cluster.watches).toHaveLength(1)
    yield* Effect.sleep("100 seconds")
    expect(cluster.watches).toHaveLength(2)
    expect(cluster.watcherCount).toBe(1)
  }))
})

it("a list that never answers is asked for again", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.rule = (verb) => (verb === "list" ? { hang: true } : undefined)
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* Effect.sleep("50 seconds")
    cluster.rule = () => undefined
    yield* informer.synced
    expect(cluster.requests).toHaveLength(2)
  }))
})

it("a bookmark moves the version to resume from", () => {
  simulate((cluster) => Effect.gen(function*() {
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* informer.synced
    yield* Effect.sleep(5000)
    cluster.version = 500
    const progress: Array<string> = []
    informer.subscribe(() => undefined, (version) => progress.push(version))
    cluster.bookmark()
    cluster.endWatches()
    yield* Effect.sleep(1)
    expect(cluster.watches.at(-1)?.["resourceVersion"]).toBe("500")
    expect(progress).toEqual(["500"])
    expect(cluster.watches.every((it) => it["allowWatchBookmarks"] === "true")).toBe(true)
  }))
})

it("watchList streams the first state and asks for no list", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.put(widgets, widget("a"))
    cluster.put(widgets, widget("b"))
    const informer = yield* Informer.make<Widget>({ resource: widgets, watchList: true })
    yield* informer.synced
    cluster.put(widgets, widget("c"))
    yield* Effect.sleep(1)
    expect(names(informer)).toEqual(["a", "b", "c"])
    expect(cluster.requests).toEqual([])
    expect(cluster.watches[0]).toMatchObject({ sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" })
  }))
})

it("watchList falls back to pages when the server refuses it", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.supportsWatchList = false
    cluster.put(widgets, widget("a"))
    const informer = yield* Informer.make<Widget>({ resource: widgets, watchList: true })
    yield* informer.synced
    expect(names(informer)).toEqual(["a"])
    expect(cluster.requests).toEqual(["list widgets"])
  }))
})

it("watchList falls back to pages when the server never sends the end bookmark", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.put(widgets, widget("a"))
    cluster.rule = (_verb, request) => (request.query?.["sendInitialEvents"] === "true" ? { hang: true } : undefined)
    const informer = yield* Informer.make<Widget>({ resource: widgets, watchList: true })
    yield* informer.synced
    expect(names(informer)).toEqual(["a"])
  }))
})

it("a continue token that expires makes the next list come in one piece", () => {
  simulate((cluster) => Effect.gen(function*() {
    for (let i = 0; i < 5; i++) cluster.put(widgets, widget(`w${i}`))
    let pages = 0
    cluster.rule = (verb, request) => (verb === "list" && request.query?.["continue"] !== undefined && ++pages === 1 ? { before: expired() } : undefined)
    const informer = yield* Informer.make<Widget>({ resource: widgets, pageSize: 2 })
    yield* informer.synced
    expect(names(informer)).toHaveLength(5)
    expect(cluster.requests).toHaveLength(3)
  }))
})

it("an object that cannot be read is parked, reported and disturbs nothing", () => {
  simulate((cluster, logs) => Effect.gen(function*() {
    cluster.put(widgets, widget("bad", {}, { spec: { size: -1 } }))
    cluster.put(widgets, widget("good", {}, { spec: { size: 1 } }))
    const informer = yield* Informer.make<Widget>({
      resource: widgets,
      transform: (object) => {
        if ((object as Widget).spec?.size === -1) throw new Error("size must not be negative, but is -1")
        return object
      }
    })
    yield* informer.synced
    expect(names(informer)).toEqual(["good"])
    expect([...informer.parked]).toEqual([["default/bad", "Error: size must not be negative, but is -1"]])
    expect(logs.filter((it) => it.includes("default/bad is parked"))).toHaveLength(1)
    cluster.put(widgets, widget("good", {}, { spec: { size: -1 } }))
    yield* Effect.sleep(1)
    expect(informer.store.get("default", "good")?.spec?.size).toBe(1)
    cluster.put(widgets, widget("bad", {}, { spec: { size: 2 } }))
    cluster.put(widgets, widget("good", {}, { spec: { size: 3 } }))
    yield* Effect.sleep(1)
    expect(informer.parked.size).toBe(0)
    expect(informer.store.list().map((it) => it.spec?.size)).toEqual([3, 2])
    expect(informer.stats().parkings).toBe(2)
  }))
})

it("events without a usable object are counted and passed over", () => {
  simulate((cluster) => Effect.gen(function*() {
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* informer.synced
    const broken: ReadonlyArray<unknown> = [
      null, {}, { type: "ADDED" }, { type: "ADDED", object: {} }, { type: "ADDED", object: { metadata: { resourceVersion: 7 } } },
      { type: "MODIFIED", object: { metadata: { resourceVersion: "101" } } },
      { type: "MODIFIED", object: { metadata: { name: "x", resourceVersion: "101" } } }
    ]
    cluster.send(broken as never)
    cluster.put(widgets, widget("a"))
    yield* Effect.sleep(1)
    expect(names(informer)).toEqual(["a"])
    expect(informer.stats().parkings).toBe(7)
  }))
})

it("an index that throws parks the object", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.put(widgets, widget("a", { labels: { color: "red" } }))
    cluster.put(widgets, widget("b"))
    const informer = yield* Informer.make<Widget>({ resource: widgets, indexes: { color: (it) => [it.metadata.labels!["color"]!] } })
    yield* informer.synced
    expect(informer.store.byIndex("color", "red").map((it) => it.metadata.name)).toEqual(["a"])
    expect([...informer.parked.keys()]).toEqual(["default/b"])
  }))
})

it("a listener that throws is reported and the others still hear", () => {
  simulate((cluster, logs) => Effect.gen(function*() {
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* informer.synced
    const seen: Array<string> = []
    informer.subscribe(() => {
      throw new Error("boom")
    })
    informer.subscribe((change) => seen.push(line(change)))
    cluster.put(widgets, widget("a"))
    cluster.put(widgets, widget("b"))
    yield* Effect.sleep(1)
    expect(seen).toEqual(["Added a", "Added b"])
    expect(logs.filter((it) => it.includes("boom"))).toHaveLength(2)
  }))
})

it("a transport that dies is a failure like any other", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.put(widgets, widget("a"))
    cluster.rule = () => ({ die: "the wire is cut" })
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* Effect.sleep("10 seconds")
    cluster.rule = () => undefined
    yield* informer.synced
    expect(names(informer)).toEqual(["a"])
  }))
})

it("an older version of an object is never taken", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.put(widgets, widget("a", {}, { spec: { size: 1 } }))
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* informer.synced
    const old = informer.store.get("default", "a")!
    cluster.put(widgets, widget("a", {}, { spec: { size: 2 } }))
    cluster.send([{ type: "MODIFIED", object: old }, { type: "DELETED", object: old }])
    yield* Effect.sleep(1)
    expect(informer.store.get("default", "a")?.spec?.size).toBe(2)
  }))
})

it("a list older than what was seen is refused, until it is clear that history was rewound", () => {
  simulate((cluster, logs) => Effect.gen(function*() {
    cluster.version = 1000
    cluster.put(widgets, widget("a"))
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* informer.synced
    yield* Effect.sleep(5000)
    cluster.version = 50
    cluster.frozen = true
    cluster.remove(widgets, "default", "a")
    cluster.compact()
    cluster.send([{ type: "ERROR", object: expiredStatus }])
    cluster.endWatches()
    yield* Effect.sleep(1000)
    expect(names(informer)).toEqual(["a"])
    expect(logs.some((it) => it.includes("older than 1001"))).toBe(true)
    yield* Effect.sleep("2 minutes")
    expect(informer.store.version).toBe("51")
    expect(names(informer)).toEqual([])
  }))
})

it("refresh reads one object past a watch that lags, and events that come late do not undo it", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.put(widgets, widget("a", {}, { spec: { size: 1 } }))
    cluster.put(widgets, widget("b"))
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* informer.synced
    cluster.frozen = true
    cluster.put(widgets, widget("a", {}, { spec: { size: 2 } }))
    cluster.put(widgets, widget("b"))
    cluster.put(widgets, widget("a", {}, { spec: { size: 3 } }))
    cluster.remove(widgets, "default", "b")
    const seen: Array<string> = []
    informer.subscribe((change) => change.initial === true || seen.push(`${line(change)} ${change.object.spec?.size}`))
    yield* informer.refresh("default", "a")
    yield* informer.refresh("default", "b")
    expect(names(informer)).toEqual(["a"])
    cluster.thaw()
    expect(names(informer)).toEqual(["a"])
    expect(seen).toEqual(["Updated a 3", "Deleted b undefined"])
  }))
})

it("transforms decide what is kept", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.put(widgets, widget("a", { managedFields: [{}] }, { spec: { size: 1 } }))
    const whole = yield* Informer.make<Widget>({ resource: widgets })
    const metadata = yield* Informer.make<Widget>({ resource: widgets, metadataOnly: true })
    const frozen = yield* Informer.make<Widget>({ resource: widgets, transform: Transform.frozen })
    yield* Effect.all([whole.synced, metadata.synced, frozen.synced])
    expect(whole.store.list()).toMatchObject([{ spec: { size: 1 } }])
    expect(whole.store.list()[0]?.metadata.managedFields).toBeUndefined()
    expect(metadata.store.list()[0]).toEqual({
      apiVersion: "example.org/v1", kind: "Widget", metadata: { name: "a", namespace: "default", uid: "uid-101", resourceVersion: "101" }
    })
    expect(() => Object.assign(frozen.store.list()[0]!.spec!, { size: 2 })).toThrow(TypeError)
  }))
})

it("items of a list get the header that events have", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.put(widgets, { metadata: { name: "a", namespace: "default" } })
    const informer = yield* Informer.make<Widget>({ resource: widgets })
    yield* informer.synced
    expect(informer.store.list()[0]).toMatchObject({ apiVersion: "example.org/v1", kind: "Widget" })
  }))
})

it("selectors and the namespace reach the list and the watch", () => {
  simulate((cluster) => Effect.gen(function*() {
    cluster.put(widgets, widget("a", { labels: { app: "x" } }))
    cluster.put(widgets, widget("b", { labels: { app: "y" } }))
    cluster.put(widgets, widget("c", { labels: { app: "x" }, namespace: "other" }))
    const informer = yield* Informer.make<Widget>({ resource: widgets, namespace: "default", labelSelector: "app=x" })
    yield* informer.synced
    cluster.put(widgets, widget("d", { labels: { app: "x" } }))
    cluster.put(widgets, widget("e", { labels: { app: "y" } }))
    yield* Effect.sleep(1)
    expect(names(informer)).toEqual(["a", "d"])
  }))
})

it("closing the scope ends the watch", () => {
  simulate((cluster) => Effect.gen(function*() {
    yield* Effect.scoped(Effect.gen(function*() {
      const informer = yield* Informer.make<Widget>({ resource: widgets })
      yield* informer.synced
      yield* Effect.sleep(1)
      expect(cluster.watcherCount).toBe(1)
    }))
    expect(cluster.watcherCount).toBe(0)
  }))
})
