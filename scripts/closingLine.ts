/** Adds up the test results of all packages and prints `N passed, N failed`, the last line of `.ci/run`. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numFailedTestSuites: number
}

const root = fileURLToPath(new URL("..", import.meta.url))
const folders = ["packages", "apps"].flatMap((group) => readdirSync(`${root}${group}`).map((name) => `${group}/${name}`))
let passed = 0
let failed = 0
let skipped = 0
for (const folder of [...folders, "bench", "scripts"]) {
  if (!existsSync(`${root}${folder}/vitest.config.ts`)) continue
  const file = `${root}${folder}/.test-results/vitest.json`
  if (!existsSync(file)) {
    console.error(`${folder} left no test results: its run broke before the end`)
    failed++
    continue
  }
  const report = JSON.parse(readFileSync(file, "utf8")) as VitestReport
  passed += report.numPassedTests
  failed += report.numFailedTests
  skipped += report.numPendingTests
  if (report.numFailedTests === 0 && report.numFailedTestSuites > 0) failed++
}
// A failed check or lint leaves all tests green; it must show in the line all the same.
if (process.argv[2] !== "0" && failed === 0) failed++
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`)
process.exitCode = failed === 0 ? 0 : 1
