/** What every `Catalog` must do, whichever store is behind it. */
import { layer } from "@effect/vitest"
import { Effect, type Layer, Option, type Scope } from "effect"
import { expect } from "vitest"
import * as CacheKey from "../CacheKey.ts"
import { Catalog, type CatalogKey, type CatalogService, type NewEntry } from "../Catalog.ts"

/** What differs between stores. */
export interface CatalogSuiteOptions {
  /** Lets time pass for the store, in milliseconds. The tests never need more than a second in all. */
  readonly pass: (millis: number) => Effect.Effect<void>
  /** The store has a clock of its own, so the tests run in real time. */
  readonly hasClock?: boolean | undefined
  /** False when the store does not keep sizes of entries. */
  readonly hasSizes?: boolean | undefined
  /** Tests that cannot run, by name, each with the reason. */
  readonly skip?: { readonly [test: string]: string } | undefined
}

const entry = (name: string, size = 0): NewEntry => ({
  outputUri: `s3://bucket/${name}/outputs.pb`,
  source: { project: "p", domain: "d", name, version: "v1", org: "", labels: { "execution-name": `run-${name}` } },
  size
})

interface Stage {
  readonly catalog: CatalogService
  /** A key of this test alone. */
  readonly key: CatalogKey
  readonly other: (name: string) => CatalogKey
  readonly pass: CatalogSuiteOptions["pass"]
  /** A size as the store gives it back. */
  readonly sized: (bytes: number) => number
}

type Body = (stage: Stage) => Effect.Effect<void, unknown, Scope.Scope>

/** Short enough for stores whose time is real. */
const heartbeat = 200
const reserveFor = (owner: string) => ({ owner, heartbeat })

