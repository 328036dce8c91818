/** Prints which cases pass with a cluster around the server: `node test/conformance/run.ts [--http] [--write] [--all] [text in area/name]`. */
import { reportCases } from "../../../api-server/test/conformance/reportCases.ts"
import { runCase, runCaseOverHttp } from "./runCase.ts"

await reportCases(process.argv.includes("--http") ? runCaseOverHttp : runCase, "cluster")
