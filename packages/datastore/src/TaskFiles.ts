/** The files around one attempt of a task: its inputs, and what it leaves behind. Names and formats are Flyte's. */
import { Copilot, Idl, Literals, type Phase, type TaskOutcome, Wire } from "@fairlead/core"
import { Data, Effect, Option, Result } from "effect"
import { Datastore, DatastoreError, type DatastoreReason } from "./Datastore.ts"
import * as Reference from "./Reference.ts"

/** Names of the files of an attempt. */
export const names = {
  inputs: "inputs.pb",
  outputs: Copilot.defaults.outputsName,
  error: Copilot.defaults.errorName,
  deck: "deck.html"
} as const

/** Largest `inputs.pb`, `outputs.pb` and `error.pb` that are read unless told otherwise. */
export const maxBytesDefault = 2 * 1024 * 1024

/** A file of an attempt that is there but cannot be used: too large, or not what its name promises. */
export class TaskFileInvalid extends Data.TaggedError("TaskFileInvalid")<{
  readonly uri: string
  readonly fault: "TooLarge" | "BadFormat"
  readonly problem: string
}> {
  get retryable(): boolean {
    return false
  }

  override get message(): string {
    return `${this.uri}: ${this.problem}`
  }
}

/** Settings of a read. */
export interface TaskFilesOptions {
  /** Largest file to read, in bytes; 0 sets no limit. */
  readonly maxBytes?: number | undefined
}

/** URI of a file below a folder. */
export const uriOf = (folder: string, name: string): Effect.Effect<string, DatastoreError> => {
  const joined = Reference.join(folder, name)
  if (Result.isSuccess(joined)) return Effect.succeed(joined.success)
  const reason: DatastoreReason = { _tag: "InvalidUri", description: joined.failure }
  return Effect.fail(new DatastoreError({ method: "uriOf", uri: folder, reason }))
}

/** Reads `inputs.pb` of a folder. No file is no inputs. */
export const readInputs = (
  folder: string,
  options: TaskFilesOptions = {}
): Effect.Effect<Idl.LiteralMap, DatastoreError | TaskFileInvalid, Datastore> =>
  Effect.flatMap(Datastore, (store) => Effect.map(mapIn(store, folder, names.inputs, options), (found) => found ?? Literals.literalMap({})))

/** Writes `inputs.pb` into a folder. */
export const writeInputs = (folder: string, inputs: Idl.LiteralMap): Effect.Effect<void, DatastoreError, Datastore> =>
  write(folder, names.inputs, Literals.encodeMap(inputs))

/** Reads `outputs.pb` of a folder; none if there is no file. An empty file is an empty map. */
export const readOutputs = (
  folder: string,
  options: TaskFilesOptions = {}
): Effect.Effect<Option.Option<Idl.LiteralMap>, DatastoreError | TaskFileInvalid, Datastore> =>
  Effect.flatMap(Datastore, (store) => Effect.map(mapIn(store, folder, names.outputs, options), Option.fromUndefinedOr))

/** Writes `outputs.pb` into a folder. */
export const writeOutputs = (folder: string, outputs: Idl.LiteralMap): Effect.Effect<void, DatastoreError, Datastore> =>
  write(folder, names.outputs, Literals.encodeMap(outputs))

type Store = Datastore["Service"]

const mapIn = (store: Store, folder: string, name: string, options: TaskFilesOptions): Effect.Effect<Idl.LiteralMap | undefined, DatastoreError | TaskFileInvalid> =>
  Effect.flatMap(fileIn(store, folder, name, options), (found) => {
    if (found === undefined) return Effect.undefined
    const decoded = Literals.decodeMap(found.bytes)
    return Result.isSuccess(decoded)
      ? Effect.succeed(decoded.success)
      : Effect.fail(new TaskFileInvalid({ uri: found.uri, fault: "BadFormat", problem: decoded.failure.message }))
  })

interface Contents {
  readonly uri: string
  readonly bytes: Uint8Array
}

/** The contents of a file, none if there is none, and a sentence if there are too many. */
const fileIn = (
  store: Store,
  folder: string,
  name: string,
  { maxBytes = maxBytesDefault }: TaskFilesOptions
): Effect.Effect<Contents | undefined, DatastoreError | TaskFileInvalid> =>
  Effect.flatMapEager(uriOf(folder, name), (uri) => Effect.matchEffect(store.find(uri, { maxBytes }), {
    onSuccess: (bytes) => bytes === undefined ? Effect.undefined : Effect.succeed({ uri, bytes }),
    onFailure: (error): Effect.Effect<undefined, DatastoreError | TaskFileInvalid> =>
      error.reason._tag === "LimitExceeded"
        ? Effect.fail(new TaskFileInvalid({ uri, fault: "TooLarge", problem: tooLarge(error.reason.size, error.reason.limit) }))
        : Effect.fail(error)
  }))

const tooLarge = (size: number, limit: number): string => `it has ${size} bytes, and at most ${limit} are read; pass large values as files`

const write = (folder: string, name: string, bytes: Uint8Array): Effect.Effect<void, DatastoreError, Datastore> =>
  Effect.flatMap(Datastore, (store) => Effect.flatMapEager(uriOf(folder, name), (uri) => store.write(uri, bytes)))

