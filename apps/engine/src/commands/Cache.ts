/** `fairlead cache`: shows what is remembered of tasks, and forgets it. */
import { CacheKey, Catalog, type CatalogKey, type ListedEntry, TaskCache } from "@fairlead/catalog"
import { Durations } from "@fairlead/core"
import { DatastoreFile } from "@fairlead/datastore/node"
import { CacheHit } from "@fairlead/reconciler"
import { Effect, Layer, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { type CachePlace, openCatalog, placeOf } from "../cache/CachePlace.ts"
import { listText, toJson } from "../cache/CacheTexts.ts"
import { ExitCode } from "../ExitCode.ts"
import { Machine } from "../Machine.ts"
import { Screen } from "../run/ProgressView.ts"

const cache = Flag.String("cache").pipe(
  Flag.withDescription("Where results are remembered: a file, postgres://… or http://…; .fairlead/cache/catalog.db if not given"),
  Flag.optional
)
const output = Flag.Literals("output", ["table", "json"]).pipe(Flag.withDescription("How entries are printed"), Flag.withDefault("table"))
const project = Flag.String("project").pipe(Flag.withDescription("Only results of tasks of this project"), Flag.optional)
const domain = Flag.String("domain").pipe(Flag.withDescription("Only results of tasks of this domain"), Flag.optional)
const task = Flag.String("task").pipe(Flag.withDescription("Only results of tasks of this name"), Flag.optional)
const filters = { project, domain, task }

interface Filters {
  readonly project: Option.Option<string>
  readonly domain: Option.Option<string>
  readonly task: Option.Option<string>
}

/** Does something with the cache of a place; errors become a line and the exit code 1. */
const withCache = <A, E extends { readonly message: string }>(given: Option.Option<string>, use: Effect.Effect<A, E, Catalog | TaskCache | Machine | Screen | ExitCode>) =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const place = yield* placeOf(given)
    if (typeof place === "string") {
      screen.write(`${place}\n`)
      return yield* ExitCode.set(2)
    }
    yield* Effect.asVoid(Effect.provide(use, open(place))).pipe(Effect.catch((error) => {
      screen.write(`${error.message}\n`)
      return ExitCode.set(1)
    }))
  })

const open = (place: CachePlace): Layer.Layer<Catalog | TaskCache> =>
  TaskCache.layer({ copies: { from: "file:///nowhere", folder: `file://${place.folder}/outputs` } }).pipe(
    Layer.provide(DatastoreFile.layer({ root: place.folder })),
    Layer.provideMerge(openCatalog(place.catalog))
  )

/** All entries that pass, page by page. */
const entriesOf = Effect.fnUntraced(function*({ domain, project, task }: Filters) {
  const catalog = yield* Catalog
  const found: Array<ListedEntry> = []
  let after: CatalogKey | undefined
  for (;;) {
    const page = yield* catalog.list({ project: Option.getOrUndefined(project), domain: Option.getOrUndefined(domain), after, limit: 500 })
    found.push(...page.filter(({ entry }) => Option.isNone(task) || entry.source.name === task.value))
    if (page.length < 500) return found
    after = page.at(-1)?.key
  }
})

const list = Command.make("list", { cache, output, ...filters }, (options) =>
  withCache(options.cache, Effect.gen(function*() {
    const { writeOut } = yield* Machine
    const entries = yield* entriesOf(options)
    writeOut(`${options.output === "json" ? toJson(entries) : listText(entries)}\n`)
  }))).pipe(Command.withDescription("List the results that are remembered"))

const keys = Argument.String("key").pipe(Argument.withDescription("Key as `list` shows it; its beginning is enough"))

/** The entries whose key begins with a text, or whose task has this name. */
const matching = Effect.fnUntraced(function*(text: string) {
  const all = yield* entriesOf({ project: Option.none(), domain: Option.none(), task: Option.none() })
  const exact = all.filter(({ key }) => CacheKey.text(key) === text)
  return exact.length > 0 ? exact : all.filter(({ key }) => CacheKey.text(key).startsWith(text) || key.key.startsWith(text))
})

const get = Command.make("get", { cache, key: keys }, (options) =>
  withCache(options.cache, Effect.gen(function*() {
    const found = yield* matching(options.key)
    const { writeOut } = yield* Machine
    const screen = yield* Screen
    if (found.length !== 1) {
      screen.write(found.length === 0 ? `no result has the key ${options.key}\n` : `${found.length} results have a key that begins with ${options.key}\n`)
      return yield* ExitCode.set(1)
    }
    const [{ entry, key }] = found as [ListedEntry]
    const outputs = yield* (yield* TaskCache).find(key)
    writeOut(`${toJson([{ key, entry }], outputs._tag === "Hit" ? outputs.outputs : undefined)}\n`)
    if (outputs._tag === "Stale") screen.write(`its outputs cannot be read: ${outputs.problem}\n`)
  }))).pipe(Command.withDescription("Show one result with its outputs"))

const olderThan = Flag.String("older-than").pipe(
  Flag.withDescription("Only results of at least this age, such as 90s or 12h"),
  Flag.filter((text) => Durations.parseMillis(text) !== undefined, () => "a duration such as 90s, 5m or 12h"),
  Flag.optional
)
const all = Flag.Boolean("all").pipe(Flag.withDescription("Every result"), Flag.withDefault(false))
const someKeys = Argument.String("key").pipe(Argument.withDescription("Keys as `list` shows them; their beginning is enough"), Argument.variadic())

const evict = Command.make("evict", { cache, all, olderThan, ...filters, keys: someKeys }, (options) =>
  withCache(options.cache, Effect.gen(function*() {
    const screen = yield* Screen
    const isFiltered = options.all || [options.olderThan, options.project, options.domain, options.task].some(Option.isSome)
    if (isFiltered === (options.keys.length > 0)) {
      screen.write("say which results to forget: keys, or --task, --project, --domain, --older-than, or --all\n")
      return yield* ExitCode.set(2)
    }
    const age = Option.match(options.olderThan, { onNone: () => 0, onSome: (text) => Durations.parseMillis(text) ?? 0 })
    const found = isFiltered
      ? (yield* entriesOf(options)).filter(({ entry }) => entry.age >= age)
      : (yield* Effect.forEach(options.keys, matching)).flat()
    const taskCache = yield* TaskCache
    for (const { entry, key } of found) {
      yield* taskCache.evict(key)
      screen.write(`forgot ${entry.source.name}, ${CacheHit.ageText(entry.age)} old: ${CacheKey.text(key)}\n`)
    }
    if (found.length > 0) return
    screen.write("nothing to forget\n")
    if (!isFiltered) yield* ExitCode.set(1)
  }))).pipe(Command.withDescription("Forget results, so that their tasks run again"))

/** The command. */
export const cacheCommand = Command.make("cache").pipe(
  Command.withDescription("Show and forget remembered results of tasks"),
  Command.withSubcommands([list, get, evict]),
  Command.withExamples([
    { command: "fairlead cache list", description: "What `fairlead run` remembers in this folder" },
    { command: "fairlead cache evict --task sum", description: "Let one task run again" }
  ])
)
