/** Prints which cases pass with a cluster around the server: `node test/conformance/run.ts [--write] [--all] [text in area/name]`. */
import { reportCases } from "../../../api-server/test/conformance/reportCases.ts"
import { runCase } from "./runCase.ts"

await reportCases(runCase, "cluster")
