import { holdExpectations } from "../../../api-server/test/conformance/holdExpectations.ts"
import { runCase } from "./runCase.ts"

holdExpectations(runCase, "cluster")
