import * as fc from "fast-check"
import { expect, it } from "vitest"
import { isOlder, newest } from "../src/ResourceVersion.ts"

const version = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

it("isOlder orders decimals as numbers, beyond what a double holds", () => {
  fc.assert(fc.property(version, version, (a, b) => {
    expect(isOlder(String(a), String(b))).toBe(a < b)
    expect(newest(String(a), String(b))).toBe(String(a > b ? a : b))
  }))
  expect(isOlder("9007199254740992", "9007199254740993")).toBe(true)
})

it.each([["abc", "abd"], ["1", "x"], ["", "1"], ["1", undefined]])("isOlder is not sure about %s and %s", (a, b) => {
  expect(isOlder(a, b)).toBe(false)
})

it("isOlder takes no version at all for the oldest", () => {
  expect(isOlder(undefined, "1")).toBe(true)
  expect(newest(undefined, "1")).toBe("1")
})
