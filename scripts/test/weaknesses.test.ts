import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"

const root = join(import.meta.dirname, "../..")
const rowsOf = (file: string): ReadonlyArray<string> => readFileSync(join(root, file), "utf8").split("\n").filter((line) => /^\| \d+ \|/.test(line))

const testReference = /`([\w-]+\/test\/[\w./-]+\.test\.ts)`: "([^"]+)"/g
const sourceReference = /`([\w-]+\/src\/[\w./-]+\.ts)`/g
const decisionReference = /\[decision (\d+)\]\((decisions\/(\d{4})-[\w-]+\.md)\)/g

const fileOf = (path: string): string => join(root, path.startsWith("scripts/") ? "" : "packages", path)

/** Test files by path; each is read once. */
const sources = new Map<string, string>()
const sourceOf = (path: string): string => {
  const known = sources.get(path)
  if (known !== undefined) return known
  const source = existsSync(fileOf(path)) ? readFileSync(fileOf(path), "utf8") : ""
  sources.set(path, source)
  return source
}

/** Everything that a row refers to and that is not there. */
const missingIn = (row: string): ReadonlyArray<string> => {
  const tests = [...row.matchAll(testReference)].filter(([, path = "", title = ""]) => !sourceOf(path).includes(`"${title}"`))
  const decisions = [...row.matchAll(decisionReference)].filter(([, number, path = "", digits]) => Number(number) !== Number(digits) || !existsSync(join(root, "docs", path)))
  const files = [...row.matchAll(sourceReference)].filter(([, path = ""]) => !existsSync(fileOf(path)))
  return [...tests, ...decisions, ...files].map(([whole]) => whole)
}

describe.each([["docs/weaknesses.md", 48], ["docs/flyte-tests.md", 60], ["docs/remote-services.md", 39], ["docs/airflow.md", 30], ["docs/airflow-tests.md", 70]] as const)("%s", (file, least) => {
  const rows = rowsOf(file)

  it("numbers its rows from 1", () => {
    expect(rows.map((row) => Number(/^\| (\d+)/.exec(row)?.[1]))).toEqual(rows.map((_, index) => index + 1))
    expect(rows.length).toBeGreaterThanOrEqual(least)
  })

  it.each(rows.map((row) => [row.split(" | ")[1], row]))("%s", (_, row) => {
    expect(row.split(" | ")).toHaveLength(4)
    expect([...row.matchAll(testReference), ...row.matchAll(decisionReference)].length).toBeGreaterThan(0)
    expect(missingIn(row)).toEqual([])
  })
})

it("a test that does not exist is found out", () => {
  expect(missingIn('| 1 | a | b | `reconciler/test/Decision.test.ts`: "no such test" |')).toHaveLength(1)
  expect(missingIn('| 1 | a | b | `reconciler/test/Nowhere.test.ts`: "x" |')).toHaveLength(1)
  expect(missingIn("| 1 | a | b (`reconciler/src/Nowhere.ts`) | c |")).toHaveLength(1)
  expect(missingIn("| 1 | a | b | [decision 99](decisions/0099-nowhere.md) |")).toHaveLength(1)
})
