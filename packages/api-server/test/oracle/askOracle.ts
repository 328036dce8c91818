/** Asks the published libraries of Kubernetes, through a small program that `npm run external go-oracle` builds. */
import { spawnSync } from "node:child_process"
import { installed } from "../clients/external.ts"

/** What can be asked; the program tells what each field means. */
export interface Question {
  readonly ask: string
  readonly [field: string]: unknown
}

/** What came of one question: an answer, or why there is none. A `panic` would have been an internal error of the original. */
export interface Reply {
  readonly answer?: unknown
  readonly error?: string
  readonly panic?: string
}

/** The replies, in the order of the questions. Throws when the program ends early. */
export const askOracle = (questions: ReadonlyArray<Question>): ReadonlyArray<Reply> => {
  const input = questions.map((question) => `${JSON.stringify(question)}\n`).join("")
  const done = spawnSync(process.env["ORACLE_BIN"] ?? `${installed("go-oracle")}/bin/go-oracle`, { input, encoding: "utf8", maxBuffer: 1 << 30 })
  if (done.status !== 0) throw new Error(`go-oracle ended with ${done.status}: ${done.stderr}`)
  return done.stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Reply)
}

/** The one answer to a question; throws if there is none. */
export const answerTo = (question: Question): unknown => {
  const [reply] = askOracle([question])
  if (reply?.answer === undefined) throw new Error(`No answer: ${reply?.error ?? reply?.panic}`)
  return reply.answer
}
