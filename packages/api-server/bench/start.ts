/** How long a server takes to be there, in a process that has loaded the code; the first one finds nothing compiled. */
import { bestOf, report, timeOf } from "./support/measure.ts"
import { makeServer } from "./support/objects.ts"

report("start of the first server in a process", timeOf(() => void makeServer()), "ms", { atMost: 50 })
const servers = 100
const many = bestOf(5, () => {
  for (let i = 0; i < servers; i++) makeServer()
})
report("start of a further server", many / servers, "ms", { atMost: 50 })
