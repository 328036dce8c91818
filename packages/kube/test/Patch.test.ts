import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Patch from "../src/Patch.ts"

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value)

/** RFC 7386, as written there. */
const applyMerge = (target: unknown, patch: unknown): unknown => {
  if (!isObject(patch)) return patch
  const result = new Map(Object.entries(isObject(target) ? target : {}))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key)
    else result.set(key, applyMerge(result.get(key), value))
  }
  return Object.fromEntries(result)
}

/** RFC 6902 for paths through objects. */
const applyOperation = (target: unknown, operation: Patch.JsonPatchOperation): unknown => {
  const segments = operation.path.split("/").slice(1).map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"))
  const step = (value: unknown, depth: number): unknown => {
    if (!isObject(value)) throw new Error(`no object at ${operation.path}`)
    const entries = new Map(Object.entries(value))
    const key = segments[depth]!
    if (depth < segments.length - 1) entries.set(key, step(entries.get(key), depth + 1))
    else if (operation.op === "remove") {
      if (!entries.delete(key)) throw new Error(`nothing to remove at ${operation.path}`)
    } else {
      if (entries.has(key) !== (operation.op === "replace")) throw new Error(`${operation.op} at ${operation.path} does not fit`)
      entries.set(key, operation.value)
    }
    return Object.fromEntries(entries)
  }
  return step(target, 0)
}

const key = fc.constantFrom("a", "b", "c/d", "e~f", "__proto__", "constructor", "")
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<unknown>(0, 1, "x", "", true, false),
    fc.array(fc.constantFrom<unknown>(1, "x", { n: 1 }), { maxLength: 2 }),
    fc.dictionary(key, tie("tree"), { maxKeys: 4, noNullPrototype: true })
  )
}))
const object = fc.dictionary(key, tree, { maxKeys: 4, noNullPrototype: true })

describe("Patch.mergePatch", () => {
  it("names only what changed", () => {
    const from = { status: { phase: "Running", version: 1, list: [1, 2], same: { a: 1 } } }
    const to = { status: { phase: "Succeeded", list: [1], same: { a: 1 }, added: { b: 2 } } }
    expect(Patch.mergePatch(from, to)).toEqual({ status: { phase: "Succeeded", version: null, list: [1], added: { b: 2 } } })
  })

  it("gives none when nothing changed, whatever the order of keys", () => {
    expect(Patch.mergePatch({ a: 1, b: { c: [{ d: 1, e: 2 }] } }, { b: { c: [{ e: 2, d: 1 }] }, a: 1, f: undefined })).toBeUndefined()
  })

  it("counts undefined and null as not there", () => {
    expect(Patch.mergePatch({ a: 1, b: 2 }, { a: undefined, b: null })).toEqual({ a: null, b: null })
    expect(Patch.mergePatch({ a: null }, { a: undefined, b: { c: null, d: 1 } })).toEqual({ b: { d: 1 } })
  })

  it("replaces an object by something else and the other way round", () => {
    expect(Patch.mergePatch({ a: { b: 1 }, c: 1 }, { a: [1], c: { d: 1 } })).toEqual({ a: [1], c: { d: 1 } })
  })

  it("empties an object member by member", () => {
    expect(Patch.mergePatch({ a: { b: 1 } }, { a: {} })).toEqual({ a: { b: null } })
    expect(Patch.mergePatch({}, { a: {} })).toEqual({ a: {} })
  })

  it("turns one object into any other", () => {
    fc.assert(fc.property(object, object, (from, to) => {
      expect(applyMerge(from, Patch.mergePatch(from, to) ?? {})).toEqual(to)
    }))
  })
})

describe("Patch.statusPatch", () => {
  it("holds the status alone", () => {
    expect(Patch.statusPatch({ status: { phase: "Queued" } }, { status: { phase: "Running" } })).toEqual({ status: { phase: "Running" } })
    expect(Patch.statusPatch({}, { status: { phase: "Running" } })).toEqual({ status: { phase: "Running" } })
    expect(Patch.statusPatch({}, {})).toBeUndefined()
  })
})

describe("Patch.locked", () => {
  it("adds the identity and the version of the object that was read", () => {
    const read = { metadata: { name: "a", uid: "u", resourceVersion: "7" } }
    expect(Patch.locked({ metadata: { finalizers: [] } }, read)).toEqual({ metadata: { finalizers: [], uid: "u", resourceVersion: "7" } })
    expect(Patch.locked({ spec: 1 }, { metadata: {} })).toEqual({ spec: 1, metadata: {} })
  })
})

describe("Patch.jsonPatch", () => {
  it("names only what changed", () => {
    expect(Patch.jsonPatch({ a: 1, b: { c: 1, d: [1] } }, { b: { c: 2, d: [1], "x/y": null } })).toEqual([
      { op: "remove", path: "/a" },
      { op: "replace", path: "/b/c", value: 2 },
      { op: "add", path: "/b/x~1y", value: null }
    ])
  })

  it("turns one object into any other", () => {
    fc.assert(fc.property(object, object, (from, to) => {
      expect(Patch.jsonPatch(from, to).reduce<unknown>(applyOperation, from)).toEqual(to)
    }))
  })
})

describe("Patch.pointer", () => {
  it("escapes what means something in a path", () => {
    expect(Patch.pointer("metadata", "labels", "a/b~c", 0)).toBe("/metadata/labels/a~1b~0c/0")
    expect(Patch.pointer()).toBe("")
  })
})
