import { describe, expect, it } from "vitest"
import { checkAmbient } from "../tidy/Ambient.ts"
import { arrowTable, checkImports, checkManifest } from "../tidy/Arrows.ts"
import { checkExports, checkSentence } from "../tidy/Docs.ts"
import { checkSizes } from "../tidy/Sizes.ts"
import { format, tidy } from "../tidy/Tidy.ts"
import { checkFileName, checkNames, checkText } from "../tidy/Words.ts"

const source = (text: string, path = "packages/core/src/Sample.ts") => ({ path, text })

describe("the repository", () => {
  const report = tidy()
  it.each(Object.keys(report) as ReadonlyArray<keyof typeof report>)("keeps the rule %s", (rule) => {
    expect(report[rule].map(format)).toEqual([])
  })
})

describe("each rule refuses what it is there to refuse", () => {
  const table = arrowTable("## Arrows\n\n```\ncore →\nkube → core\n```\n")

  it("arrows: a dependency that the table does not list", () => {
    expect(checkManifest("core", source('{"dependencies":{"@fairlead/kube":"*"}}'), table)).toHaveLength(1)
    expect(checkManifest("kube", source('{"dependencies":{"@fairlead/core":"*"}}'), table)).toHaveLength(0)
    expect(checkManifest("new", source("{}"), table)).toHaveLength(1)
  })

  it("arrows: an import that the table does not list, re-exports and dynamic imports included", () => {
    expect(checkImports("core", source('import { a } from "@fairlead/kube"'), table)).toHaveLength(1)
    expect(checkImports("core", source('export * from "@fairlead/kube/testing"'), table)).toHaveLength(1)
    expect(checkImports("core", source('const a = await import("@fairlead/kube")'), table)).toHaveLength(1)
    expect(checkImports("kube", source('import { a } from "@fairlead/core"'), table)).toHaveLength(0)
  })

  it.each([
    "const a = Date.now()", "const a = new Date()", "const a = Math.random()", "setTimeout(() => {}, 1)", "globalThis.setTimeout(f)",
    "const a = process.env.HOME", "console.log(1)", 'import { readFileSync } from "node:fs"', "const a = crypto.randomUUID()", "await fetch(url)"
  ])("ambient: %s", (text) => {
    expect(checkAmbient(source(text))).toHaveLength(1)
  })

  it("ambient: a given time and a file named for its runtime pass", () => {
    expect(checkAmbient(source("const a = new Date(now)"))).toHaveLength(0)
    expect(checkAmbient(source('import { readFileSync } from "node:fs"', "packages/datastore/src/DatastoreNode.ts"))).toHaveLength(0)
  })

  it("sizes: a file or a function that is too long; comments do not count", () => {
    const lines = (count: number, line: string) => Array.from({ length: count }, () => line).join("\n")
    expect(checkSizes(source(lines(301, "f()")))).toHaveLength(1)
    expect(checkSizes(source(lines(301, "// why")))).toHaveLength(0)
    expect(checkSizes(source(`const f = () => {\n${lines(70, "g()")}\n}`))).toHaveLength(1)
  })

  it("file names: names that say nothing, wrong case", () => {
    expect(checkFileName("packages/core/src/utils.ts")).toHaveLength(1)
    expect(checkFileName("packages/core/src/phase.ts")).toHaveLength(1)
    expect(checkFileName("packages/core/src/internal/Phase.ts")).toHaveLength(1)
    expect(checkFileName("packages/core/src/Phase.ts")).toHaveLength(0)
  })

  it("names: words that hide what a thing does", () => {
    expect(checkNames(source("class TaskManager {}"))).toHaveLength(1)
    expect(checkNames(source("const fieldManager = 1"))).toHaveLength(0)
  })

  it("text: unfinished work, machine paths, ticket numbers", () => {
    expect(checkText(source(["// TO", "DO later"].join("")))).toHaveLength(1)
    expect(checkText(source(["see /wo", "rk/main"].join("")))).toHaveLength(1)
    expect(checkText(source(["for iss", "ue 3"].join("")))).toHaveLength(1)
  })

  it("sentences: description, README and header differ; headings are missing", () => {
    const found = checkSentence(source('{"description":"Does a thing."}'), source("# a\n\nDoes another.\n"), source("/** Does a thing. */\n"))
    expect(found.map((it) => it.message)).toContain('the first sentence must be the package\'s description: "Does a thing."')
    expect(found).toHaveLength(7)
  })

  it("exports: one without a doc comment", () => {
    expect(checkExports(source("export const a = 1"))).toHaveLength(1)
    expect(checkExports(source("/** One. */\nexport const a = 1\nexport const b = 2"))).toHaveLength(0)
    expect(checkExports(source("/** One. */\nexport const a = 1\n\nexport const b = 2"))).toHaveLength(1)
  })
})