const entryTests: { readonly [name: string]: Body } = {
  "get returns none for a key never put": Effect.fnUntraced(function*({ catalog, key }) {
    expect(yield* catalog.get(key)).toEqual(Option.none())
  }),

  "get returns what was put, with its age": Effect.fnUntraced(function*({ catalog, key, pass, sized }) {
    expect(yield* catalog.put(key, entry("a", 17))).toBe("Stored")
    yield* pass(30)
    const found = Option.getOrThrow(yield* catalog.get(key))
    expect(found).toMatchObject(entry("a", sized(17)))
    expect(found.createdAt).toBe(found.updatedAt)
    expect(found.age).toBeGreaterThanOrEqual(30)
    expect(found.age).toBeLessThan(5000)
  }),

  "put keeps what is there, update replaces it and keeps the time of its creation": Effect.fnUntraced(function*({ catalog, key, pass, sized }) {
    yield* catalog.put(key, entry("a"))
    const first = Option.getOrThrow(yield* catalog.get(key))
    yield* pass(300)
    expect(yield* catalog.put(key, entry("b"))).toBe("Kept")
    expect(Option.getOrThrow(yield* catalog.get(key)).outputUri).toBe(entry("a").outputUri)
    yield* catalog.update(key, entry("c", 5))
    const last = Option.getOrThrow(yield* catalog.get(key))
    expect(last).toMatchObject({ ...entry("c", sized(5)), createdAt: first.createdAt })
    expect(last.updatedAt).toBeGreaterThan(first.updatedAt)
  }),

  "an entry that is too old is a miss, and put replaces it": Effect.fnUntraced(function*({ catalog, key, pass }) {
    yield* catalog.put(key, entry("a"))
    yield* pass(60)
    expect(yield* catalog.get(key, { maxAge: 40 })).toEqual(Option.none())
    expect(Option.isSome(yield* catalog.get(key, { maxAge: 60_000 }))).toBe(true)
    expect(Option.isSome(yield* catalog.get(key, { maxAge: 0 }))).toBe(true)
    expect(yield* catalog.put(key, entry("b"), { maxAge: 60_000 })).toBe("Kept")
    expect(yield* catalog.put(key, entry("b"), { maxAge: 40 })).toBe("Stored")
    expect(Option.getOrThrow(yield* catalog.get(key)).outputUri).toBe(entry("b").outputUri)
  }),

  "delete removes an entry, and tells whether there was one": Effect.fnUntraced(function*({ catalog, key }) {
    yield* catalog.put(key, entry("a"))
    expect(yield* catalog.delete(key)).toBe(true)
    expect(yield* catalog.delete(key)).toBe(false)
    expect(yield* catalog.get(key)).toEqual(Option.none())
  }),

  "keys that would be joined to the same text stay apart": Effect.fnUntraced(function*({ catalog, key: { key, project } }) {
    const left = { project: `${project}-b`, domain: "c", key }
    const right = { project, domain: "b-c", key }
    yield* catalog.put(left, entry("left"))
    expect(yield* catalog.get(right)).toEqual(Option.none())
    yield* catalog.reserve(left, reserveFor("x"))
    expect((yield* catalog.reserve(right, reserveFor("y"))).isMine).toBe(true)
  }),

  "texts keep every character": Effect.fnUntraced(function*({ catalog, other }) {
    const odd = { ...other("o"), domain: "a/b%c_d", key: "ümläut+/=-'\"\\" }
    const made = { ...entry("x"), outputUri: "s3://b/what?#%20'\"\\ ü", source: { ...entry("x").source, labels: { "ü'": "\"\\" } } }
    yield* catalog.put(odd, made)
    expect(Option.getOrThrow(yield* catalog.get(odd))).toMatchObject(made)
  }),

  "what nobody could keep is refused with the reason": Effect.fnUntraced(function*({ catalog, key }) {
    const refused = [
      yield* Effect.flip(catalog.get({ ...key, key: "" })),
      yield* Effect.flip(catalog.put({ ...key, key: "x".repeat(600) }, entry("a"))),
      yield* Effect.flip(catalog.reserve({ ...key, key: "a\0b" }, reserveFor("x"))),
      yield* Effect.flip(catalog.put(key, { ...entry("a"), outputUri: "" })),
      yield* Effect.flip(catalog.put(key, { ...entry("a"), size: -1 }))
    ]
    for (const error of refused) expect(error).toMatchObject({ _tag: "CatalogError", reason: { _tag: "Invalid" }, retryable: false })
    expect(refused[1]!.message).toMatch(/has 6\d\d characters/)
    expect(yield* catalog.get(key)).toEqual(Option.none())
  })
}