/** What `error.pb` says. */
export interface ReportedError {
  readonly error: Phase.TaskError
  /** True when another attempt may help. */
  readonly recoverable: boolean
}

/** Writes `error.pb` into a folder. */
export const writeError = (
  folder: string,
  { error, recoverable }: ReportedError,
  name: string = names.error
): Effect.Effect<void, DatastoreError, Datastore> => {
  const document: Idl.ErrorDocument = {
    $typeName: "flyteidl2.core.ErrorDocument",
    error: {
      $typeName: "flyteidl2.core.ContainerError",
      code: error.code,
      message: error.message,
      kind: recoverable ? Idl.ContainerError_Kind.RECOVERABLE : Idl.ContainerError_Kind.NON_RECOVERABLE,
      origin: Idl.ExecutionError_ErrorKind[error.kind]
    }
  }
  return write(folder, name, Wire.encode(Idl.ErrorDocumentSchema, document))
}

/**
 * Reads what an attempt left in its folder: `error.pb` wins over `outputs.pb`.
 *
 * Files that cannot be used count as errors of the attempt, with words for the one who wrote them: `OutputsTooLarge`,
 * `OutputsBadFormat`, `ErrorFileTooLarge`, `ErrorFileBadFormat`. Only a store that fails makes this fail.
 */
export const readOutcome = (folder: string, options: TaskFilesOptions = {}): Effect.Effect<TaskOutcome, DatastoreError, Datastore> =>
  Effect.flatMap(Datastore, (store) => Effect.flatMap(errorIn(store, folder, options), (reported): Effect.Effect<TaskOutcome, DatastoreError> =>
    reported !== undefined
      ? Effect.succeed({ _tag: "Error", ...reported })
      : Effect.matchEffect(mapIn(store, folder, names.outputs, options), {
        onSuccess: (outputs) => Effect.succeed<TaskOutcome>(outputs === undefined ? { _tag: "Nothing" } : { _tag: "Outputs", outputs }),
        onFailure: (failure) => failure._tag === "DatastoreError" ? Effect.fail(failure) : Effect.succeed<TaskOutcome>({ _tag: "Error", ...unusable("Outputs", "USER", failure) })
      })))

/** Reads `error.pb` of a folder; none if there is no file. A file that cannot be used is an error that says so. */
export const readError = (
  folder: string,
  options: TaskFilesOptions = {}
): Effect.Effect<Option.Option<ReportedError>, DatastoreError, Datastore> =>
  Effect.flatMap(Datastore, (store) => Effect.map(errorIn(store, folder, options), Option.fromUndefinedOr))

const errorIn = (store: Store, folder: string, options: TaskFilesOptions): Effect.Effect<ReportedError | undefined, DatastoreError> =>
  Effect.matchEffect(fileIn(store, folder, names.error, options), {
    onSuccess: (file) => Effect.succeed(file === undefined ? undefined : reportedIn(file.uri, file.bytes)),
    onFailure: (failure) => failure._tag === "DatastoreError" ? Effect.fail(failure) : Effect.succeed(unusable("ErrorFile", "SYSTEM", failure))
  })

const kinds: ReadonlyArray<Phase.ErrorKind> = ["UNKNOWN", "USER", "SYSTEM"]

const reportedIn = (uri: string, bytes: Uint8Array): ReportedError => {
  const badFormat = (problem: string) => unusable("ErrorFile", "SYSTEM", new TaskFileInvalid({ uri, fault: "BadFormat", problem }))
  const document = Wire.decode(Idl.ErrorDocumentSchema, bytes)
  if (Result.isFailure(document)) return badFormat(document.failure.message)
  const { error } = document.success
  if (error === undefined) return badFormat("it is an error document without an error")
  return {
    error: { code: error.code === "" ? "Unknown" : error.code, message: error.message, kind: kinds[error.origin] ?? "UNKNOWN" },
    recoverable: error.kind === Idl.ContainerError_Kind.RECOVERABLE
  }
}

/** Outputs that are too large will be so again; anything else may go better with another attempt. */
const unusable = (file: "Outputs" | "ErrorFile", kind: Phase.ErrorKind, invalid: TaskFileInvalid): ReportedError => ({
  error: { code: `${file}${invalid.fault}`, message: invalid.message, kind },
  recoverable: !(file === "Outputs" && invalid.fault === "TooLarge")
})

/** Writes the report that people look at, `deck.html`. */
export const writeDeck = (folder: string, html: Uint8Array): Effect.Effect<void, DatastoreError, Datastore> => write(folder, names.deck, html)

/** URI of the report, none if the attempt left none. */
export const deck = (folder: string): Effect.Effect<Option.Option<string>, DatastoreError, Datastore> =>
  Effect.gen(function*() {
    const store = yield* Datastore
    return Option.map(yield* store.head(yield* uriOf(folder, names.deck)), ({ uri }) => uri)
  })

/** URIs of what an attempt saved for its successor, below its folder of checkpoints; empty if nothing. */
export const checkpoints = (checkpointPrefix: string): Effect.Effect<ReadonlyArray<string>, DatastoreError, Datastore> =>
  Effect.gen(function*() {
    const store = yield* Datastore
    return (yield* store.list(checkpointPrefix)).map(({ uri }) => uri)
  })
