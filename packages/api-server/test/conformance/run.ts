/** Prints which cases pass: `node test/conformance/run.ts [--write] [--all] [text in area/name]`. */
import { reportCases } from "./reportCases.ts"
import { runCase } from "./runCase.ts"

await reportCases(runCase, "alone")
