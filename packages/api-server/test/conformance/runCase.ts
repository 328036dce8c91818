/** Runs recorded cases against a fresh server each, in process and in virtual time. */
import { ApiServer, fetchHandler } from "../../src/index.ts"
import { runNamespaceControllers } from "./clusterControllers.ts"
import { compareCase } from "./compareCase.ts"
import type { ConformanceCase } from "./conformanceCase.ts"
import { playCase, type Stage } from "./playCase.ts"
import { VirtualTime } from "./virtualTime.ts"

const start = Date.UTC(2026, 5, 1)

/** A reproducible stream of numbers in [0, 1). */
const lcg = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 0x1_0000_0000
  }
}

/** Distinguishes the names of one run from those of another. */
export const runId = "run1case2"

/** A server that knows the administrator's token. */
const makeStage = (): Stage => {
  const time = new VirtualTime(start)
  const server = ApiServer.make({
    now: time.now,
    random: lcg(42),
    schedule: time.schedule,
    freeze: true,
    tokens: { "admin-token": { name: "admin", groups: ["system:masters"] } }
  })
  runNamespaceControllers(server)
  return {
    fetch: fetchHandler(server),
    token: "admin-token",
    id: runId,
    pass: async (millis) => {
      time.advance(millis)
      await new Promise<void>((done) => setImmediate(done))
    }
  }
}

/** The differences between a run of the case on a stage and its record; empty for a pass. */
export const runCaseOn = async (testCase: ConformanceCase, stage: Stage): Promise<ReadonlyArray<string>> => {
  try {
    return compareCase(testCase, await playCase(testCase, stage))
  } catch (error) {
    return [`stopped: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`]
  }
}

/** The same on a server of its own. */
export const runCase = (testCase: ConformanceCase): Promise<ReadonlyArray<string>> => runCaseOn(testCase, makeStage())
