import { assert, describe, expect, it } from "@effect/vitest"
import { Idl, Literals, LiteralValues, Wire } from "@fairlead/core"
import { Effect, Layer, Option } from "effect"
import { Datastore, DatastoreError } from "../src/Datastore.ts"
import * as DatastoreMemory from "../src/DatastoreMemory.ts"
import * as TaskFiles from "../src/TaskFiles.ts"

const folder = "s3://bucket/run/a0/1"
const outputs = Literals.literalMap({ o: Literals.string("hello") })
const reported: TaskFiles.ReportedError = { error: { code: "Oops", message: "it broke", kind: "USER" }, recoverable: true }

const run = <A, E>(effect: Effect.Effect<A, E, Datastore>) => Effect.provide(effect, DatastoreMemory.layer)
const put = (name: string, bytes: ReadonlyArray<number>) =>
  Effect.flatMap(Datastore, (store) => store.write(`${folder}/${name}`, Uint8Array.from(bytes)))

describe("inputs", () => {
  it.effect("readInputs gives back what writeInputs wrote", () =>
    run(Effect.gen(function*() {
      yield* TaskFiles.writeInputs(folder, Literals.literalMap({ x: Literals.integer(1) }))
      expect(LiteralValues.mapToValue(yield* TaskFiles.readInputs(`${folder}/`))).toEqual({ x: 1 })
    })))

  it.effect("readInputs takes no file as no inputs", () =>
    run(Effect.gen(function*() {
      expect((yield* TaskFiles.readInputs(folder)).literals).toEqual({})
    })))

  it.effect("readInputs tells what is wrong with a file that is no map of literals", () =>
    run(Effect.gen(function*() {
      yield* put("inputs.pb", [10, 5, 1])
      const error = yield* Effect.flip(TaskFiles.readInputs(folder))
      expect(error).toMatchObject({ _tag: "TaskFileInvalid", fault: "BadFormat", retryable: false })
      expect(error.message).toContain(`${folder}/inputs.pb: 3 bytes are no core.LiteralMap: `)
    })))

  it.effect("a folder that is no URI fails with the text", () =>
    run(Effect.gen(function*() {
      const error = yield* Effect.flip(TaskFiles.readInputs("inputs"))
      expect(error).toMatchObject({ _tag: "DatastoreError", uri: "inputs", reason: { _tag: "InvalidUri" } })
    })))
})

