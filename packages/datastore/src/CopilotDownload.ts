/** `copilot download`: puts the inputs of a task into a folder, one file per input, and a summary of all of them. */
import { type Copilot as Command, Durations, Idl, Literals, LiteralText, LiteralValues, Wire } from "@fairlead/core"
import { Effect, Result } from "effect"
import type { CopilotError } from "./CopilotError.ts"
import { Datastore, type DatastoreError } from "./Datastore.ts"
import { concurrency, type CopilotFault, describe, FileProblem, report, within } from "./internal/copilotFaults.ts"
import { jsonText, type SummaryValue } from "./internal/summary.ts"
import { LocalFiles } from "./LocalFiles.ts"
import * as Reference from "./Reference.ts"

type Moving<A> = Effect.Effect<A, CopilotFault, Datastore | LocalFiles>

/**
 * Brings the inputs of a task to the local disk.
 *
 * Simple values become text, objects JSON, files and folders are copied, lists and maps become folders. `inputs.pb` holds
 * all of them with local paths in place of URIs; `inputs.json` or `inputs.yaml` says the same for programs without
 * protobuf. A failure is written to `error.pb` and fails this effect, too, so that the task does not start without its inputs.
 */
export const run = (options: Command.Download): Effect.Effect<void, CopilotError | DatastoreError, Datastore | LocalFiles> =>
  within("bringing the inputs", options.timeoutMillis, download(options)).pipe(
    Effect.mapError((fault) => describe("InputDownloadFailed", fault)),
    Effect.tapError((error) => report(options, error))
  )

const download = (options: Command.Download): Moving<void> =>
  Effect.gen(function*() {
    const store = yield* Datastore
    const files = yield* LocalFiles
    const decoded = Literals.decodeMap(yield* store.read(options.fromRemote))
    if (Result.isFailure(decoded)) return yield* new FileProblem({ problem: `${options.fromRemote}: ${decoded.failure.message}` })
    const folder = options.toLocalDir.replace(/(?<=.)\/+$/, "")
    yield* files.makeFolder(folder)
    const placed = yield* placeMap(decoded.success, folder, options.layout)
    yield* files.write(`${folder}/inputs.pb`, Literals.encodeMap(Literals.literalMap(placed.literals)))
    if (options.format === "PROTO") return
    const name = options.format === "JSON" ? "inputs.json" : "inputs.yaml"
    yield* files.write(`${folder}/${name}`, new TextEncoder().encode(jsonText(placed.values)))
  })

/** A literal with local paths, and the same for the summary. */
interface Placed {
  readonly literal: Idl.Literal
  readonly value: SummaryValue
}

interface PlacedMap {
  readonly literals: { readonly [name: string]: Idl.Literal }
  readonly values: { readonly [name: string]: SummaryValue }
}

const placeMap = (map: Idl.LiteralMap, folder: string, layout: Command.Layout): Moving<PlacedMap> =>
  Effect.gen(function*() {
    const names = Object.keys(map.literals).sort()
    const entries = yield* Effect.forEach(names, (name) => Effect.map(placeNamed(map.literals[name]!, name, folder, layout), (it) => [name, it] as const), { concurrency })
    return {
      literals: Object.fromEntries(entries.map(([name, { literal }]) => [name, literal])),
      values: Object.fromEntries(entries.map(([name, { value }]) => [name, value]))
    }
  })

/** Under `NAMED_DIR` a single file lies in a folder named for the input, under its own name. */
const placeNamed = (original: Idl.Literal, name: string, folder: string, layout: Command.Layout): Moving<Placed> =>
  Effect.gen(function*() {
    const literal = yield* loaded(original)
    const path = yield* below(folder, name)
    const file = layout === "NAMED_DIR" ? singleFile(literal) : undefined
    return yield* place(literal, file === undefined ? path : yield* below(path, Reference.baseName(file.uri)), layout)
  })

/** A literal that was too large for its map lies in a file of its own. */
const loaded = (literal: Idl.Literal): Moving<Idl.Literal> =>
  Effect.gen(function*() {
    if (literal.value.case !== "offloadedMetadata") return literal
    const { uri } = literal.value.value
    const decoded = Wire.decode(Idl.LiteralSchema, yield* (yield* Datastore).read(uri))
    return Result.isSuccess(decoded) ? decoded.success : yield* new FileProblem({ problem: `${uri}: ${decoded.failure.message}` })
  })

/** Names come from a file that anybody may have written; none of them may lead out of the folder. */
const below = (folder: string, name: string): Effect.Effect<string, FileProblem> =>
  name === "" || name === "." || name === ".." || /[/\0]/.test(name)
    ? Effect.fail(new FileProblem({ problem: `${JSON.stringify(name)} cannot be the name of a file` }))
    : Effect.succeed(`${folder}/${name}`)

