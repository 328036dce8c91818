/** What is stored between the calls of a v1 executor: JSON with a version. */
import type { PluginState } from "@fairlead/core"
import { Result, Schema } from "effect"
import { JobStateCorrupt } from "./JobState.ts"

const State = Schema.Struct({
  /** The task may have been started, even if the answer was lost. */
  attempted: Schema.Boolean,
  /** `startTask` answered something else than `NotReady`. */
  started: Schema.Boolean,
  /** The last phase by its number in v1. */
  lastPhase: Schema.Int,
  lastVersion: Schema.Int,
  /** The executor's own state as JSON text; empty for none. */
  customState: Schema.String,
  notReadyRounds: Schema.Int,
  /** Since when nobody knows how the task is, in milliseconds since the epoch. */
  unknownSince: Schema.optionalKey(Schema.Finite)
})

/** The state of one launch. */
export type ExecutorState = typeof State.Type

/** The version that is written. */
export const executorStateVersion = 1

/** Nothing has happened yet; `NotReady` in v1. */
export const initialExecutorState: ExecutorState = { attempted: false, started: false, lastPhase: 6, lastVersion: 0, customState: "", notReadyRounds: 0 }

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true })
const decode = Schema.decodeUnknownResult(Schema.fromJsonString(State))

/** Writes a state. */
export const encodeExecutorState = (state: ExecutorState): PluginState => ({ version: executorStateVersion, bytes: encoder.encode(JSON.stringify(state)) })

/** Reads a state. */
export const decodeExecutorState = ({ bytes, version }: PluginState): Result.Result<ExecutorState, JobStateCorrupt> => {
  if (version !== executorStateVersion) return Result.fail(new JobStateCorrupt({ version, problem: `this engine reads version ${executorStateVersion}` }))
  const text = Result.try(() => decoder.decode(bytes))
  if (Result.isFailure(text)) return Result.fail(new JobStateCorrupt({ version, problem: "it is no text" }))
  return Result.mapError(decode(text.success), (error) => new JobStateCorrupt({ version, problem: error.message }))
}
