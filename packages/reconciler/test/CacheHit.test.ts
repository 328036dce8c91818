import { describe, expect, it } from "vitest"
import { CacheHit } from "../src/index.ts"

describe("CacheHit", () => {
  it("is read back from the text that it was put into", () => {
    for (const hit of [{ key: "1/p/d/a=-b-c", age: "12 s", madeBy: "run-1" }, { key: "1/p q/d/with, under it", age: "3 h", madeBy: undefined }]) {
      expect(CacheHit.fromText(`the task completed successfully: ${CacheHit.toText(hit)}`)).toEqual(hit)
    }
    expect(CacheHit.fromText("the task completed successfully")).toBeUndefined()
  })

  it.each([[0, "0 s"], [-5, "0 s"], [119_400, "119 s"], [120_000, "2 min"], [7_199_000, "119 min"], [7_200_000, "2 h"], [172_799_000, "47 h"], [172_800_000, "2 d"]])("says %i ms as %s", (millis, text) => {
    expect(CacheHit.ageText(millis)).toBe(text)
  })
})
