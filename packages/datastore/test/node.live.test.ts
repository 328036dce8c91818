import { describe, expect, it } from "@effect/vitest"
import { type Copilot, LiteralTypes } from "@fairlead/core"
import { Effect, Layer, Option, Stream } from "effect"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { Datastore, type DatastoreError } from "../src/Datastore.ts"
import * as CopilotDownload from "../src/CopilotDownload.ts"
import * as CopilotSidecar from "../src/CopilotSidecar.ts"
import { LocalFiles } from "../src/LocalFiles.ts"
import { DatastoreFile, LocalFilesDisk, makeFolder } from "../src/node.ts"
import { suite } from "../src/testing/DatastoreSuite.ts"
import { suite as localFilesSuite } from "../src/testing/LocalFilesSuite.ts"

const folder = mkdtempSync(join(tmpdir(), "fairlead-datastore-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const root = join(folder, "root")
localFilesSuite("disk", LocalFilesDisk.layer, join(folder, "disk"))
suite("file", DatastoreFile.layer({ root }), { base: `file://${root}/tests` })

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe("DatastoreFile", () => {
  const run = <A, E>(effect: Effect.Effect<A, E, Datastore>) => Effect.provide(effect, DatastoreFile.layer({ root }))

  it.effect("keeps objects as plain files", () =>
    run(Effect.gen(function*() {
      yield* (yield* Datastore).write(`file://${root}/plain/x.txt`, bytes("hello"))
      expect(readFileSync(join(root, "plain/x.txt"), "utf8")).toBe("hello")
      expect(readdirSync(join(root, "plain"))).toEqual(["x.txt"])
    })))

  it.effect("reads files that others wrote, and takes localhost as host", () =>
    run(Effect.gen(function*() {
      const store = yield* Datastore
      yield* store.write(`file://${root}/other`, bytes(""))
      writeFileSync(join(root, "other"), "theirs")
      expect(new TextDecoder().decode(yield* store.read(`file://localhost${root}/other`))).toBe("theirs")
    })))

  it.effect("takes names as long as names can be", () =>
    run(Effect.gen(function*() {
      const store = yield* Datastore
      const uri = `file://${root}/long/${"n".repeat(255)}`
      yield* store.write(uri, bytes("1"))
      yield* store.writeStream(uri, Stream.make(bytes("22")))
      yield* store.copy(uri, `file://${root}/long/copies/${"c".repeat(255)}`)
      expect((yield* store.list(`file://${root}/long`)).map(({ size }) => size)).toEqual([2, 2])
    })))

  it.effect("refuses what is outside of its root", () =>
    run(Effect.gen(function*() {
      const store = yield* Datastore
      for (const uri of [`file://${folder}/secret`, `file://${root}-sibling/x`, "file:///etc/passwd"]) {
        const error = yield* Effect.flip(store.read(uri))
        expect(error.reason).toMatchObject({ _tag: "AccessDenied", description: `it is outside of the folder ${root}` })
      }
    })))

  it.effect("refuses links that lead out, for reading and for writing, and follows those that stay inside", () =>
    run(Effect.gen(function*() {
      const store = yield* Datastore
      writeFileSync(join(folder, "secret"), "secret")
      yield* store.write(`file://${root}/inside/x`, bytes("inside"))
      symlinkSync(folder, join(root, "out"))
      symlinkSync(join(folder, "secret"), join(root, "outfile"))
      symlinkSync(join(root, "inside"), join(root, "alias"))
      for (const attempt of [store.read(`file://${root}/out/secret`), store.read(`file://${root}/outfile`), store.write(`file://${root}/out/new`, bytes("x")), store.write(`file://${root}/out/deep/er/new`, bytes("x"))]) {
        const error = yield* Effect.flip(attempt as Effect.Effect<unknown, DatastoreError>)
        expect(error.reason).toMatchObject({ _tag: "AccessDenied", description: expect.stringContaining("a link leads out of the folder") as string })
      }
      expect(readdirSync(folder).filter((it) => it !== "disk").sort()).toEqual(["root", "secret"])
      expect(new TextDecoder().decode(yield* store.read(`file://${root}/alias/x`))).toBe("inside")
    })))

  it.effect("says that other schemes and hosts are not for it", () =>
    run(Effect.gen(function*() {
      const store = yield* Datastore
      expect((yield* Effect.flip(store.read("s3://b/k"))).message).toBe("Datastore.read failed: InvalidUri: this store holds file:// URIs only: s3://b/k")
      expect((yield* Effect.flip(store.read("file://server/x"))).reason).toMatchObject({ _tag: "InvalidUri", description: expect.stringContaining('a file has no host, here "server"') as string })
    })))

  it.effect("says that a file cannot be a folder as well", () =>
    run(Effect.gen(function*() {
      const store = yield* Datastore
      yield* store.write(`file://${root}/both`, bytes("x"))
      yield* store.write(`file://${root}/folder/x`, bytes("x"))
      expect((yield* Effect.flip(store.write(`file://${root}/both/x`, bytes("x")))).reason._tag).toBe("InvalidUri")
      expect((yield* Effect.flip(store.write(`file://${root}/folder`, bytes("x")))).reason._tag).toBe("InvalidUri")
      expect(yield* store.head(`file://${root}/both/x`)).toEqual(Option.none())
      expect(readdirSync(root).filter((it) => it.endsWith("tmp"))).toEqual([])
    })))
})

describe("makeFolder", () => {
  it("makes what is missing, beside others who do the same, and leaves what is there", async () => {
    const path = join(folder, "deep/deeper/deepest")
    await Promise.all(Array.from({ length: 5 }, () => makeFolder(path)))
    writeFileSync(join(path, "file"), "")
    await makeFolder(`${path}/`)
    expect(readdirSync(path)).toEqual(["file"])
    await expect(makeFolder(join(path, "file"))).rejects.toThrow("EEXIST")
    await expect(makeFolder(join(path, "file/x/y"))).rejects.toThrow("ENOTDIR")
    symlinkSync(join(folder, "nowhere"), join(path, "link"))
    await expect(makeFolder(join(path, "link/x"))).rejects.toThrow("EEXIST")
  })

  // Node's own way does not come back from there.
  it.skipIf(!existsSync("/proc/self"))("ends where none can be made, too (regression)", async () => {
    await expect(makeFolder("/proc/nothing/of/this")).rejects.toThrow("no folder can be made in /proc")
  })
})

describe("copilot on the disk", () => {
  const world = Layer.merge(DatastoreFile.layer({ root }), LocalFilesDisk.layer)
  const typed = LiteralTypes.variables([{ name: "file", type: LiteralTypes.blob() }, { name: "folder", type: LiteralTypes.blob() }, { name: "n", type: LiteralTypes.fromName("integer") }])
  const options: Copilot.Sidecar = {
    toOutputPrefix: `file://${root}/run/a0/1`,
    toRawOutput: `file://${root}/run/a0/1`,
    fromLocalDir: join(folder, "outputs"),
    timeoutMillis: 0,
    outputsName: "outputs.pb",
    errorName: "error.pb",
    interface: { $typeName: "flyteidl2.core.TypedInterface", outputs: typed }
  }

  it.effect("carries values, large files and folders from one task to the next", () =>
    Effect.gen(function*() {
      const large = Buffer.alloc(5_000_000, "0123456789")
      mkdirSync(join(folder, "outputs/folder/deep"), { recursive: true })
      writeFileSync(join(folder, "outputs/file.bin"), large)
      writeFileSync(join(folder, "outputs/folder/deep/x"), "x")
      symlinkSync(join(folder, "outputs/folder/deep/x"), join(folder, "outputs/folder/link"))
      writeFileSync(join(folder, "outputs/n"), "5\n")
      expect((yield* CopilotSidecar.run(options, Effect.void))._tag).toBe("Uploaded")
      yield* CopilotDownload.run({
        fromRemote: `file://${root}/run/a0/1/outputs.pb`, toOutputPrefix: `file://${root}/run/a1/1`, toLocalDir: join(folder, "inputs"), format: "JSON",
        layout: "DIRECT", timeoutMillis: 0, errorName: "error.pb", interface: undefined
      })
      expect(readFileSync(join(folder, "inputs/file")).equals(large)).toBe(true)
      expect(readFileSync(join(folder, "inputs/folder/deep/x"), "utf8")).toBe("x")
      expect(readFileSync(join(folder, "inputs/folder/link"), "utf8")).toBe("x")
      expect(JSON.parse(readFileSync(join(folder, "inputs/inputs.json"), "utf8"))).toEqual({ n: 5, file: join(folder, "inputs/file"), folder: join(folder, "inputs/folder") })
    }).pipe(Effect.provide(world)))

  it.effect("refuses links to folders and to nothing, instead of leaving them out", () =>
    Effect.gen(function*() {
      const files = yield* LocalFiles
      mkdirSync(join(folder, "links/a"), { recursive: true })
      symlinkSync(join(folder, "links/a"), join(folder, "links/b"))
      expect((yield* Effect.flip(files.files(join(folder, "links")))).description).toContain("links/b is a link to a folder")
      mkdirSync(join(folder, "dangling"))
      symlinkSync(join(folder, "nowhere"), join(folder, "dangling/x"))
      expect((yield* Effect.flip(files.files(join(folder, "dangling")))).description).toContain("dangling/x")
    }).pipe(Effect.provide(world)))
})
