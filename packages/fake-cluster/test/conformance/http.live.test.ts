/** The recorded cases through sockets: as many pass as in process. */
import { holdExpectations } from "../../../api-server/test/conformance/holdExpectations.ts"
import { runCaseOverHttp } from "./runCase.ts"

holdExpectations(runCaseOverHttp, "cluster")