const reservationTests: { readonly [name: string]: Body } = {
  "of many who reserve at the same time one is granted": Effect.fnUntraced(function*({ catalog, key }) {
    const owners = Array.from({ length: 20 }, (_, index) => `owner-${index}`)
    const answers = yield* Effect.forEach(owners, (owner) => catalog.reserve(key, { owner, heartbeat: 10_000 }), { concurrency: "unbounded" })
    expect(answers.filter((it) => it.isMine)).toHaveLength(1)
    const winner = answers.find((it) => it.isMine)!.owner
    expect(new Set(answers.map((it) => it.owner))).toEqual(new Set([winner]))
    expect((yield* catalog.reserve(key, { owner: winner, heartbeat: 10_000 })).isMine).toBe(true)
  }),

  "a heartbeat is at most ten seconds, and a reservation expires after three": Effect.fnUntraced(function*({ catalog, key, other }) {
    expect(yield* catalog.reserve(key, { owner: "a", heartbeat: 60_000 })).toMatchObject({ owner: "a", isMine: true, heartbeat: 10_000, expiresIn: 30_000 })
    expect(yield* catalog.reserve(other("0"), { owner: "a", heartbeat: 0 })).toMatchObject({ heartbeat: 10_000 })
    expect(yield* catalog.reserve(other("5"), { owner: "a", heartbeat: 5000 })).toMatchObject({ heartbeat: 5000, expiresIn: 15_000 })
    const seen = yield* catalog.reserve(other("5"), { owner: "b", heartbeat: 1 })
    expect(seen).toMatchObject({ owner: "a", isMine: false, heartbeat: 5000 })
    expect(seen.expiresIn).toBeGreaterThan(9000)
    expect(seen.expiresIn).toBeLessThanOrEqual(15_000)
  }),

  "a holder who asks again keeps it, under the same fence": Effect.fnUntraced(function*({ catalog, key, pass }) {
    const first = yield* catalog.reserve(key, reserveFor("a"))
    for (let i = 0; i < 3; i++) {
      yield* pass(2 * heartbeat)
      expect(yield* catalog.reserve(key, reserveFor("a"))).toMatchObject({ isMine: true, fence: first.fence })
    }
    expect((yield* catalog.reserve(key, reserveFor("b"))).isMine).toBe(false)
  }),

  "a reservation that was not renewed is taken over, under a higher fence": Effect.fnUntraced(function*({ catalog, key, pass }) {
    const first = yield* catalog.reserve(key, reserveFor("a"))
    yield* pass(4 * heartbeat)
    const second = yield* catalog.reserve(key, reserveFor("b"))
    expect(second).toMatchObject({ owner: "b", isMine: true })
    expect(second.fence).toBeGreaterThan(first.fence)
    expect(yield* catalog.reserve(key, reserveFor("a"))).toMatchObject({ owner: "b", isMine: false })
  }),

  "who was late can neither store nor release": Effect.fnUntraced(function*({ catalog, key, pass }) {
    const late = yield* catalog.reserve(key, reserveFor("a"))
    yield* pass(4 * heartbeat)
    yield* catalog.reserve(key, { owner: "b", heartbeat: 10_000 })
    for (const attempt of [catalog.put(key, entry("late"), { lease: late }), catalog.update(key, entry("late"), { lease: late })]) {
      const error = yield* Effect.flip(Effect.asVoid(attempt))
      expect(error.reason).toEqual({ _tag: "ReservationLost", owner: "b" })
      expect(error.retryable).toBe(false)
    }
    expect(yield* catalog.release(key, late)).toBe(false)
    expect(yield* catalog.release(key, { owner: "a" })).toBe(false)
    expect(yield* catalog.get(key)).toEqual(Option.none())
    expect((yield* catalog.reserve(key, reserveFor("c"))).owner).toBe("b")
  }),

  "a holder stores and releases, though it was late, as long as nobody took over": Effect.fnUntraced(function*({ catalog, key, pass }) {
    const lease = yield* catalog.reserve(key, reserveFor("a"))
    yield* pass(4 * heartbeat)
    expect(yield* catalog.put(key, entry("a"), { lease })).toBe("Stored")
    expect(yield* catalog.put(key, entry("b"), { lease })).toBe("Kept")
    expect(yield* catalog.release(key, lease)).toBe(true)
    expect(yield* catalog.release(key, lease)).toBe(false)
    expect((yield* Effect.flip(catalog.put(key, entry("c"), { lease }))).reason).toEqual({ _tag: "ReservationLost", owner: "" })
  }),

  "after a release the next one is granted, and an earlier grant of the same owner counts no more": Effect.fnUntraced(function*({ catalog, key }) {
    const first = yield* catalog.reserve(key, reserveFor("a"))
    yield* catalog.release(key, { owner: "a" })
    const second = yield* catalog.reserve(key, reserveFor("a"))
    expect(second.isMine).toBe(true)
    expect(second.fence).toBeGreaterThan(first.fence)
    expect(yield* catalog.release(key, first)).toBe(false)
    expect((yield* Effect.flip(catalog.put(key, entry("a"), { lease: first }))).reason._tag).toBe("ReservationLost")
    expect(yield* catalog.put(key, entry("a"), { lease: second })).toBe("Stored")
  }),

  "followers hear of entries and of reservations that were released": Effect.fnUntraced(function*({ catalog, key, pass }) {
    const heard: Array<string> = []
    yield* catalog.follow((it) => heard.push(it))
    yield* pass(20)
    const lease = yield* catalog.reserve(key, { owner: "a", heartbeat: 10_000 })
    yield* catalog.put(key, entry("a"), { lease })
    yield* catalog.put(key, entry("b"), { lease })
    yield* catalog.release(key, lease)
    yield* catalog.release(key, lease)
    yield* pass(1000)
    expect(heard.filter((it) => it === CacheKey.text(key))).toEqual([CacheKey.text(key), CacheKey.text(key)])
  })
}

