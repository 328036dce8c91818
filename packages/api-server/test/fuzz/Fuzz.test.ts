/** Any bytes on any path get an answer as the original would give: never a crash, never an internal error. More seeds: `npm run fuzz`. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { everyRequestIsAnswered } from "./fuzzServer.ts"

it("spoiled requests are answered", async () => {
  const { counterexample, errorInstance, failed } = await fc.check(everyRequestIsAnswered, { numRuns: 300, seed: 20_260_101 })
  expect(failed, `${errorInstance instanceof Error ? errorInstance.message : ""}\n${JSON.stringify(counterexample)}`).toBe(false)
})
