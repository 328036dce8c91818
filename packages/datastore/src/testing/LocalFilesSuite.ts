/** What every `LocalFiles` must do, whichever disk is behind it. */
import { layer } from "@effect/vitest"
import { Effect, type Layer, Option, Stream } from "effect"
import { expect } from "vitest"
import { LocalFiles } from "../LocalFiles.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (contents: Uint8Array): string => new TextDecoder().decode(contents)

/** Registers the tests; they fill folders below `base`, an absolute path. */
export const suite = <E>(name: string, disk: Layer.Layer<LocalFiles, E>, base: string): void =>
  layer(disk, { excludeTestServices: true })(`LocalFiles (${name})`, (it) => {
    it.effect("stat tells files from folders and from nothing", () =>
      Effect.gen(function*() {
        const files = yield* LocalFiles
        yield* files.write(`${base}/stat/a/b`, bytes("123"))
        yield* files.makeFolder(`${base}/stat/empty/folder`)
        expect(yield* files.stat(`${base}/stat/a/b`)).toEqual(Option.some({ _tag: "File", size: 3 }))
        expect(yield* files.stat(`${base}/stat/a`)).toEqual(Option.some({ _tag: "Folder" }))
        expect(yield* files.stat(`${base}/stat/empty/folder`)).toEqual(Option.some({ _tag: "Folder" }))
        expect(yield* files.stat(`${base}/stat/nothing`)).toEqual(Option.none())
      }))

    it.effect("read gives back what was written last, whole or in pieces", () =>
      Effect.gen(function*() {
        const files = yield* LocalFiles
        yield* files.write(`${base}/read/x`, bytes("a longer text"))
        yield* files.write(`${base}/read/x`, bytes("short"))
        expect(text(yield* files.read(`${base}/read/x`))).toBe("short")
        yield* files.writeStream(`${base}/read/deep/y`, Stream.make(bytes("one "), bytes("two")))
        const chunks = yield* Stream.runCollect(files.readStream(`${base}/read/deep/y`))
        expect(chunks.map(text).join("")).toBe("one two")
      }))

    it.effect("read of nothing fails with the path", () =>
      Effect.gen(function*() {
        const files = yield* LocalFiles
        const path = `${base}/nothing`
        expect(yield* Effect.flip(files.read(path))).toMatchObject({ _tag: "LocalFilesError", path })
        expect((yield* Effect.flip(Stream.runDrain(files.readStream(path)))).message).toContain(path)
      }))

    it.effect("names lists a folder, files all that is below it", () =>
      Effect.gen(function*() {
        const files = yield* LocalFiles
        for (const path of ["b", "a/x", "a/deep/y"]) yield* files.write(`${base}/list/${path}`, bytes(path))
        yield* files.makeFolder(`${base}/list/empty`)
        expect(yield* files.names(`${base}/list`)).toEqual(["a", "b", "empty"])
        expect(yield* files.files(`${base}/list`)).toEqual([{ path: "a/deep/y", size: 8 }, { path: "a/x", size: 3 }, { path: "b", size: 1 }])
        expect(yield* files.files(`${base}/list/empty`)).toEqual([])
        expect(yield* files.names(`${base}/nothing`)).toEqual([])
      }))
  })
