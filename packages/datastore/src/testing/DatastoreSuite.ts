/** What every `Datastore` must do, whichever store is behind it. */
import { layer } from "@effect/vitest"
import { Effect, type Layer, Option, Stream } from "effect"
import { expect } from "vitest"
import { Datastore } from "../Datastore.ts"

/** What differs between stores. */
export interface DatastoreSuiteOptions {
  /** Folder, by URI, that the tests may fill; each test works below it in a folder of its own. */
  readonly base: string
  /** Tests that cannot run, by name, each with the reason. */
  readonly skip?: { readonly [test: string]: string } | undefined
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (contents: Uint8Array): string => new TextDecoder().decode(contents)

type Body = (at: (key: string) => string) => Effect.Effect<void, unknown, Datastore>

const readTests: { readonly [name: string]: Body } = {
  "head finds nothing under a URI never written": (at) =>
    Effect.gen(function*() {
      expect(yield* (yield* Datastore).head(at("nothing"))).toEqual(Option.none())
    }),

  "read fails with NotFound under a URI never written": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      const error = yield* Effect.flip(store.read(at("nothing")))
      expect(error).toMatchObject({ _tag: "DatastoreError", method: "read", uri: at("nothing"), reason: { _tag: "NotFound" } })
      expect(error.retryable).toBe(false)
      expect(error.message).toContain(at("nothing"))
      const streamed = yield* Effect.flip(Stream.runDrain(store.readStream(at("nothing"))))
      expect(streamed.reason).toEqual({ _tag: "NotFound" })
    }),

  "read gives back what was written, head its size": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      yield* store.write(at("a/b.txt"), bytes("hello"))
      expect(text(yield* store.read(at("a/b.txt")))).toBe("hello")
      expect(yield* store.head(at("a/b.txt"))).toEqual(Option.some({ uri: at("a/b.txt"), size: 5 }))
    }),

  "find gives back what was written, nothing under a URI never written, and otherwise fails as read does": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      expect(yield* store.find(at("nothing"))).toBeUndefined()
      yield* store.write(at("a/b.txt"), bytes("hello"))
      expect(text((yield* store.find(at("a/b.txt"), { maxBytes: 5 }))!)).toBe("hello")
      expect(yield* store.find(at("a"))).toBeUndefined()
      expect(yield* Effect.flip(store.find(at("a/b.txt"), { maxBytes: 4 }))).toMatchObject({ method: "read", reason: { _tag: "LimitExceeded", size: 5, limit: 4 } })
      const effect = store.find(at("late"))
      yield* store.write(at("late"), bytes("here"))
      expect(text((yield* effect)!)).toBe("here")
    }),

  "an empty object is there": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      yield* store.write(at("empty"), new Uint8Array())
      expect(yield* store.head(at("empty"))).toEqual(Option.some({ uri: at("empty"), size: 0 }))
      expect((yield* store.read(at("empty"))).length).toBe(0)
      expect(yield* Stream.runCollect(store.readStream(at("empty")))).toSatisfy((chunks: Array<Uint8Array>) => chunks.every((it) => it.length === 0))
    }),

  "write replaces what was there": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      yield* store.write(at("x"), bytes("a long first version"))
      yield* store.write(at("x"), bytes("second"))
      expect(text(yield* store.read(at("x")))).toBe("second")
    }),

  "a folder is no object": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      yield* store.write(at("folder/x"), bytes("1"))
      expect(yield* store.head(at("folder"))).toEqual(Option.none())
      expect((yield* Effect.flip(store.read(at("folder")))).reason._tag).toBe("NotFound")
      expect((yield* Effect.flip(Stream.runDrain(store.readStream(at("folder"))))).reason._tag).toBe("NotFound")
    }),

  "read refuses what is larger than allowed, and takes what is just as large": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      yield* store.write(at("x"), bytes("12345"))
      const error = yield* Effect.flip(store.read(at("x"), { maxBytes: 4 }))
      expect(error.reason).toEqual({ _tag: "LimitExceeded", size: 5, limit: 4 })
      expect(error.message).toContain("5 bytes are stored, at most 4 are read")
      for (const maxBytes of [5, 0, undefined]) expect(text(yield* store.read(at("x"), { maxBytes }))).toBe("12345")
    }),

  "names keep every character": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      const names = ["with space", "what?#%20", "ümläut", "a+b&c=d", "dots..dots", ".hidden"]
      for (const name of names) yield* store.write(at(name), bytes(name))
      for (const name of names) expect(text(yield* store.read(at(name)))).toBe(name)
      expect((yield* store.list(at(""))).map((it) => it.uri)).toEqual(names.map(at).sort())
    })
}

