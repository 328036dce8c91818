import { expect, it } from "vitest"
import { makeRecentLaunches } from "../../src/internal/recentLaunches.ts"

const object = (name: string) => ({ metadata: { namespace: "ns", name } })

it("finds what was created until it is too old, or forgotten", () => {
  const recent = makeRecentLaunches(100, 1000)
  recent.created(object("a"), 0)
  expect(recent.find("ns", "a", 100)).toEqual(object("a"))
  expect(recent.find("ns", "a", 101)).toBeUndefined()
  expect(recent.find("other", "a", 0)).toBeUndefined()
  recent.created(object("a"), 200)
  recent.forget("ns", "a")
  expect(recent.find("ns", "a", 200)).toBeUndefined()
})

it("remembers the last refusal until the object is created", () => {
  const recent = makeRecentLaunches(100, 1000)
  recent.refused("ns", "a", 5)
  recent.refused("ns", "a", 7)
  expect(recent.refusedAt("ns", "a")).toBe(7)
  recent.created(object("a"), 8)
  expect(recent.refusedAt("ns", "a")).toBeUndefined()
})

it("keeps no more refusals than came within its time", () => {
  const recent = makeRecentLaunches(100, 1000)
  for (let now = 0; now <= 5000; now += 10) recent.refused("ns", `x${now}`, now)
  expect(recent.refusedAt("ns", "x3990")).toBeUndefined()
  expect(recent.refusedAt("ns", "x4000")).toBe(4000)
})

it("forgets what the cache shows, and takes nothing that was not created here for it", () => {
  const recent = makeRecentLaunches(100, 1000)
  const made = { metadata: { namespace: "ns", name: "a", uid: "1" } }
  recent.created(made, 0)
  recent.seen({ metadata: { namespace: "ns", name: "a", uid: "0" } })
  expect(recent.find("ns", "a", 0)).toBe(made)
  recent.seen(made)
  expect(recent.find("ns", "a", 0)).toBeUndefined()
  recent.refused("ns", "b", 0)
  recent.seen({ metadata: { namespace: "ns", name: "b", uid: "2" } })
  expect(recent.refusedAt("ns", "b")).toBeUndefined()
})