describe("readOutcome", () => {
  it.effect("is Nothing when the attempt left nothing", () =>
    run(Effect.gen(function*() {
      expect(yield* TaskFiles.readOutcome(folder)).toEqual({ _tag: "Nothing" })
    })))

  it.effect("is the outputs when there are any", () =>
    run(Effect.gen(function*() {
      yield* TaskFiles.writeOutputs(folder, outputs)
      expect(yield* TaskFiles.readOutcome(folder)).toEqual({ _tag: "Outputs", outputs })
    })))

  it.effect("takes an empty outputs.pb as a void result", () =>
    run(Effect.gen(function*() {
      yield* put("outputs.pb", [])
      const outcome = yield* TaskFiles.readOutcome(folder)
      assert(outcome._tag === "Outputs")
      expect(outcome.outputs.literals).toEqual({})
    })))

  it.effect("is the error when there are both", () =>
    run(Effect.gen(function*() {
      yield* TaskFiles.writeOutputs(folder, outputs)
      yield* TaskFiles.writeError(folder, reported)
      expect(yield* TaskFiles.readOutcome(folder)).toEqual({ _tag: "Error", ...reported })
    })))

  it.effect.each([
    { error: { code: "A", message: "", kind: "SYSTEM" }, recoverable: false },
    { error: { code: "B", message: "m", kind: "UNKNOWN" }, recoverable: true }
  ] satisfies ReadonlyArray<TaskFiles.ReportedError>)("gives back the error that writeError wrote: $error.code", (error) =>
    run(Effect.gen(function*() {
      yield* TaskFiles.writeError(folder, error)
      expect(yield* TaskFiles.readOutcome(folder)).toEqual({ _tag: "Error", ...error })
    })))

  it.effect.each([
    ["error.pb", [10, 5, 1], { code: "ErrorFileBadFormat", kind: "SYSTEM", message: "3 bytes are no core.ErrorDocument", recoverable: true }],
    ["error.pb", [], { code: "ErrorFileBadFormat", kind: "SYSTEM", message: "it is an error document without an error", recoverable: true }],
    ["error.pb", Array.from({ length: 200 }, () => 0), { code: "ErrorFileTooLarge", kind: "SYSTEM", message: "it has 200 bytes, and at most 100 are read", recoverable: true }],
    ["outputs.pb", [10, 5, 1], { code: "OutputsBadFormat", kind: "USER", message: "3 bytes are no core.LiteralMap", recoverable: true }],
    ["outputs.pb", Array.from({ length: 200 }, () => 0), { code: "OutputsTooLarge", kind: "USER", message: "it has 200 bytes, and at most 100 are read; pass large values as files", recoverable: false }]
  ] as const)("takes a %s that cannot be used (%#) as an error of the attempt", ([name, contents, expected]) =>
    run(Effect.gen(function*() {
      yield* put(name, contents)
      const outcome = yield* TaskFiles.readOutcome(folder, { maxBytes: 100 })
      assert(outcome._tag === "Error")
      expect(outcome).toMatchObject({ recoverable: expected.recoverable, error: { code: expected.code, kind: expected.kind } })
      expect(outcome.error.message).toContain(`${folder}/${name}: ${expected.message}`)
    })))

  it.effect("an error without a code is Unknown", () =>
    run(Effect.gen(function*() {
      const document = { $typeName: "flyteidl2.core.ErrorDocument", error: { $typeName: "flyteidl2.core.ContainerError", code: "", message: "m", kind: 0, origin: 0 } } as const
      yield* put("error.pb", [...Wire.encode(Idl.ErrorDocumentSchema, document)])
      expect(yield* TaskFiles.readError(folder)).toEqual(Option.some({ error: { code: "Unknown", message: "m", kind: "UNKNOWN" }, recoverable: false }))
    })))

  it.effect("reads files of any size when told so", () =>
    run(Effect.gen(function*() {
      const large = Literals.literalMap({ o: Literals.string("x".repeat(3 * 1024 * 1024)) })
      yield* TaskFiles.writeOutputs(folder, large)
      expect(yield* TaskFiles.readOutcome(folder)).toMatchObject({ _tag: "Error", error: { code: "OutputsTooLarge" } })
      expect((yield* TaskFiles.readOutcome(folder, { maxBytes: 0 }))._tag).toBe("Outputs")
    })))

  it.effect("fails only when the store fails", () => {
    const unavailable = new DatastoreError({ method: "read", uri: folder, reason: { _tag: "Unavailable", description: "down" } })
    const broken = Layer.succeed(Datastore, { ...DatastoreMemory.make(), find: () => Effect.fail(unavailable) })
    return Effect.gen(function*() {
      expect(yield* Effect.flip(TaskFiles.readOutcome(folder))).toBe(unavailable)
    }).pipe(Effect.provide(broken))
  })
})

describe("decks and checkpoints", () => {
  it.effect("deck finds the report when there is one", () =>
    run(Effect.gen(function*() {
      expect(yield* TaskFiles.deck(folder)).toEqual(Option.none())
      yield* TaskFiles.writeDeck(folder, new TextEncoder().encode("<h1>"))
      expect(yield* TaskFiles.deck(folder)).toEqual(Option.some(`${folder}/deck.html`))
    })))

  it.effect("checkpoints lists what was saved", () =>
    run(Effect.gen(function*() {
      yield* put("_flytecheckpoints/b", [1])
      yield* put("_flytecheckpoints/a/c", [1])
      expect(yield* TaskFiles.checkpoints(`${folder}/_flytecheckpoints`)).toEqual([`${folder}/_flytecheckpoints/a/c`, `${folder}/_flytecheckpoints/b`])
    })))
})
