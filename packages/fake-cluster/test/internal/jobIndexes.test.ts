import { describe, expect, it } from "vitest"
import { format, parse } from "../../src/internal/jobs/jobIndexes.ts"

describe("a text of indexes", () => {
  it.each([
    ["", []], ["0", [0]], ["0,1", [0, 1]], ["0-2", [0, 1, 2]], ["1,3-5,7", [1, 3, 4, 5, 7]], ["2,3,9", [2, 3, 9]]
  ])("%s stands for %j", (text, indexes) => {
    expect(format(new Set(indexes))).toBe(text)
    expect([...parse(text, 100)]).toEqual(indexes)
  })

  it("leaves out what is too much and what cannot be read", () => {
    expect([...parse("1,x,3-9,-2", 5)]).toEqual([1, 3, 4])
  })
})
