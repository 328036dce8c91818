import { assert, describe, expect, it } from "@effect/vitest"
import { type Copilot, type Idl, LiteralTypes, LiteralValues, Literals } from "@fairlead/core"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as CopilotDownload from "../src/CopilotDownload.ts"
import * as CopilotSidecar from "../src/CopilotSidecar.ts"
import { Datastore, DatastoreError } from "../src/Datastore.ts"
import * as DatastoreMemory from "../src/DatastoreMemory.ts"
import { LocalFiles, LocalFilesError } from "../src/LocalFiles.ts"
import * as LocalFilesMemory from "../src/LocalFilesMemory.ts"
import * as TaskFiles from "../src/TaskFiles.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const { fromName } = LiteralTypes

const optionsFor = (types: { readonly [name: string]: Idl.LiteralType }, more: Partial<Copilot.Sidecar> = {}): Copilot.Sidecar => ({
  toOutputPrefix: "s3://out/1",
  toRawOutput: "s3://raw/1",
  fromLocalDir: "/out/",
  timeoutMillis: 60_000,
  outputsName: "outputs.pb",
  errorName: "error.pb",
  interface: { $typeName: "flyteidl2.core.TypedInterface", outputs: LiteralTypes.variables(Object.entries(types).map(([name, type]) => ({ name, type }))) },
  ...more
})

const worldOf = (files: { readonly [path: string]: string }) => {
  const objects = new Map<string, Uint8Array>()
  const disk: LocalFilesMemory.MemoryDisk = new Map(Object.entries(files).map(([path, contents]) => [`/out/${path}`, bytes(contents)]))
  return { objects, disk, layers: Layer.merge(DatastoreMemory.layerOf({ objects }), LocalFilesMemory.layer(disk)) }
}

/** What a task that wrote these files leaves behind. */
const sidecar = (types: { readonly [name: string]: Idl.LiteralType }, files: { readonly [path: string]: string }, more: Partial<Copilot.Sidecar> = {}) => {
  const { layers, objects } = worldOf(files)
  return Effect.gen(function*() {
    const outcome = yield* CopilotSidecar.run(optionsFor(types, more), Effect.void)
    const read = yield* TaskFiles.readOutcome("s3://out/1")
    const stored = Object.fromEntries([...objects].filter(([uri]) => !uri.endsWith(".pb")).map(([uri, contents]) => [uri, new TextDecoder().decode(contents)]))
    return { outcome, read, stored, uris: [...objects.keys()].sort() }
  }).pipe(Effect.provide(layers))
}

const message = (types: { readonly [name: string]: Idl.LiteralType }, files: { readonly [path: string]: string }) =>
  Effect.map(sidecar(types, files), ({ outcome, read }) => {
    assert(outcome._tag === "Reported" && read._tag === "Error")
    expect(read).toMatchObject({ recoverable: true, error: { code: "OutputUploadFailed", kind: outcome.error.kind, message: outcome.error.description } })
    return outcome.error
  })

