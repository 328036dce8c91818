import type { WatchEvent } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { makeServer } from "../makeServer.ts"

const summary = ({ type, object }: WatchEvent): string => `${type} ${(object as { metadata: { name?: string } }).metadata.name ?? ""}`

const watching = (query: Record<string, string>) => {
  const made = makeServer()
  const events: Array<WatchEvent> = []
  let ended = false
  const open = () => made.server.watch({ ...made.configMaps, namespace: "default", query }, { onEvents: (batch) => events.push(...batch), onEnd: () => (ended = true) })
  return { ...made, events, open, ended: () => ended }
}

describe("Watch", () => {
  it("an object comes and goes with the selection", () => {
    const { call, create, open, events } = watching({ labelSelector: "x=y" })
    create("a", { labels: { x: "n" } })
    open()
    const label = (x: string | null) => call("patch", { name: "a", patchType: "merge", body: { metadata: { labels: { x } } } })
    label("y")
    label(null)
    label("y")
    call("delete", { name: "a" })
    expect(events.map(summary)).toEqual(["ADDED a", "DELETED a", "ADDED a", "DELETED a"])
    expect((events[1]!.object as { metadata: { labels?: object } }).metadata.labels).toEqual({ x: "y" })
  })

  it("bookmarks come every minute to those who asked, and the watch ends by its timeout", () => {
    const { create, open, events, time, ended } = watching({ allowWatchBookmarks: "true", timeoutSeconds: "150" })
    open()
    create("a")
    time.advance(149_000)
    expect(events.map(summary)).toEqual(["BOOKMARK ", "ADDED a", "BOOKMARK ", "BOOKMARK ", "BOOKMARK "])
    expect(ended()).toBe(false)
    time.advance(1_000)
    expect(ended()).toBe(true)
    create("b")
    expect(events).toHaveLength(5)
  })

  it("a watch from a forgotten version gets one error and ends", () => {
    const { server, create, open, events, ended } = watching({ resourceVersion: "1" })
    create("a")
    server.compact(server.revision())
    expect(open()).toMatchObject({ opened: true })
    expect(events).toMatchObject([{ type: "ERROR", object: { code: 410, reason: "Expired" } }])
    expect(ended()).toBe(true)
  })

  it("a closed watch hears nothing more and is not told of its end", () => {
    const { create, open, events, time, ended } = watching({})
    const answer = open()
    if (answer.opened) answer.close()
    create("a")
    time.advance(7_200_000)
    expect([events, ended()]).toEqual([[], false])
  })

  it("a watch opened in the middle of a change does not hear that change twice", () => {
    const { server, create, configMaps } = makeServer()
    const inner: Array<WatchEvent> = []
    server.watch({ ...configMaps, namespace: "default" }, {
      onEvents: () => void server.watch({ ...configMaps, namespace: "default" }, { onEvents: (batch) => inner.push(...batch), onEnd: () => undefined }),
      onEnd: () => undefined
    })
    create("a")
    expect(inner.map(summary)).toEqual(["ADDED a"])
  })
})
