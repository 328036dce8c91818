import type { Event } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { makeObjectEventLog } from "../src/ObjectEvents.ts"
import * as PodPlugin from "../src/PodPlugin.ts"
import { at, epoch } from "./support/fixtures.ts"
import { makeWorld } from "./support/world.ts"

const event = (uid: string, note: string, second: number, more: object = {}): Event =>
  ({ metadata: { name: `${note}.${second}`, namespace: "flyte", uid: `${note}-${second}` }, regarding: { uid }, note, deprecatedLastTimestamp: at(second), ...more }) as never

describe("the event log", () => {
  it("tells what came after a cursor, in order of arrival", () => {
    const log = makeObjectEventLog()
    log.record(event("p", "Scheduled", 1))
    log.record(event("p", "Pulled", 2))
    log.record(event("q", "other", 3))
    const [first, second] = log.since("p", 0)
    expect([first, second]).toMatchObject([{ reason: "Scheduled", at: epoch + 1000 }, { reason: "Pulled", at: epoch + 2000 }])
    expect(log.since("p", first!.cursor)).toEqual([second])
    expect(log.since("p", second!.cursor)).toEqual([])
  })

  it("loses neither events of the same second nor late ones", () => {
    const log = makeObjectEventLog()
    log.record(event("p", "a", 5))
    const cursor = log.since("p", 0).at(-1)!.cursor
    log.record(event("p", "b", 5))
    log.record(event("p", "late", 1))
    expect(log.since("p", cursor).map((it) => it.reason)).toEqual(["b", "late"])
  })

  it("tells a repeated event again, once", () => {
    const log = makeObjectEventLog()
    log.record(event("p", "BackOff", 1, { metadata: { uid: "e" } }))
    const cursor = log.since("p", 0).at(-1)!.cursor
    log.record(event("p", "BackOff", 1, { metadata: { uid: "e" }, series: { count: 2, lastObservedTime: at(9) } }))
    expect(log.since("p", cursor)).toMatchObject([{ at: epoch + 9000 }])
    expect(log.since("p", 0)).toHaveLength(1)
  })

  it("keeps the newest events of the objects that had events last", () => {
    const log = makeObjectEventLog({ perObject: 2, objects: 2 })
    for (const note of ["a", "b", "c"]) log.record(event("p", note, 1))
    expect(log.since("p", 0).map((it) => it.reason)).toEqual(["b", "c"])
    log.record(event("q", "x", 1))
    log.record(event("r", "x", 1))
    expect([log.size(), log.since("p", 0)]).toEqual([2, []])
  })

  it("forgets objects on request, and passes over events about nothing", () => {
    const log = makeObjectEventLog()
    log.record(event("p", "a", 1))
    log.forget("p")
    log.record({ metadata: {} } as never)
    log.record(event("p", "never", 1, { deprecatedLastTimestamp: "never" }))
    expect(log.size()).toBe(0)
  })
})

describe("events of a launched object", () => {
  it("become additional reasons of its phase, each once, with a version of their own", () => {
    const events = makeObjectEventLog()
    const world = makeWorld()
    const task = world.runner(PodPlugin.make(), { events })
    task.handle()
    world.sync()
    const { uid } = world.objects()[0]!.metadata
    events.record(event(uid!, "Successfully assigned", 3))
    expect(task.handle().phase).toMatchObject({ version: 1, info: { additionalReasons: [{ reason: "Successfully assigned", occurredAt: epoch + 3000 }] } })
    const again = task.handle()
    expect(again.phase).toMatchObject({ version: 1, info: { additionalReasons: [] } })
    expect(again.state).toBeUndefined()
  })

  it("are forgotten with the object", () => {
    const events = makeObjectEventLog()
    const world = makeWorld()
    const task = world.runner(PodPlugin.make(), { events })
    task.handle()
    events.record(event(world.objects()[0]!.metadata.uid!, "a", 1))
    task.finalize()
    expect(events.size()).toBe(0)
  })
})
