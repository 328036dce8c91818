/** Spoils requests for as long as one likes: `node test/fuzz/run.ts [--seed N] [--seconds N]`; prints what is wrong, made small, and ends with 1. */
import * as fc from "fast-check"
import { everyRequestIsAnswered } from "./fuzzServer.ts"

const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? otherwise : Number(process.argv[at + 1])
}

const seed = option("seed", Math.floor(Math.random() * 2_000_000_000))
const seconds = option("seconds", 60)
console.log(`seed ${seed}, ${seconds} s`)
const result = await fc.check(everyRequestIsAnswered, { seed, numRuns: Infinity, interruptAfterTimeLimit: seconds * 1000, endOnFailure: false })
console.log(`${result.numRuns} sessions, ${result.numShrinks} attempts to make the finding smaller`)
if (result.failed && result.counterexample !== null) {
  console.log(fc.defaultReportMessage(result))
  console.log(result.errorInstance instanceof Error ? result.errorInstance.message : result.errorInstance)
  process.exitCode = 1
}
