/** `copilot sidecar`: waits for the end of a task, then takes its outputs from a folder, one file per output. */
import { Copilot as Command, type Idl, Literals, LiteralText, LiteralTypes } from "@fairlead/core"
import { Effect, Option, Result } from "effect"
import type { CopilotError } from "./CopilotError.ts"
import { Datastore, type DatastoreError } from "./Datastore.ts"
import { concurrency, type CopilotFault, describe, FileProblem, report, within } from "./internal/copilotFaults.ts"
import { LocalFiles } from "./LocalFiles.ts"
import * as TaskFiles from "./TaskFiles.ts"

type Moving<A> = Effect.Effect<A, CopilotFault, Datastore | LocalFiles>

/** What became of the outputs. `Reported` means that the engine will read the error from `error.pb`. */
export type SidecarOutcome =
  | { readonly _tag: "Uploaded"; readonly outputs: Idl.LiteralMap }
  | { readonly _tag: "Reported"; readonly error: CopilotError }

/**
 * Takes the outputs of a task once `ended` says that the task has ended; a pod tells its sidecars by SIGTERM.
 *
 * A file `_ERROR` in the folder is the task's own word for a failure. Otherwise every declared output needs a file of its
 * name, with or without an extension: values up to 1024 bytes, files and folders of any size. Without declared outputs
 * there is nothing to wait for. Fails only when not even the error can be stored.
 */
export const run = (
  options: Command.Sidecar,
  ended: Effect.Effect<void>
): Effect.Effect<SidecarOutcome, DatastoreError, Datastore | LocalFiles> => {
  const declared = LiteralTypes.declared(options.interface?.outputs)
  if (declared.length === 0) return Effect.succeed({ _tag: "Uploaded", outputs: Literals.literalMap({}) })
  return ended.pipe(
    Effect.andThen(within("storing the outputs", options.timeoutMillis, upload(options, declared))),
    Effect.map((outputs): SidecarOutcome => ({ _tag: "Uploaded", outputs })),
    Effect.catch((fault) => {
      const error = describe("OutputUploadFailed", fault)
      return Effect.as(report(options, error), { _tag: "Reported", error } satisfies SidecarOutcome)
    })
  )
}

const upload = (options: Command.Sidecar, declared: ReadonlyArray<LiteralTypes.Declared>): Moving<Idl.LiteralMap> =>
  Effect.gen(function*() {
    const folder = options.fromLocalDir.replace(/(?<=.)\/+$/, "")
    yield* refuseReportedError(folder)
    const results = yield* Effect.forEach(declared, (output) => Effect.result(take(options, folder, output)), { concurrency })
    const faults = results.flatMap((it) => (Result.isFailure(it) ? [it.failure] : []))
    const [first] = faults
    if (first !== undefined) {
      // The system's faults come first: they decide from which budget the next attempt is taken.
      return yield* faults.find((it) => it._tag !== "FileProblem") ?? new FileProblem({ problem: faults.map((it) => it.message).join("; ") })
    }
    const literals = results.map(Result.getOrThrow)
    const outputs = Literals.literalMap(Object.fromEntries(declared.map(({ name }, index) => [name, literals[index]!])))
    const store = yield* Datastore
    yield* store.write(yield* TaskFiles.uriOf(options.toOutputPrefix, options.outputsName), Literals.encodeMap(outputs))
    return outputs
  })

const { errorFile, errorFileSizeMax } = Command.defaults

const refuseReportedError = (folder: string): Moving<void> =>
  Effect.gen(function*() {
    const files = yield* LocalFiles
    const path = `${folder}/${errorFile}`
    const entry = Option.getOrUndefined(yield* files.stat(path))
    if (entry === undefined) return
    if (entry._tag === "Folder") return yield* new FileProblem({ problem: `${path} is a folder; write the error as text into a file of this name` })
    if (entry.size > errorFileSizeMax) {
      return yield* new FileProblem({ problem: `the task failed, but ${path} has ${entry.size} bytes, and at most ${errorFileSizeMax} are read` })
    }
    return yield* new FileProblem({ problem: `User Error: ${new TextDecoder().decode(yield* files.read(path)).trim()}` })
  })

const take = (options: Command.Sidecar, folder: string, { name, type }: LiteralTypes.Declared): Moving<Idl.Literal> =>
  Effect.gen(function*() {
    switch (type.type.case) {
      case "blob":
        return yield* takeBlob(options, name, type.type.value, yield* find(folder, name))
      case "simple":
        return yield* takeValue(name, type.type.value, yield* find(folder, name))
      default:
        return yield* new FileProblem({
          problem: `output ${name} is declared as ${LiteralTypes.describe(type)}, which cannot be taken from files; declare a simple type or a blob`
        })
    }
  })

interface Found {
  readonly path: string
  readonly size: number
  readonly isFolder: boolean
}

/** A file named for the output, or the only one that has the name in front of a dot. */
const find = (folder: string, name: string): Moving<Found> =>
  Effect.gen(function*() {
    const files = yield* LocalFiles
    const names = yield* files.names(folder)
    const candidates = names.includes(name) ? [name] : names.filter((it) => it.startsWith(`${name}.`))
    const [only] = candidates
    const entry = candidates.length === 1 ? Option.getOrUndefined(yield* files.stat(`${folder}/${only}`)) : undefined
    if (entry !== undefined) return { path: `${folder}/${only}`, size: entry._tag === "File" ? entry.size : 0, isFolder: entry._tag === "Folder" }
    const left = names.length === 0 ? "nothing" : names.join(", ")
    const problem = candidates.length > 1
      ? `output ${name} is ambiguous: the task wrote ${candidates.join(" and ")}`
      : `output ${name} is missing: the task wrote no file ${folder}/${name}; it wrote ${left}`
    return yield* new FileProblem({ problem })
  })

const takeValue = (name: string, type: Idl.SimpleType, { isFolder, path, size }: Found): Moving<Idl.Literal> =>
  Effect.gen(function*() {
    if (isFolder) return yield* new FileProblem({ problem: `output ${name}: ${path} is a folder; a value is a file` })
    if (size > LiteralText.fileSizeMax) {
      return yield* new FileProblem({
        problem: `output ${name}: ${path} has ${size} bytes, and a value has at most ${LiteralText.fileSizeMax}; declare it as blob`
      })
    }
    const literal = LiteralText.fromFile(type, yield* (yield* LocalFiles).read(path))
    return Result.isSuccess(literal) ? literal.success : yield* new FileProblem({ problem: `output ${name}: ${path}: ${literal.failure}` })
  })

/** Files of outputs lie beside `outputs.pb` when the raw folder is the output folder, so they must not take its name. */
const takeBlob = (options: Command.Sidecar, name: string, type: Idl.BlobType, { isFolder, path }: Found): Moving<Idl.Literal> =>
  Effect.gen(function*() {
    const store = yield* Datastore
    const files = yield* LocalFiles
    const reserved: ReadonlyArray<string> = [options.outputsName, options.errorName, TaskFiles.names.deck]
    const uri = yield* TaskFiles.uriOf(options.toRawOutput, reserved.includes(name) ? `_${name}` : name)
    if (!isFolder) {
      yield* store.writeStream(uri, files.readStream(path))
    } else {
      yield* Effect.forEach(yield* files.files(path), (file) =>
        Effect.flatMap(TaskFiles.uriOf(uri, file.path), (target) => store.writeStream(target, files.readStream(`${path}/${file.path}`))), {
        concurrency,
        discard: true
      })
    }
    return Literals.blob(uri, { multipart: isFolder, format: type.format })
  })