const listTests: { readonly [name: string]: Body } = {
  "list gives the entries of a project and domain in pages, sorted": Effect.fnUntraced(function*({ catalog, key: { project } }) {
    const at = (domain: string, key: string): CatalogKey => ({ project, domain, key })
    for (const key of ["c", "a", "b"]) yield* catalog.put(at("d1", key), entry(key))
    yield* catalog.put(at("d2", "z"), entry("z"))
    yield* catalog.put({ project: `${project}x`, domain: "d1", key: "y" }, entry("y"))
    const keysOf = (listed: ReadonlyArray<{ readonly key: CatalogKey }>) => listed.map((it) => it.key.key)
    expect(keysOf(yield* catalog.list({ project }))).toEqual(["a", "b", "c", "z"])
    expect(keysOf(yield* catalog.list({ project, domain: "d1", limit: 2 }))).toEqual(["a", "b"])
    expect(keysOf(yield* catalog.list({ project, domain: "d1", limit: 2, after: at("d1", "b") }))).toEqual(["c"])
    expect(keysOf(yield* catalog.list({ project: "nobody" }))).toEqual([])
  }),

  "list keeps every character of keys": Effect.fnUntraced(function*({ catalog, other }) {
    const odd = { ...other("o"), domain: "a/b%c_d", key: "ümläut+/=-'\"\\" }
    yield* catalog.put(odd, entry("x"))
    expect((yield* catalog.list({ project: odd.project, domain: odd.domain })).map((it) => it.key)).toEqual([odd])
  }),

  "purge removes what is too old, then the oldest of what is too much": Effect.fnUntraced(function*({ catalog, other, pass }) {
    yield* pass(20)
    yield* catalog.purge({ olderThan: 10 })
    yield* catalog.put(other("old"), entry("old", 10))
    // Far more than a busy machine needs for the puts that follow.
    yield* pass(2000)
    yield* catalog.put(other("one"), entry("one", 10))
    yield* pass(5)
    yield* catalog.put(other("two"), entry("two", 10))
    expect(yield* catalog.usage).toEqual({ entries: 3, bytes: 30 })
    expect((yield* catalog.purge({ olderThan: 1500 })).map((it) => it.key)).toEqual([other("old")])
    expect((yield* catalog.purge({ bytesMost: 10 })).map((it) => it.entry.outputUri)).toEqual([entry("one").outputUri])
    expect(yield* catalog.usage).toEqual({ entries: 1, bytes: 10 })
    expect(yield* catalog.purge({})).toEqual([])
  })
}

/** Registers the tests. A catalog of their own, which they may empty. */
export const suite = <E>(name: string, catalog: Layer.Layer<Catalog, E>, options: CatalogSuiteOptions): void => {
  const tests = Object.entries({ ...entryTests, ...reservationTests, ...listTests })
  layer(catalog, { excludeTestServices: options.hasClock ?? false })(`Catalog (${name})`, (it) => {
    for (const [index, [test, body]] of tests.entries()) {
      const project = `test${index}`
      const run = () => Effect.scoped(Effect.flatMap(Catalog, (it) =>
        body({ catalog: it, key: { project, domain: "d", key: "k" }, other: (key) => ({ project, domain: "d", key }), pass: options.pass, sized: (bytes) => (options.hasSizes === false ? 0 : bytes) })))
      const reason = options.skip?.[test]
      if (reason === undefined) it.effect(test, run)
      else it.effect.skip(`${test} (skipped: ${reason})`, run)
    }
  })
}
