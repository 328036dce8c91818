/** Plays cases and prints which of them pass. */
import { type ConformanceCase, readCases } from "./conformanceCase.ts"
import { noteFailures, type Setting } from "./expectations.ts"

/** Plays the cases that the command line names; `--write` notes those that fail. */
export const reportCases = async (runCase: (testCase: ConformanceCase) => Promise<ReadonlyArray<string>>, setting: Setting): Promise<void> => {
  const [write, verbose] = ["--write", "--all"].map((flag) => process.argv.includes(flag))
  const wanted = process.argv.slice(2).find((word) => !word.startsWith("--")) ?? ""
  const areas = new Map<string, { passed: number; all: number }>()
  const failed: Array<string> = []
  for (const testCase of readCases()) {
    const id = `${testCase.area}/${testCase.slug}`
    if (!id.includes(wanted)) continue
    const differences = await runCase(testCase)
    const count = areas.get(testCase.area) ?? { passed: 0, all: 0 }
    areas.set(testCase.area, { passed: count.passed + (differences.length === 0 ? 1 : 0), all: count.all + 1 })
    if (differences.length === 0) continue
    failed.push(id)
    console.log(`FAIL ${id}`)
    for (const line of verbose ? differences : differences.slice(0, 3)) console.log(`     ${line.slice(0, verbose ? 4000 : 300)}`)
  }
  for (const [area, { passed, all }] of areas) console.log(`${area}: ${passed} of ${all}`)
  console.log(`${[...areas.values()].reduce((sum, { passed }) => sum + passed, 0)} passed, ${failed.length} failed`)
  if (write) noteFailures(setting, failed)
}
