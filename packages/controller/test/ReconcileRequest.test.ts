import { describe, expect, it } from "vitest"
import { fromKey, keyOf, namespaceOfKey } from "../src/ReconcileRequest.ts"

describe("keyOf", () => {
  it("is the name alone for objects of the cluster", () => {
    expect(keyOf(undefined, "node")).toBe("node")
    expect(keyOf("", "node")).toBe("node")
  })

  it("holds both parts, apart for every namespace, however often it is asked", () => {
    for (const _again of [1, 2]) {
      expect(keyOf("a", "x")).toBe("a/x")
      expect(keyOf("b", "x")).toBe("b/x")
    }
  })

  it("stays right beyond what is remembered", () => {
    const names = Array.from({ length: 50_000 }, (_, index) => `n${index}`)
    for (const name of names) keyOf("many", name)
    expect(names.filter((name) => keyOf("many", name) !== `many/${name}`)).toEqual([])
    expect(keyOf("a", "x")).toBe("a/x")
  })

  it("is read back by fromKey", () => {
    expect(fromKey(keyOf("a", "x"))).toEqual({ namespace: "a", name: "x" })
    expect(fromKey("node")).toEqual({ namespace: undefined, name: "node" })
    expect([namespaceOfKey("a/x"), namespaceOfKey("node")]).toEqual(["a", ""])
  })
})
