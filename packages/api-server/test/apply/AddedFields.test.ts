import { array, assert, constantFrom, property, record } from "fast-check"
import { describe, expect, it } from "vitest"
import { addedFields } from "../../src/apply/AddedFields.ts"
import { compare } from "../../src/apply/Compare.ts"
import * as Builtin from "../../src/builtin/Builtin.ts"

const spec = Builtin.schemaOf("", "v1", "Pod")!.child("spec")!

const podSpec = (names: ReadonlyArray<string>, image: string): object => ({ containers: names.map((name) => ({ name, image, env: [{ name: "A", value: image }] })) })

describe("addedFields", () => {
  it("names every path, in order", () => {
    const added = addedFields(spec, { nodeSelector: { z: "1" }, containers: [{ name: "c", image: "i", args: ["x"] }], hostNetwork: true })
    expect(JSON.stringify(added)).toBe(JSON.stringify({
      ".": {},
      "f:containers": { ".": {}, "k:{\"name\":\"c\"}": { ".": {}, "f:args": {}, "f:image": {}, "f:name": {} } },
      "f:hostNetwork": {},
      "f:nodeSelector": {}
    }))
  })

  it("gives values of the same form the very same set", () => {
    expect(addedFields(spec, podSpec(["a"], "1"))).toBe(addedFields(spec, podSpec(["a"], "2")))
  })

  it("owns items with the same key as one", () => {
    const added = addedFields(spec, podSpec(["a", "a"], "1"))
    expect(added["f:containers"]).toEqual({ ".": {}, "k:{\"name\":\"a\"}": {} })
  })

  it("finds the same when another part is compared along with it", () => {
    const names = array(constantFrom("a", "b", "c"), { maxLength: 4 })
    assert(property(record({ names, image: constantFrom("1", "2") }), ({ names: list, image }) => {
      const value = podSpec(list, image)
      expect(compare(spec, { hostNetwork: true }, { hostNetwork: true, ...value })).toEqual({
        removed: {}, modified: {}, added: { "f:containers": addedFields(spec, value)["f:containers"] }
      })
    }))
  })
})
