import { describe, expect, it } from "@effect/vitest"
import { type Copilot, Idl, Literals, LiteralValues, Wire } from "@fairlead/core"
import { Effect, Fiber, Layer, Result } from "effect"
import { TestClock } from "effect/testing"
import * as CopilotDownload from "../src/CopilotDownload.ts"
import { Datastore } from "../src/Datastore.ts"
import * as DatastoreMemory from "../src/DatastoreMemory.ts"
import * as LocalFilesMemory from "../src/LocalFilesMemory.ts"
import * as TaskFiles from "../src/TaskFiles.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (contents: Uint8Array | null | undefined): string | null => contents == null ? null : new TextDecoder().decode(contents)

const options: Copilot.Download = {
  fromRemote: "s3://in/inputs.pb",
  toOutputPrefix: "s3://out/1",
  toLocalDir: "/in",
  format: "JSON",
  layout: "DIRECT",
  timeoutMillis: 60_000,
  errorName: "error.pb",
  interface: undefined
}

/** What lies where after a download of these inputs, and what it ended with. */
const download = (literals: { readonly [name: string]: Idl.Literal }, more: Partial<Copilot.Download> = {}, stored: { readonly [uri: string]: string } = {}) =>
  Effect.gen(function*() {
    const objects = new Map(Object.entries(stored).map(([uri, contents]) => [uri, bytes(contents)] as const))
    objects.set("s3://in/inputs.pb", Literals.encodeMap(Literals.literalMap(literals)))
    const disk: LocalFilesMemory.MemoryDisk = new Map()
    const layers = Layer.merge(DatastoreMemory.layerOf({ objects }), LocalFilesMemory.layer(disk))
    const result = yield* CopilotDownload.run({ ...options, ...more }).pipe(Effect.result, Effect.provide(layers))
    const files = Object.fromEntries([...disk].map(([path, contents]) => [path, path.endsWith(".pb") ? "" : text(contents)]))
    const summary = disk.get("/in/inputs.pb")
    const inputs = summary == null ? undefined : LiteralValues.mapToValue(Result.getOrThrow(Literals.decodeMap(summary)))
    const reported = yield* TaskFiles.readOutcome(options.toOutputPrefix).pipe(Effect.provide(DatastoreMemory.layerOf({ objects })))
    return { result, files, inputs, reported }
  })

const failure = (literals: { readonly [name: string]: Idl.Literal }, more: Partial<Copilot.Download> = {}) =>
  Effect.map(download(literals, more), ({ reported, result }) => ({ reported, error: Result.getOrThrow(Result.flip(result)) }))

