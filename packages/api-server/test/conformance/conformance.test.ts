import { holdExpectations } from "./holdExpectations.ts"
import { runCase } from "./runCase.ts"

holdExpectations(runCase, "alone")
