import { describe, expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { Datastore } from "../src/Datastore.ts"
import { DatastoreFile } from "../src/node.ts"
import { suite } from "../src/testing/DatastoreSuite.ts"

const folder = mkdtempSync(join(tmpdir(), "fairlead-datastore-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const root = join(folder, "root")
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
        const error = yield* Effect.flip(attempt as Effect.Effect<unknown, import("../src/Datastore.ts").DatastoreError>)
        expect(error.reason).toMatchObject({ _tag: "AccessDenied", description: expect.stringContaining("a link leads out of the folder") as string })
      }
      expect(readdirSync(folder).sort()).toEqual(["root", "secret"])
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
