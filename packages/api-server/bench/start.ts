/** How long a server takes to be there, in a process that has loaded the code; the first one finds nothing compiled. */
import { bestOf, report } from "./support/measure.ts"
import { makeServer } from "./support/objects.ts"

const start = performance.now()
makeServer()
report("start of the first server in a process", performance.now() - start, "ms", { atMost: 50 })
report("start of a further server", bestOf(20, () => void makeServer()), "ms", { atMost: 50 })
