/** What a plugin keeps about a job between rounds: JSON with a version of its own, so that it outlives changes of the code. */
import { Phase, type PluginState } from "@fairlead/core"
import { Data, Result, Schema, SchemaIssue } from "effect"
import type { Json } from "./AsyncPlugin.ts"

/** Where a job is, in Flyte's order. From `AllocationTokenAcquired` on, the service may have been asked to create the job. */
export const jobPhases = ["NotStarted", "AllocationTokenAcquired", "ResourcesCreated", "Succeeded", "UserFailure", "SystemFailure"] as const

/** One of them. */
export type JobPhase = (typeof jobPhases)[number]

/** True when the job has ended, or is not looked after any more. */
export const isTerminalJob = (phase: JobPhase): boolean => jobPhases.indexOf(phase) >= jobPhases.indexOf("Succeeded")

const Kind = Schema.Literals(["USER", "SYSTEM", "UNKNOWN"])

const State = Schema.Struct({
  phase: Schema.Literals(jobPhases),
  /** The key under which the job is or will be created. */
  key: Schema.String,
  /** The server that it is on; empty when there is only one. */
  endpoint: Schema.String,
  /** When the task first asked for its place, in milliseconds since the epoch. Waiting tasks are served in this order. */
  requestedAt: Schema.Finite,
  /** The quota that the job takes from, until it has ended on the service. */
  lease: Schema.optionalKey(Schema.Struct({
    pool: Schema.String,
    project: Schema.String,
    namespace: Schema.String
  })),
  /** Since when, how often and with what effect `create` has failed without a success. */
  creating: Schema.optionalKey(Schema.Struct({ since: Schema.Finite, failures: Schema.Int, retryAt: Schema.Finite })),
  meta: Schema.optionalKey(Schema.Unknown),
  /** What was reported last; a restarted engine goes on from there. */
  reported: Schema.Struct({
    phase: Schema.Literals(Phase.phases),
    version: Schema.Int,
    reason: Schema.String,
    digest: Schema.String,
    error: Schema.optionalKey(Schema.Struct({ code: Schema.String, message: Schema.String, kind: Kind }))
  }),
  /** The job was given up, so it may still be at work on the service. */
  isAbandoned: Schema.optionalKey(Schema.Boolean)
})

/** The state of one launch. Never changed in place. */
export type JobState = typeof State.Type

/** The version that is written. */
export const jobStateVersion = 1

/** How to read each earlier version: to the JSON of the next one. */
const migrations: { readonly [version: number]: (json: Json) => Json } = {}

/** A stored state that cannot be read. */
export class JobStateCorrupt extends Data.TaggedError("JobStateCorrupt")<{ readonly version: number; readonly problem: string }> {
  override get message(): string {
    return `the stored state (version ${this.version}) cannot be read: ${this.problem}`
  }
}

/** The state of a launch that nobody has worked on. */
export const initialState = (key: string, endpoint: string, now: number): JobState => ({
  phase: "NotStarted",
  key,
  endpoint,
  requestedAt: now,
  reported: { phase: "Undefined", version: 0, reason: "", digest: "" }
})

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true })

/** Writes a state. */
export const encodeState = (state: JobState): PluginState => ({ version: jobStateVersion, bytes: encoder.encode(JSON.stringify(state)) })

const decodeUnknown = Schema.decodeUnknownResult(State)
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

/** Reads a state of any version up to ours. */
export const decodeState = ({ bytes, version }: PluginState): Result.Result<JobState, JobStateCorrupt> => {
  const corrupt = (problem: string): Result.Result<never, JobStateCorrupt> => Result.fail(new JobStateCorrupt({ version, problem }))
  if (version > jobStateVersion) return corrupt(`it was written by a newer engine; this one reads up to version ${jobStateVersion}`)
  let json: Json
  try {
    json = JSON.parse(decoder.decode(bytes)) as Json
  } catch {
    return corrupt(`${bytes.length} bytes are no JSON`)
  }
  for (let at = version; at < jobStateVersion; at++) {
    const migrate = migrations[at]
    if (migrate === undefined) return corrupt("there never was such a version")
    json = migrate(json)
  }
  const decoded = decodeUnknown(json)
  if (Result.isSuccess(decoded)) return Result.succeed(decoded.success)
  return corrupt(formatIssue(decoded.failure.issue).issues.map(({ message, path = [] }) => `${path.map(String).join(".") || "it"}: ${message}`).join("; "))
}