describe("run", () => {
  it.effect("stores values, files and folders under the declared names", () =>
    Effect.gen(function*() {
      const { outcome, read, stored } = yield* sidecar(
        { n: fromName("integer"), t: fromName("string"), s: fromName("struct"), file: LiteralTypes.blob({ format: "csv" }), folder: fromName("blob") },
        { n: "5\n", t: " hello ", "s.json": '{"a":1}', "file.csv": "1,2", "folder/x": "x", "folder/deep/y": "y", other: "not declared" }
      )
      assert(outcome._tag === "Uploaded" && read._tag === "Outputs")
      expect(LiteralValues.mapToValue(read.outputs)).toEqual({ n: 5, t: "hello", s: { a: 1 }, file: "s3://raw/1/file", folder: "s3://raw/1/folder" })
      expect(Literals.isMultipart(Literals.blobOf(read.outputs.literals["folder"]!)!)).toBe(true)
      expect(Literals.blobOf(read.outputs.literals["file"]!)!.metadata?.type?.format).toBe("csv")
      expect(stored).toEqual({ "s3://raw/1/file": "1,2", "s3://raw/1/folder/x": "x", "s3://raw/1/folder/deep/y": "y" })
    }))

  it.effect("never lets a file take the place of outputs.pb", () =>
    Effect.gen(function*() {
      const { uris } = yield* sidecar({ "outputs.pb": fromName("blob") }, { "outputs.pb": "x" }, { toRawOutput: "s3://out/1" })
      expect(uris).toEqual(["s3://out/1/_outputs.pb", "s3://out/1/outputs.pb"])
    }))

  it.effect("writes the names that it is told", () =>
    Effect.gen(function*() {
      const names = { outputsName: "o.pb", errorName: "e.pb" }
      expect((yield* sidecar({ n: fromName("integer") }, { n: "5" }, names)).uris).toEqual(["s3://out/1/o.pb"])
      expect((yield* sidecar({ n: fromName("integer") }, {}, names)).uris).toEqual(["s3://out/1/e.pb"])
    }))

  it.effect("waits for the end of the task", () => {
    const { disk, layers, objects } = worldOf({})
    return Effect.gen(function*() {
      const ended = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(CopilotSidecar.run(optionsFor({ n: fromName("integer") }), Deferred.await(ended)))
      yield* TestClock.adjust("2 hours")
      expect(objects.size).toBe(0)
      disk.set("/out/n", bytes("7"))
      yield* Deferred.succeed(ended, undefined)
      expect(yield* Fiber.join(fiber)).toMatchObject({ _tag: "Uploaded" })
    }).pipe(Effect.provide(layers))
  })

  it.effect("has nothing to wait for without declared outputs", () =>
    Effect.gen(function*() {
      const { layers, objects } = worldOf({ _ERROR: "x" })
      for (const options of [optionsFor({}), { ...optionsFor({}), interface: undefined }]) {
        expect(yield* CopilotSidecar.run(options, Effect.never).pipe(Effect.provide(layers))).toMatchObject({ _tag: "Uploaded" })
      }
      expect(objects.size).toBe(0)
    }))

  it.effect.each<[string, Idl.LiteralType, { readonly [path: string]: string }, string]>([
    ["no file", fromName("integer"), { a: "", "b/c": "" }, "output n is missing: the task wrote no file /out/n; it wrote a, b"],
    ["nothing at all", fromName("integer"), {}, "output n is missing: the task wrote no file /out/n; it wrote nothing"],
    ["two files with extensions", fromName("integer"), { "n.txt": "1", "n.json": "1" }, "output n is ambiguous: the task wrote n.json and n.txt"],
    ["a folder for a value", fromName("integer"), { "n/x": "1" }, "output n: /out/n is a folder; a value is a file"],
    ["a value that is too large", fromName("string"), { n: "x".repeat(1025) }, "output n: /out/n has 1025 bytes, and a value has at most 1024; declare it as blob"],
    ["a value of another type", fromName("integer"), { n: "five" }, 'output n: /out/n: expected integer, found "five"'],
    ["a type that files cannot carry", LiteralTypes.collection(fromName("integer")), { "n/0": "1" }, "output n is declared as list of integer, which cannot be taken from files; declare a simple type or a blob"],
    ["the task's own error", fromName("integer"), { n: "5", _ERROR: "I give up\n" }, "User Error: I give up"],
    ["an error that is too large", fromName("integer"), { _ERROR: "x".repeat(1024 * 1024 + 1) }, "the task failed, but /out/_ERROR has 1048577 bytes, and at most 1048576 are read"],
    ["a folder for the error", fromName("integer"), { "_ERROR/x": "" }, "/out/_ERROR is a folder; write the error as text into a file of this name"]
  ])("reports %s", ([, type, files, expected]) =>
    Effect.gen(function*() {
      const error = yield* message({ n: type }, files)
      expect(error).toMatchObject({ code: "OutputUploadFailed", kind: "USER", description: expected })
    }))

  it.effect("takes values up to the limit", () =>
    Effect.gen(function*() {
      const { outcome } = yield* sidecar({ n: fromName("string") }, { n: "x".repeat(1024) })
      expect(outcome._tag).toBe("Uploaded")
    }))

  it.effect("reports every output that is wrong", () =>
    Effect.gen(function*() {
      const error = yield* message({ a: fromName("integer"), b: fromName("boolean"), c: fromName("string") }, { a: "x", b: "y", c: "z" })
      expect(error.description).toBe('output a: /out/a: expected integer, found "x"; output b: /out/b: expected boolean, found "y"')
    }))

  it.effect("blames the system when the disk fails, even if the task is wrong as well", () => {
    const { disk, objects } = worldOf({ a: "x", b: "1" })
    const memory = LocalFilesMemory.make(disk)
    const broken = Layer.succeed(LocalFiles, {
      ...memory,
      read: (path) => path === "/out/b" ? Effect.fail(new LocalFilesError({ method: "read", path, description: "EIO" })) : memory.read(path)
    })
    return Effect.gen(function*() {
      const outcome = yield* CopilotSidecar.run(optionsFor({ a: fromName("integer"), b: fromName("integer") }), Effect.void)
      expect(outcome).toMatchObject({ _tag: "Reported", error: { kind: "SYSTEM", description: "LocalFiles.read failed: EIO: /out/b" } })
    }).pipe(Effect.provide(Layer.merge(DatastoreMemory.layerOf({ objects }), broken)))
  })

  it.effect("fails when not even the error can be stored", () => {
    const down = new DatastoreError({ method: "write", uri: "s3://out/1", reason: { _tag: "Unavailable", description: "down" } })
    const broken = Layer.succeed(Datastore, { ...DatastoreMemory.make(), write: () => Effect.fail(down) })
    return Effect.gen(function*() {
      expect(yield* Effect.flip(CopilotSidecar.run(optionsFor({ n: fromName("integer") }), Effect.void))).toBe(down)
    }).pipe(Effect.provide(Layer.merge(broken, LocalFilesMemory.layer())))
  })
})

describe("sidecar and download together", () => {
  it.effect("carry the outputs of one task into the next", () => {
    const { disk, layers } = worldOf({ n: "5", file: "contents", "set/a": "1" })
    return Effect.gen(function*() {
      yield* CopilotSidecar.run(optionsFor({ n: fromName("integer"), file: fromName("blob"), set: fromName("blob") }), Effect.void)
      yield* CopilotDownload.run({
        fromRemote: "s3://out/1/outputs.pb", toOutputPrefix: "s3://out/2", toLocalDir: "/next", format: "JSON", layout: "DIRECT",
        timeoutMillis: 0, errorName: "error.pb", interface: undefined
      })
      const written = [...disk].filter(([path, contents]) => path.startsWith("/next/") && contents !== null && !path.includes("inputs."))
      expect(written.map(([path, contents]) => [path, new TextDecoder().decode(contents!)])).toEqual([["/next/file", "contents"], ["/next/n", "5"], ["/next/set/a", "1"]])
    }).pipe(Effect.provide(layers))
  })
})
