import { array, assert, constantFrom, property } from "fast-check"
import { describe, expect, it } from "vitest"
import {
  difference, differenceBelow, empty, has, intersection, intersects, isEmpty, isMember, ofPaths, unionRoot, type FieldSet
} from "../../src/apply/FieldSet.ts"

type Path = ReadonlyArray<string>

/** All paths of a set, as texts. */
const pathsOf = (set: FieldSet, prefix: Path = []): ReadonlyArray<string> =>
  Object.keys(set).flatMap((key) => {
    if (key === ".") return []
    const path = [...prefix, key]
    const node = set[key]!
    return [...(isMember(node) ? [path.join("/")] : []), ...pathsOf(node, path)]
  })

const sorted = (paths: Iterable<string>): ReadonlyArray<string> => [...paths].sort()
const path = array(constantFrom("f:a", "f:b", "k:{\"name\":\"c\"}"), { minLength: 1, maxLength: 4 })
const paths = array(path, { maxLength: 8 })

describe("FieldSet", () => {
  it("holds the paths of which it was made", () => {
    assert(property(paths, (list) => {
      const set = ofPaths(...list)
      expect(sorted(pathsOf(set))).toEqual(sorted(new Set(list.map((one) => one.join("/")))))
      for (const one of list) expect(has(set, one)).toBe(true)
    }))
  })

  it("joins, subtracts and intersects like a set of paths", () => {
    assert(property(paths, paths, (left, right) => {
      const [a, b] = [ofPaths(...left), ofPaths(...right)]
      const [inA, inB] = [new Set(pathsOf(a)), new Set(pathsOf(b))]
      const both = [...inA].filter((one) => inB.has(one))
      expect(sorted(pathsOf(unionRoot(a, b)))).toEqual(sorted(new Set([...inA, ...inB])))
      expect(sorted(pathsOf(difference(a, b)))).toEqual(sorted([...inA].filter((one) => !inB.has(one))))
      expect(sorted(pathsOf(intersection(a, b)))).toEqual(sorted(both))
      expect(intersects(a, b)).toBe(both.length > 0)
    }))
  })

  it("takes away what lies below a path along with it", () => {
    assert(property(paths, paths, (left, right) => {
      const expected = left.map((one) => one.join("/")).filter((one) => !right.some((gone) => `${one}/`.startsWith(`${gone.join("/")}/`)))
      expect(sorted(pathsOf(differenceBelow(ofPaths(...left), ofPaths(...right))))).toEqual(sorted(new Set(expected)))
    }))
  })

  it("gives back its argument where nothing changes", () => {
    assert(property(paths, (list) => {
      const set = ofPaths(...list)
      expect(unionRoot(set, empty)).toBe(set)
      expect(unionRoot(set, set)).toBe(set)
      expect(difference(set, empty)).toBe(set)
      expect(difference(set, ofPaths(["f:elsewhere"]))).toBe(set)
      expect(isEmpty(difference(set, set))).toBe(true)
    }))
  })

  it("marks a path with deeper ones by a dot", () => {
    expect(ofPaths(["f:a"], ["f:a", "f:b"])).toEqual({ "f:a": { ".": {}, "f:b": {} } })
    expect(ofPaths(["f:a", "f:b"])).toEqual({ "f:a": { "f:b": {} } })
  })
})
