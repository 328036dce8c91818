import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { parseArguments } from "../harness/Arguments.ts"
import { findBenchmarks } from "../harness/Find.ts"
import { describeMeasure, measureOf, missesOf } from "../harness/Measure.ts"
import { runBenchmark } from "../harness/Run.ts"

describe("measureOf", () => {
  it("reads a measure and keeps its further fields", () => {
    const line = { name: "a", value: 1, unit: "s", atMost: 2, rounds: 3 }
    expect(measureOf(JSON.stringify(line))).toEqual(line)
  })
  it.each(["Progress: 3", "{not json", ""])("passes over %j", (line) => expect(measureOf(line)).toBeUndefined())
  it.each([
    ["{}", "name"],
    ['{"name":"a","value":"1","unit":"s"}', "value"],
    ['{"name":"a","value":null,"unit":"s"}', "value"],
    ['{"name":"a","value":1}', "unit"],
    ['{"name":"a","value":1,"unit":"s","atMost":"2"}', "atMost"]
  ])("says what is wrong with %s", (line, word) => expect(measureOf(line)).toContain(`"${word}"`))
})

describe("missesOf", () => {
  const measure = { name: "a", value: 5, unit: "s" }
  it("is empty on the bar itself", () => expect(missesOf({ ...measure, atMost: 5, atLeast: 5 })).toEqual([]))
  it("names a value above its bar", () => expect(missesOf({ ...measure, atMost: 4.5 })).toEqual(["a: 5 s, at most 4.5 allowed"]))
  it("names a value below its bar", () => expect(missesOf({ ...measure, atLeast: 6 })).toEqual(["a: 5 s, at least 6 wanted"]))
  it("shows in the line for a person", () => {
    expect(describeMeasure({ ...measure, atLeast: 6, baseline: 10 })).toBe("✗ a: 5 s (at least 6, baseline 10)")
    expect(describeMeasure({ ...measure, atMost: 6 })).toBe("✓ a: 5 s (at most 6)")
    expect(describeMeasure(measure)).toBe("· a: 5 s")
  })
})

describe("parseArguments", () => {
  it("takes words and options in any order", () =>
    expect(parseArguments(["queue", "--minutes", "2", "--list", "sim"])).toEqual({ kind: "run", words: ["queue", "sim"], list: true, minutes: 2 }))
  it("prefers help", () => expect(parseArguments(["queue", "--help"])).toEqual({ kind: "help" }))
  it.each([["--fast"], ["--minutes", "soon"], ["--minutes"]])("refuses %s %s", (...given) => expect(parseArguments(given)).toMatchObject({ kind: "wrong" }))
})

describe("benchmarks in a folder", () => {
  const root = mkdtempSync(join(tmpdir(), "fairlead-bench-"))
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const run = async (path: string) => {
    const heard: Array<string> = []
    const { seconds, ...rest } = await runBenchmark(root, path, { minutes: 1, onMeasure: ({ name }) => heard.push(name) })
    expect(seconds).toBeGreaterThan(0)
    return { ...rest, heard }
  }
  beforeAll(() => {
    write("packages/a/bench/good.ts", `console.log("warm"); console.log(JSON.stringify({ name: "n", value: 1, unit: String(typeof gc) }))`)
    write("packages/a/bench/support/part.ts", "throw new Error()")
    write("packages/a/src/other.ts", "throw new Error()")
    write("apps/b/bench/silent.ts", "")
    write("bench/product/throws.ts", `console.log(JSON.stringify({ name: "n", value: 1, unit: "s" })); throw new Error("out of luck")`)
  })
  afterAll(() => rmSync(root, { recursive: true }))

  it("are found in order", () => expect(findBenchmarks(root)).toEqual(["apps/b/bench/silent.ts", "bench/product/throws.ts", "packages/a/bench/good.ts"]))
  it("report their measures", async () =>
    expect(await run("packages/a/bench/good.ts")).toEqual({ path: "packages/a/bench/good.ts", measures: [{ name: "n", value: 1, unit: "function" }], heard: ["n"] }))
  it("are broken when they print nothing", async () => expect((await run("apps/b/bench/silent.ts")).fault).toBe("printed no measure"))
  it("are broken when they throw, and keep what they measured", async () => {
    const { fault, heard } = await run("bench/product/throws.ts")
    expect(fault).toMatch(/^ended with code 1: [^]*out of luck/)
    expect(heard).toEqual(["n"])
  })
})
