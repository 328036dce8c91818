import { describe, expect, it } from "vitest"
import { NameMap, RequestMap } from "../src/index.ts"

describe("NameMap", () => {
  it("tells namesakes of several namespaces and of the cluster apart", () => {
    const map = new NameMap<number>()
    map.set("a", "x", 1)
    map.set("b", "x", 2)
    map.set(undefined, "x", 3)
    expect([map.get("a", "x"), map.get("b", "x"), map.get("", "x"), map.get("c", "x"), map.size]).toEqual([1, 2, 3, undefined, 3])
    expect([map.delete("a", "x"), map.delete("a", "x"), map.get("a", "x"), map.get("b", "x"), map.size]).toEqual([true, false, undefined, 2, 2])
  })

  it("counts a key once that is set again", () => {
    const map = new NameMap<number>()
    map.set("a", "x", 1)
    map.set("a", "x", 2)
    expect([map.get("a", "x"), map.size]).toEqual([2, 1])
  })

  it("goes on with namespaces that were emptied, however many there were", () => {
    const map = new NameMap<number>()
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 200; i++) map.set(`n${i}`, "x", i)
      expect([map.get("n7", "x"), map.size]).toEqual([7, 200])
      for (let i = 0; i < 200; i++) map.delete(`n${i}`, "x")
      expect([map.get("n7", "x"), map.size]).toEqual([undefined, 0])
    }
  })
})

it("RequestMap takes requests that name the same object for the same", () => {
  const map = new RequestMap<number>()
  map.set({ namespace: "a", name: "x" }, 1)
  expect([map.get({ namespace: "a", name: "x" }), map.get({ name: "x" }), map.size]).toEqual([1, undefined, 1])
  expect([map.delete({ namespace: "a", name: "x" }), map.size]).toEqual([true, 0])
})
