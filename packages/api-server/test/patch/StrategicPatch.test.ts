import { assert, constantFrom, property, record, uniqueArray } from "fast-check"
import { describe, expect, it } from "vitest"
import * as Builtin from "../../src/builtin/Builtin.ts"
import { PatchError } from "../../src/patch/PatchError.ts"
import { strategicPatch } from "../../src/patch/StrategicPatch.ts"

const schema = Builtin.schemaOf("", "v1", "Pod")!

interface Pod {
  readonly metadata?: object
  readonly spec: { readonly [field: string]: unknown }
}

const pod = (spec: object, metadata: object = { name: "p" }): Record<string, unknown> => ({ apiVersion: "v1", kind: "Pod", metadata, spec })

const patched = (current: Record<string, unknown>, patch: object): Pod => {
  const result = strategicPatch(current, patch as Record<string, unknown>, schema)
  if (result instanceof PatchError) throw new Error(result.message)
  return result as unknown as Pod
}

const containers = [{ name: "a", image: "1", env: [{ name: "X", value: "1" }] }, { name: "b", image: "1" }]

describe("strategicPatch", () => {
  it.each([
    ["merges items with the same key", { spec: { containers: [{ name: "b", image: "2" }] } }, [containers[0], { name: "b", image: "2" }]],
    ["puts items with a new key first", { spec: { containers: [{ name: "c", image: "1" }] } }, [{ name: "c", image: "1" }, ...containers]],
    ["deletes items by a directive", { spec: { containers: [{ name: "a", $patch: "delete" }] } }, [containers[1]]],
    ["replaces a list by a directive", { spec: { containers: [{ name: "z", image: "1" }, { $patch: "replace" }] } }, [{ name: "z", image: "1" }]],
    ["removes a field by null", { spec: { containers: [{ name: "a", env: null }] } }, [{ name: "a", image: "1" }, containers[1]]],
    [
      "merges lists inside of items",
      { spec: { containers: [{ name: "a", env: [{ name: "Y", value: "2" }] }] } },
      [{ ...containers[0], env: [{ name: "Y", value: "2" }, { name: "X", value: "1" }] }, containers[1]]
    ],
    [
      "puts a new item behind the rest where it takes the room of a deleted one",
      { spec: { containers: [{ name: "a", $patch: "delete" }, { name: "c", image: "1" }], "$setElementOrder/containers": [{ name: "c" }] } },
      [containers[1], { name: "c", image: "1" }]
    ],
    ["puts items in the order that is asked for", { spec: { "$setElementOrder/containers": [{ name: "b" }, { name: "a" }] } }, [containers[1], containers[0]]]
  ])("%s", (_, patch, expected) => {
    const current = pod({ containers })
    const before = structuredClone(current)
    expect(patched(current, patch).spec["containers"]).toEqual(expected)
    expect(current).toEqual(before)
  })

  it("keeps only the named sources of a volume", () => {
    const current = pod({ containers, volumes: [{ name: "v", emptyDir: {} }] })
    const patch = { spec: { volumes: [{ name: "v", $retainKeys: ["name", "configMap"], configMap: { name: "m" } }] } }
    expect(patched(current, patch).spec["volumes"]).toEqual([{ name: "v", configMap: { name: "m" } }])
  })

  it("adds and removes single values of lists that are merged", () => {
    const current = pod({ containers }, { name: "p", finalizers: ["x/a", "x/b"] })
    expect(patched(current, { metadata: { finalizers: ["x/c"] } }).metadata).toEqual({ name: "p", finalizers: ["x/c", "x/a", "x/b"] })
    expect(patched(current, { metadata: { "$deleteFromPrimitiveList/finalizers": ["x/a"] } }).metadata).toEqual({ name: "p", finalizers: ["x/b"] })
  })

  it("turns new items around that the order does not name, as the original does", () => {
    const patch = { spec: { volumes: [{ name: "v" }, { name: "w" }], "$setElementOrder/volumes": [] } }
    expect(patched(pod({ containers }), patch).spec["volumes"]).toEqual([{ name: "w" }, { name: "v" }])
  })

  it("replaces a map by a directive", () => {
    const current = pod({ containers, nodeSelector: { a: "1", b: "2" } })
    expect(patched(current, { spec: { nodeSelector: { $patch: "replace", c: "3" } } }).spec["nodeSelector"]).toEqual({ c: "3" })
  })

  it.each([
    ["an item has no key", { spec: { containers: [{ image: "2" }] } }, 500, "map: map[image:2] does not contain declared merge key: name"],
    ["a directive is unknown", { spec: { containers: [{ name: "a", $patch: "drop" }] } }, 500, "unknown patch type: drop in map: map[$patch:drop name:a]"],
    ["a directive is no text", { spec: { containers: [{ name: "a", $patch: 5 }] } }, 500, "unknown patch type: %!s(int64=5) in map: map[$patch:5 name:a]"],
    ["a directive is null", { spec: { containers: [{ name: "a", $patch: null }] } }, 500, "unknown patch type: %!s(<nil>) in map: map[$patch:<nil> name:a]"]
  ])("refuses when %s", (_, patch, code, message) => {
    const result = strategicPatch(pod({ containers }), patch, schema)
    expect(result).toBeInstanceOf(PatchError)
    expect([(result as PatchError).code, (result as PatchError).message]).toEqual([code, message])
  })

  it("gives the object itself for a patch that says nothing", () => {
    const current = pod({ containers })
    expect(patched(current, {})).toBe(current)
  })

  it("shares what it does not touch", () => {
    const current = pod({ containers })
    const next = patched(current, { metadata: { labels: { a: "b" } } })
    expect(next.spec).toBe(current["spec"])
  })

  it("puts new items in front of those that are there", () => {
    const current = { status: { conditions: [{ type: "a", status: "True" }] } }
    const patch = { status: { conditions: [{ type: "b", status: "False" }, { type: "c", status: "False" }] } }
    expect(strategicPatch(current, patch, schema)).toEqual({ status: { conditions: [...patch.status.conditions, ...current.status.conditions] } })
  })

  it("comes to the same end when it is applied twice", () => {
    const item = record({ name: constantFrom("a", "b", "c"), image: constantFrom("1", "2") })
    const list = uniqueArray(item, { selector: ({ name }) => name, maxLength: 3 })
    assert(property(list, list, (now, wanted) => {
      const once = patched(pod({ containers: now }), { spec: { containers: wanted } })
      expect(patched(once as unknown as Record<string, unknown>, { spec: { containers: wanted } })).toEqual(once)
      const byName = new Map([...now, ...wanted].map((one) => [one.name, one]))
      expect(new Map((once.spec["containers"] as typeof now).map((one) => [one.name, one]))).toEqual(byName)
    }))
  })
})
