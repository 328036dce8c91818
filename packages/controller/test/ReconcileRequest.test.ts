import { describe, expect, it } from "vitest"
import { fromKey, keyOf, namespaceOfKey } from "../src/ReconcileRequest.ts"

describe("keyOf", () => {
  it("is the name alone for objects of the cluster", () => {
    expect(keyOf(undefined, "node")).toBe("node")
    expect(keyOf("", "node")).toBe("node")
  })

  it("holds both parts", () => {
    expect([keyOf("a", "x"), keyOf("b", "x")]).toEqual(["a/x", "b/x"])
  })

  it("is read back by fromKey", () => {
    expect(fromKey(keyOf("a", "x"))).toEqual({ namespace: "a", name: "x" })
    expect(fromKey("node")).toEqual({ namespace: undefined, name: "node" })
    expect([namespaceOfKey("a/x"), namespaceOfKey("node")]).toEqual(["a", ""])
  })
})
