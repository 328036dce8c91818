/** Any bytes on any path get an answer as the original would give: never a crash, never an internal error. More seeds: `npm run fuzz`. */
import * as fc from "fast-check"
import { it } from "vitest"
import { everyRequestIsAnswered } from "./fuzzServer.ts"

it("spoiled requests are answered", async () => {
  await fc.assert(everyRequestIsAnswered, { numRuns: 300, seed: 20_260_101 })
})
