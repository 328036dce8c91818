import { describe, expect, it } from "vitest"
import { KubeError, type KubeList, type KubeObject, type WatchEvent } from "@fairlead/kube"
import { initialState, nextCall, onEnd, onEvents, onPage, type ReflectorOptions, type ReflectorSink, type ReflectorState } from "../../src/internal/reflectorState.ts"
import { expired, statusError, unavailable } from "../support/clusterFake.ts"

const options: ReflectorOptions = { labelSelector: "a=b", fieldSelector: undefined, pageSize: 500, watchSeconds: 290, consistency: "Latest" }

const recorder = (): ReflectorSink & { readonly heard: Array<string> } => {
  const heard: Array<string> = []
  return {
    heard,
    upsert: (it) => heard.push(`upsert ${it.metadata.name}`),
    remove: (it) => heard.push(`remove ${it.metadata.name}`),
    replace: (objects, version) => heard.push(`replace ${objects.map((it) => it.metadata.name)} at ${version}`),
    advance: (version) => heard.push(`advance ${version}`),
    malformed: (description) => heard.push(description)
  }
}

const object = (name: string, version: string): KubeObject => ({ metadata: { name, resourceVersion: version } })
const page = (version: string, names: ReadonlyArray<string>, token?: string): KubeList => ({
  metadata: { resourceVersion: version, ...(token === undefined ? {} : { continue: token }) },
  items: names.map((it) => object(it, version))
})
const bookmark = (version: string, annotations: { readonly [key: string]: string } = {}): WatchEvent => ({ type: "BOOKMARK", object: { metadata: { resourceVersion: version, annotations } } })
const endOfInitial = (version: string): WatchEvent => bookmark(version, { "k8s.io/initial-events-end": "true" })

const watching = (version = "100"): ReflectorState => ({ ...initialState("Pages"), phase: { _tag: "Watching", version }, seen: version })

