import { describe, expect, it } from "vitest"
import * as JournalHash from "../src/JournalHash.ts"

const hashOf = (...lines: ReadonlyArray<string>): string => {
  const hash = JournalHash.make()
  for (const line of lines) hash.add(line)
  return hash.hex()
}

describe("JournalHash", () => {
  it("the same lines give the same 16 hexadecimal digits as ever", () => {
    expect(hashOf("a", "b")).toBe("6c723e873e53222e")
    expect(hashOf("a", "b")).toMatch(/^[0-9a-f]{16}$/)
  })

  it("where a line ends, their order and their number matter", () => {
    const hashes = [
      hashOf(), hashOf(""), hashOf("", ""), hashOf("a"), hashOf("a\0"), hashOf("ab"), hashOf("a", "b"), hashOf("b", "a"),
      hashOf("ab", ""), hashOf("", "ab")
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  it("hex may be read in between", () => {
    const hash = JournalHash.make()
    hash.add("a")
    const before = hash.hex()
    expect(hash.hex()).toBe(before)
    hash.add("b")
    expect(hash.hex()).toBe(hashOf("a", "b"))
    expect(hash.lines()).toBe(2)
  })

  it("lines that differ in one bit never meet among 200,000", () => {
    const seen = new Set<string>()
    for (let index = 0; index < 100_000; index++) {
      seen.add(hashOf(`line ${index}`))
      seen.add(hashOf(`line ${index}`, "\u8000"))
    }
    expect(seen.size).toBe(200_000)
  })
})
