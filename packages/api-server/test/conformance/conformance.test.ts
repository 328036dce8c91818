import { readFileSync } from "node:fs"
import { afterAll, describe, expect, it } from "vitest"
import { readCases } from "./conformanceCase.ts"
import { runCase } from "./runCase.ts"

/** Cases that do not pass yet. A case leaves the list as soon as it passes. */
const expectedFailures = new Set(
  readFileSync(new URL("expectedFailures.txt", import.meta.url), "utf8").split("\n").filter((line) => line !== "")
)

const counts = new Map<string, { passed: number; all: number }>()

afterAll(() => {
  for (const [area, { passed, all }] of counts) console.log(`conformance ${area}: ${passed} of ${all}`)
})

describe("conformance", () => {
  const cases = readCases()

  it("every expected failure is a case", () => {
    const known = new Set(cases.map(({ area, slug }) => `${area}/${slug}`))
    expect([...expectedFailures].filter((id) => !known.has(id))).toEqual([])
  })

  for (const testCase of cases) {
    const id = `${testCase.area}/${testCase.slug}`
    it(`${testCase.area}: ${testCase.name}`, async () => {
      const differences = await runCase(testCase)
      const count = counts.get(testCase.area) ?? { passed: 0, all: 0 }
      counts.set(testCase.area, { passed: count.passed + (differences.length === 0 ? 1 : 0), all: count.all + 1 })
      if (expectedFailures.has(id)) expect(differences, "passes now: take it off expectedFailures.txt").not.toEqual([])
      else expect(differences).toEqual([])
    })
  }
})