describe("run", () => {
  it.effect("writes a file per value, and a summary of all", () =>
    Effect.gen(function*() {
      const { files, inputs, result } = yield* download({
        int: Literals.integer(2n ** 60n),
        float: Literals.float(1e-7),
        text: Literals.string("two\nlines"),
        flag: Literals.boolean(true),
        at: Literals.datetime({ seconds: 0n, nanos: 0 }),
        long: Literals.duration(90_000_000_000n),
        object: Literals.struct({ b: [1], a: null }),
        none: Literals.none(),
        raw: Literals.binary(bytes("raw")),
        list: Literals.collection([Literals.integer(1), Literals.string("x")]),
        map: Literals.map({ k: Literals.boolean(false) })
      })
      expect(Result.isSuccess(result)).toBe(true)
      expect(files).toEqual({
        "/in": null,
        "/in/int": "1152921504606846976",
        "/in/float": "0.0000001",
        "/in/text": "two\nlines",
        "/in/flag": "true",
        "/in/at": "1970-01-01T00:00:00Z",
        "/in/long": "1m30s",
        "/in/object": '{"b":[1],"a":null}',
        "/in/none": "null",
        "/in/raw": "raw",
        "/in/list": null,
        "/in/list/0": "1",
        "/in/list/1": "x",
        "/in/map": null,
        "/in/map/k": "false",
        "/in/inputs.pb": "",
        "/in/inputs.json": '{"at":"1970-01-01T00:00:00Z","flag":true,"float":1e-7,"int":1152921504606846976,"list":[1,"x"],"long":90000000000,' +
          '"map":{"k":false},"none":null,"object":{"a":null,"b":[1]},"raw":"cmF3","text":"two\\nlines"}'
      })
      expect(inputs).toMatchObject({ int: "1152921504606846976", list: [1, "x"] })
    }))

  it.effect("copies files and folders, and names them by their local paths", () =>
    Effect.gen(function*() {
      const union = Literals.scalar({ case: "union", value: { $typeName: "flyteidl2.core.Union", value: Literals.blob("s3://b/file.gz") } })
      const { files, inputs } = yield* download(
        { one: Literals.blob("s3://b/file.gz"), set: Literals.blob("s3://b/set", { multipart: true }), empty: Literals.blob("s3://b/none", { multipart: true }), maybe: union },
        { format: "PROTO" },
        { "s3://b/file.gz": "zipped", "s3://b/set/x": "x", "s3://b/set/deep/y": "y", "s3://b/settle": "not in it" }
      )
      expect(files).toEqual({
        "/in": null, "/in/one": "zipped", "/in/set": null, "/in/set/x": "x", "/in/set/deep/y": "y", "/in/empty": null, "/in/maybe": "zipped", "/in/inputs.pb": ""
      })
      expect(inputs).toEqual({ one: "/in/one", set: "/in/set", empty: "/in/empty", maybe: "/in/maybe" })
    }))

  it.effect("keeps the names of files under NAMED_DIR, numbered where they are the same", () =>
    Effect.gen(function*() {
      const { files } = yield* download(
        { one: Literals.blob("s3://b/a.gz"), list: Literals.collection([Literals.blob("s3://b/a.gz"), Literals.blob("s3://c/a.gz"), Literals.integer(5)]) },
        { layout: "NAMED_DIR", format: "YAML" },
        { "s3://b/a.gz": "first", "s3://c/a.gz": "second" }
      )
      expect(files).toEqual({
        "/in": null, "/in/one/a.gz": "first", "/in/list": null, "/in/list/a.gz": "first", "/in/list/1_a.gz": "second", "/in/list/2": "5", "/in/inputs.pb": "",
        "/in/inputs.yaml": '{"list":["/in/list/a.gz","/in/list/1_a.gz",5],"one":"/in/one/a.gz"}'
      })
    }))

  it.effect("reads a literal that lies in a file of its own", () =>
    Effect.gen(function*() {
      const literal = Wire.encode(Idl.LiteralSchema, Literals.string("large"))
      const offloaded = { ...Literals.none(), value: { case: "offloadedMetadata", value: { $typeName: "flyteidl2.core.LiteralOffloadedMetadata", uri: "s3://b/lit.pb", sizeBytes: 5n } } } as Idl.Literal
      const { files } = yield* download({ x: offloaded }, {}, { "s3://b/lit.pb": new TextDecoder().decode(literal) })
      expect(files["/in/x"]).toBe("large")
    }))

  it.effect.each<[string, Idl.Literal, string]>([
    ["a file that is not there", Literals.blob("s3://b/nothing"), "NotFound: nothing is stored here: s3://b/nothing"],
    ["a file that is no URI", Literals.blob("nothing"), "InvalidUri: it has no scheme; write it as s3://bucket/key or file:///folder/file: nothing"],
    ["an empty value", { ...Literals.none(), value: { case: undefined } } as Idl.Literal, "/in/x: the value is empty"],
    ["a dataset", Literals.scalar({ case: "structuredDataset", value: { $typeName: "flyteidl2.core.StructuredDataset", uri: "s3://b/d" } }), "/in/x: a value of kind structuredDataset cannot be put into a file"],
    ["a map whose key leads elsewhere", Literals.map({ "../../etc": Literals.integer(1) }), '"../../etc" cannot be the name of a file']
  ])("reports %s, and fails so that the task does not start", ([, literal, expected]) =>
    Effect.gen(function*() {
      const { error, reported } = yield* failure({ x: literal })
      expect(error).toMatchObject({ _tag: "CopilotError", code: "InputDownloadFailed", kind: "USER" })
      expect(error.message).toContain(expected)
      expect(reported).toEqual({ _tag: "Error", recoverable: true, error: { code: "InputDownloadFailed", kind: "USER", message: expect.stringContaining(expected) as string } })
    }))

  it.effect("reports inputs that are not there or no inputs", () =>
    Effect.gen(function*() {
      const objects = new Map([["s3://in/bad.pb", Uint8Array.of(10, 5, 1)]])
      const layers = Layer.merge(DatastoreMemory.layerOf({ objects }), LocalFilesMemory.layer())
      const messages: Array<string> = []
      for (const fromRemote of ["s3://in/none.pb", "s3://in/bad.pb"]) {
        messages.push((yield* CopilotDownload.run({ ...options, fromRemote }).pipe(Effect.flip, Effect.provide(layers))).message)
      }
      expect(messages[0]).toBe("[InputDownloadFailed] Datastore.read failed: NotFound: nothing is stored here: s3://in/none.pb")
      expect(messages[1]).toContain("[InputDownloadFailed] s3://in/bad.pb: 3 bytes are no core.LiteralMap: ")
    }))

  it.effect("gives up on a store that does not answer in time", () =>
    Effect.gen(function*() {
      const objects = new Map<string, Uint8Array>()
      const slow = Layer.succeed(Datastore, { ...DatastoreMemory.make({ objects }), read: () => Effect.never })
      const fiber = yield* CopilotDownload.run(options).pipe(Effect.flip, Effect.provide(Layer.merge(slow, LocalFilesMemory.layer())), Effect.forkChild)
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(fiber)
      expect(error).toMatchObject({ kind: "SYSTEM", message: "[InputDownloadFailed] bringing the inputs took longer than 60 s" })
      expect([...objects.keys()]).toEqual(["s3://out/1/error.pb"])
    }))
})