const changeTests: { readonly [name: string]: Body } = {
  "list gives everything below a folder, sorted, and nothing beside it": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      for (const key of ["f/b", "f/a/deep/er", "f/a.txt", "folder/x"]) yield* store.write(at(key), bytes(key))
      expect(yield* store.list(at("f"))).toEqual([
        { uri: at("f/a.txt"), size: 7 },
        { uri: at("f/a/deep/er"), size: 11 },
        { uri: at("f/b"), size: 3 }
      ])
      expect(yield* store.list(at("f/"))).toHaveLength(3)
      expect(yield* store.list(at("nothing"))).toEqual([])
    }),

  "delete removes an object, and is content when there is none": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      yield* store.write(at("x/y"), bytes("1"))
      yield* store.delete(at("x/y"))
      yield* store.delete(at("x/y"))
      yield* store.delete(at("x"))
      expect(yield* store.head(at("x/y"))).toEqual(Option.none())
    }),

  "copy leaves the original as it was": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      yield* store.write(at("from"), bytes("one"))
      yield* store.copy(at("from"), at("deep/to"))
      yield* store.write(at("from"), bytes("two"))
      expect(text(yield* store.read(at("deep/to")))).toBe("one")
      expect((yield* Effect.flip(store.copy(at("nothing"), at("to")))).reason._tag).toBe("NotFound")
    }),

  "writeStream stores the pieces in order, readStream gives them all": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      const piece = new Uint8Array(100_000).map((_, index) => index % 251)
      yield* store.writeStream(at("big"), Stream.fromIterable([bytes("start"), piece, piece, bytes("end")]))
      expect(yield* store.head(at("big"))).toEqual(Option.some({ uri: at("big"), size: 200_008 }))
      const chunks = yield* Stream.runCollect(store.readStream(at("big")))
      const whole = chunks.flatMap((chunk) => [...chunk])
      expect(whole.length).toBe(200_008)
      expect(text(Uint8Array.from(whole.slice(0, 5)))).toBe("start")
      expect(text(Uint8Array.from(whole.slice(-3)))).toBe("end")
    }),

  "a stream that fails leaves what was there, and nothing else": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      yield* store.write(at("s/x"), bytes("before"))
      const broken = Stream.concat(Stream.succeed(bytes("half")), Stream.fail("broken" as const))
      expect(yield* Effect.flip(store.writeStream(at("s/x"), broken))).toBe("broken")
      expect(text(yield* store.read(at("s/x")))).toBe("before")
      expect(yield* Effect.flip(store.writeStream(at("s/new"), broken))).toBe("broken")
      expect((yield* store.list(at("s"))).map((it) => it.uri)).toEqual([at("s/x")])
    }),

  "a write is not seen before it is done": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      const look = Effect.gen(function*() {
        expect(yield* store.list(at("w"))).toEqual([])
        expect(yield* store.head(at("w/x"))).toEqual(Option.none())
        return bytes("end")
      })
      yield* store.writeStream(at("w/x"), Stream.concat(Stream.succeed(bytes("start ")), Stream.fromEffect(look)))
      expect(text(yield* store.read(at("w/x")))).toBe("start end")
    }),

  "what is no URI is refused by every method, with the text": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      for (const uri of ["no/scheme", `${at("x")}/../y`]) {
        const errors = yield* Effect.all([
          Effect.flip(store.head(uri)),
          Effect.flip(store.read(uri)),
          Effect.flip(store.write(uri, bytes("1"))),
          Effect.flip(store.list(uri)),
          Effect.flip(store.delete(uri)),
          Effect.flip(store.copy(uri, at("x"))),
          Effect.flip(Stream.runDrain(store.readStream(uri))),
          Effect.flip(store.writeStream(uri, Stream.empty))
        ])
        for (const error of errors) expect(error).toMatchObject({ uri, reason: { _tag: "InvalidUri" }, retryable: false })
      }
    }),

  "concurrent writes leave one of them whole": (at) =>
    Effect.gen(function*() {
      const store = yield* Datastore
      const versions = Array.from({ length: 20 }, (_, index) => `${index}:`.repeat(1000 + index))
      yield* Effect.forEach(versions, (version) => store.write(at("x"), bytes(version)), { concurrency: "unbounded" })
      expect(versions).toContain(text(yield* store.read(at("x"))))
      expect(yield* store.list(at(""))).toHaveLength(1)
    })
}

/** Registers the tests. */
export const suite = <E>(name: string, store: Layer.Layer<Datastore, E>, options: DatastoreSuiteOptions): void => {
  const tests = Object.entries({ ...readTests, ...changeTests })
  layer(store, { excludeTestServices: true })(`Datastore (${name})`, (it) => {
    for (const [index, [test, body]] of tests.entries()) {
      const folder = `${options.base}/test-${index}`
      const run = () => body((key) => (key === "" ? folder : `${folder}/${key}`))
      const reason = options.skip?.[test]
      if (reason === undefined) it.effect(test, run)
      else it.effect.skip(`${test} (skipped: ${reason})`, run)
    }
  })
}