describe("nextCall", () => {
  it.each<[string, ReflectorState, ReflectorOptions, string, object]>([
    ["pages from the newest state", initialState("Pages"), options, "list", { limit: "500", resourceVersion: undefined }],
    ["pages from the cache of the server", initialState("Pages"), { ...options, consistency: "Cached" }, "list", { limit: "500", resourceVersion: "0", resourceVersionMatch: "NotOlderThan" }],
    ["never pages from a cache older than what was seen", { ...initialState("Pages"), seen: "77" }, { ...options, consistency: "Cached" }, "list", { resourceVersion: "77" }],
    ["the next page by its token alone", { ...initialState("Pages"), phase: { _tag: "InitPage", token: "t", items: [] } }, options, "list", { continue: "t", limit: "500" }],
    ["one piece after a token has expired", { ...initialState("Pages"), unpaged: true }, options, "list", { limit: undefined }],
    ["a watch with the initial events", initialState("WatchList"), options, "watch", { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan", allowWatchBookmarks: "true" }],
    ["a watch from the last version", watching(), options, "watch", { resourceVersion: "100", allowWatchBookmarks: "true", timeoutSeconds: "290" }]
  ])("asks for %s", (_, state, with_, verb, query) => {
    const call = nextCall(state, with_)
    expect(call.verb).toBe(verb)
    expect(call.query).toMatchObject({ labelSelector: "a=b", ...query })
  })
})

describe("onPage", () => {
  it("collects pages and replaces once, at the version of the last", () => {
    const sink = recorder()
    const first = onPage(initialState("Pages"), page("90", ["a", "b"], "t"), sink, 0)
    expect(first.state.phase).toMatchObject({ _tag: "InitPage", token: "t" })
    expect(sink.heard).toEqual([])
    const second = onPage(first.state, page("90", ["c"]), sink, 0)
    expect(sink.heard).toEqual(["replace a,b,c at 90"])
    expect(second.state.phase).toEqual({ _tag: "Watching", version: "90" })
  })

  it("refuses a list without a version", () => {
    const sink = recorder()
    const verdict = onPage(initialState("Pages"), { metadata: {}, items: [] }, sink, 0)
    expect(verdict).toMatchObject({ state: { phase: { _tag: "Empty" } }, delayMillis: 800, report: "the list has no metadata.resourceVersion to watch from" })
    expect(sink.heard).toEqual([])
  })
})

describe("onEvents", () => {
  it("hands events on in order and moves to the version of the last", () => {
    const sink = recorder()
    const state = onEvents(watching(), [
      { type: "ADDED", object: object("a", "101") }, { type: "MODIFIED", object: object("a", "102") }, { type: "DELETED", object: object("a", "103") }, bookmark("110")
    ], sink)
    expect(sink.heard).toEqual(["upsert a", "upsert a", "remove a", "advance 110"])
    expect(state.phase).toEqual({ _tag: "Watching", version: "110" })
  })

  it("keeps what came before an error, and the error for the end", () => {
    const sink = recorder()
    const state = onEvents(watching(), [{ type: "ADDED", object: object("a", "101") }, { type: "ERROR", object: (expired().reason as never as { readonly status: never }).status }], sink)
    expect(sink.heard).toEqual(["upsert a", "advance 101"])
    expect(onEnd(state, { _tag: "Ended", lastedMillis: 5000 }, 1e6)).toMatchObject({ state: { phase: { _tag: "Empty" }, relists: 1, streamError: undefined }, delayMillis: 0 })
  })

  it("gathers initial events until their end bookmark", () => {
    const sink = recorder()
    const before = onEvents(initialState("WatchList"), [
      { type: "ADDED", object: object("a", "50") }, { type: "ADDED", object: object("b", "60") }, bookmark("70"), { type: "MODIFIED", object: object("a", "80") }, { type: "DELETED", object: object("b", "81") }
    ], sink)
    expect(sink.heard).toEqual([])
    const after = onEvents(before, [endOfInitial("90"), { type: "ADDED", object: object("c", "91") }], sink)
    expect(sink.heard).toEqual(["replace a at 90", "upsert c", "advance 91"])
    expect(after.phase).toEqual({ _tag: "Watching", version: "91" })
  })

  it("passes over what is no event", () => {
    const sink = recorder()
    onEvents(watching(), [null, {}, { type: "ADDED" }] as never, sink)
    expect(sink.heard).toHaveLength(3)
    expect(sink.heard[0]).toBe("a undefined event without an object that has metadata.resourceVersion")
  })
})

describe("onEnd", () => {
  const now = 1_000_000
  it.each<[string, ReflectorState, Parameters<typeof onEnd>[1], object]>([
    ["a watch that ends in its time is opened again at once", watching(), { _tag: "Ended", lastedMillis: 290_000 }, { delayMillis: 0, state: { phase: { _tag: "Watching" }, failures: 0 } }],
    ["a watch that ends at once counts as a failure", watching(), { _tag: "Ended", lastedMillis: 3 }, { delayMillis: 800, state: { phase: { _tag: "Watching" }, failures: 1 } }],
    ["silence opens the watch again", watching(), { _tag: "Idle" }, { delayMillis: 0, state: { phase: { _tag: "Watching" } } }],
    ["a failure keeps the version", watching(), { _tag: "Failed", error: unavailable() }, { delayMillis: 800, state: { phase: { _tag: "Watching", version: "100" } } }],
    ["failures in a row wait longer", { ...watching(), failures: 3, failedAt: now - 1000 }, { _tag: "Failed", error: unavailable() }, { delayMillis: 6400 }],
    ["but not for ever", { ...watching(), failures: 30, failedAt: now - 1000 }, { _tag: "Failed", error: unavailable() }, { delayMillis: 30_000 }],
    ["after two healthy minutes the wait starts over", { ...watching(), failures: 9, failedAt: now - 120_001 }, { _tag: "Failed", error: unavailable() }, { delayMillis: 800, state: { failures: 1 } }],
    ["410 lists again at once", watching(), { _tag: "Failed", error: expired() }, { delayMillis: 0, state: { phase: { _tag: "Empty" }, relists: 1 } }],
    ["410 in a row waits", { ...watching(), failures: 1, failedAt: now - 1000 }, { _tag: "Failed", error: expired() }, { delayMillis: 1600, state: { phase: { _tag: "Empty" } } }],
    ["a page that fails is asked for again", { ...initialState("Pages"), phase: { _tag: "InitPage", token: "t", items: [] } }, { _tag: "Failed", error: unavailable() }, { state: { phase: { _tag: "InitPage" } } }],
    ["an expired token starts over in one piece", { ...initialState("Pages"), phase: { _tag: "InitPage", token: "t", items: [] } }, { _tag: "Failed", error: expired() }, { state: { phase: { _tag: "Empty" }, unpaged: true, relists: 0 } }],
    ["refused initial events fall back to pages", initialState("WatchList"), { _tag: "Failed", error: statusError(422, "Invalid") }, { delayMillis: 0, state: { phase: { _tag: "Empty" }, initial: "Pages" } }],
    ["initial events that stop early fall back to pages", { ...initialState("WatchList"), phase: { _tag: "InitWatch", objects: new Map() } }, { _tag: "Ended", lastedMillis: 5000 }, { state: { initial: "Pages" } }],
    ["initial events that fail are asked for again", { ...initialState("WatchList"), phase: { _tag: "InitWatch", objects: new Map() } }, { _tag: "Failed", error: unavailable() }, { delayMillis: 800, state: { phase: { _tag: "Empty" }, initial: "WatchList" } }],
    ["Retry-After is waited for", watching(), { _tag: "Failed", error: statusError(429, "TooManyRequests", "slow", 7) }, { delayMillis: 7000 }]
  ])("%s", (_, state, end, verdict) => {
    expect(onEnd(state, end, now)).toMatchObject(verdict)
  })

  it("keeps the error for the log", () => {
    expect(onEnd(watching(), { _tag: "Failed", error: unavailable() }, now).report).toBeInstanceOf(KubeError.KubeError)
  })
})
