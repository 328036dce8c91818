/** Tests that those cases pass that are expected to, and no others. */
import { afterAll, describe, expect, it } from "vitest"
import { type ConformanceCase, readCases } from "./conformanceCase.ts"
import { expectedFailures, type Setting } from "./expectations.ts"

/** One test for each case. A case leaves the lists of those that fail as soon as it passes. */
export const holdExpectations = (runCase: (testCase: ConformanceCase) => Promise<ReadonlyArray<string>>, setting: Setting): void => {
  const failing = expectedFailures(setting)
  const counts = new Map<string, { passed: number; all: number }>()

  afterAll(() => {
    for (const [area, { passed, all }] of counts) console.log(`conformance ${setting} ${area}: ${passed} of ${all}`)
  })

  describe(`conformance, ${setting}`, () => {
    const cases = readCases()

    it("every expected failure is a case", () => {
      const known = new Set(cases.map(({ area, slug }) => `${area}/${slug}`))
      expect([...failing].filter((id) => !known.has(id))).toEqual([])
    })

    for (const testCase of cases) {
      it(`${testCase.area}: ${testCase.name}`, async () => {
        const differences = await runCase(testCase)
        const count = counts.get(testCase.area) ?? { passed: 0, all: 0 }
        counts.set(testCase.area, { passed: count.passed + (differences.length === 0 ? 1 : 0), all: count.all + 1 })
        if (failing.has(`${testCase.area}/${testCase.slug}`)) expect(differences, "passes now: take it off the list, or run the cases with --write").not.toEqual([])
        else expect(differences).toEqual([])
      })
    }
  })
}