const singleFile = (literal: Idl.Literal): Idl.Blob | undefined => {
  const blob = Literals.blobOf(literal)
  return blob === undefined || Literals.isMultipart(blob) ? undefined : blob
}

const place = (literal: Idl.Literal, path: string, layout: Command.Layout): Moving<Placed> => {
  switch (literal.value.case) {
    case "scalar":
      return placeScalar(literal, literal.value.value, path, layout)
    case "collection":
      return placeList(literal.value.value.literals, path, layout)
    case "map":
      return Effect.gen(function*() {
        yield* (yield* LocalFiles).makeFolder(path)
        const { literals, values } = yield* placeMap((literal.value as { value: Idl.LiteralMap }).value, path, layout)
        return { literal: Literals.map(literals), value: values }
      })
    default:
      return Effect.fail(new FileProblem({ problem: `${path}: the value is empty` }))
  }
}

/** Items are numbered; under `NAMED_DIR` files keep their names, numbered only where two are called the same. */
const placeList = (items: ReadonlyArray<Idl.Literal>, path: string, layout: Command.Layout): Moving<Placed> =>
  Effect.gen(function*() {
    yield* (yield* LocalFiles).makeFolder(path)
    const literals = yield* Effect.forEach(items, loaded, { concurrency })
    const taken = new Set<string>()
    const names = literals.map((item, index) => {
      const file = layout === "NAMED_DIR" ? singleFile(item) : undefined
      const own = file === undefined ? String(index) : Reference.baseName(file.uri)
      const name = own === "" || taken.has(own) ? `${index}_${own}` : own
      taken.add(name)
      return name
    })
    const placed = yield* Effect.forEach(
      literals,
      (item, index) => Effect.flatMap(below(path, names[index]!), (at) => place(item, at, layout)),
      { concurrency }
    )
    return { literal: Literals.collection(placed.map((it) => it.literal)), value: placed.map((it) => it.value) }
  })

const placeScalar = (literal: Idl.Literal, { value }: Idl.Scalar, path: string, layout: Command.Layout): Moving<Placed> => {
  switch (value.case) {
    case "blob":
      return Effect.as(fetchBlob(value.value.uri, Literals.isMultipart(value.value), path), {
        literal: Literals.scalar({ case: "blob", value: { ...value.value, uri: path } }),
        value: path
      })
    case "schema":
      return Effect.as(fetchBlob(value.value.uri, true, path), {
        literal: Literals.scalar({ case: "schema", value: { ...value.value, uri: path } }),
        value: path
      })
    case "union": {
      const { value: inner } = value.value
      if (inner === undefined) return Effect.fail(new FileProblem({ problem: `${path}: the value is empty` }))
      return Effect.map(place(inner, path, layout), (placed) => ({
        literal: Literals.scalar({ case: "union", value: { ...value.value, value: placed.literal } }),
        value: placed.value
      }))
    }
    default:
      return placeText(literal, path)
  }
}

const placeText = (literal: Idl.Literal, path: string): Moving<Placed> =>
  Effect.gen(function*() {
    const contents = LiteralText.toFile(literal)
    if (contents === undefined) {
      const kind = literal.value.case === "scalar" ? literal.value.value.value.case : literal.value.case
      return yield* new FileProblem({ problem: `${path}: a value of kind ${kind} cannot be put into a file` })
    }
    yield* (yield* LocalFiles).write(path, contents)
    return { literal, value: summaryValue(literal) }
  })

/** Numbers of the summary are exact, lengths of time are nanoseconds, as Flyte writes them. */
const summaryValue = (literal: Idl.Literal): SummaryValue => {
  const primitive = literal.value.case === "scalar" && literal.value.value.value.case === "primitive" ? literal.value.value.value.value.value : undefined
  if (primitive?.case === "integer") return primitive.value
  if (primitive?.case === "duration") return Durations.join(primitive.value)
  return LiteralValues.toValue(literal)
}

const fetchBlob = (uri: string, isFolder: boolean, path: string): Moving<void> =>
  Effect.gen(function*() {
    const store = yield* Datastore
    const files = yield* LocalFiles
    if (!isFolder) return yield* files.writeStream(path, store.readStream(uri))
    const folder = Reference.parse(uri)
    if (Result.isFailure(folder)) return yield* new FileProblem({ problem: `${uri}: ${folder.failure}` })
    yield* files.makeFolder(path)
    const start = Reference.format(folder.success).length + 1
    yield* Effect.forEach(yield* store.list(uri), (object) => files.writeStream(`${path}/${object.uri.slice(start)}`, store.readStream(object.uri)), {
      concurrency,
      discard: true
    })
  })
