/** `fairlead cache`: shows what is remembered of tasks, and forgets it. */
import { CacheKey, Catalog, type CatalogKey, type ListedEntry, TaskCache } from "@fairlead/catalog"
import { Durations } from "@fairlead/core"
import { DatastoreFile } from "@fairlead/datastore/node"
import { CacheHit } from "@fairlead/reconciler"
import { Effect, FileSystem, Layer, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { type CachePlace, openCatalog, placeOf } from "../cache/CachePlace.ts"
import { entryJson, listJson, listText } from "../cache/CacheTexts.ts"
import { ExitCode } from "../ExitCode.ts"
import { Machine } from "../Machine.ts"
import { refuse } from "../Refusal.ts"
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
    if (typeof place === "string") return yield* refuse(place)
    // To look at what is remembered should not leave an empty file behind, least of all where a name was mistyped.
    const { catalog } = place
    const isMissing = catalog.kind === "sqlite" && !(yield* exists(catalog.path))
    if (isMissing) screen.write(`${catalog.path}: there is no such file; \`run\` and \`dev\` make it when they have something to remember\n`)
    const opened = isMissing ? { ...place, catalog: { ...catalog, path: ":memory:" } } : place
    yield* Effect.asVoid(Effect.provide(use, open(opened))).pipe(Effect.catch((error) => refuse(error.message, 1)))
  })

const open = (place: CachePlace): Layer.Layer<Catalog | TaskCache> =>
  TaskCache.layer({ copies: { from: "file:///nowhere", folder: `file://${place.folder}/outputs` } }).pipe(
    Layer.provide(DatastoreFile.layer({ root: place.folder })),
    Layer.provideMerge(openCatalog(place.catalog))
  )

const exists = (path: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(path), () => false))

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
    writeOut(`${options.output === "json" ? listJson(entries) : listText(entries, isFiltered(options))}\n`)
  }))).pipe(Command.withDescription("List the results that are remembered"))

const isFiltered = ({ domain, project, task }: Filters): boolean => [domain, project, task].some(Option.isSome)

const meaning = "as `list` shows it; the beginning of a key is enough"
const keys = Argument.String("key").pipe(Argument.withDescription(`Key or name of a task ${meaning}`))

/** The entries with this key; else those whose key begins so, or whose task has this name. */
const matching = Effect.fnUntraced(function*(text: string) {
  const all = yield* entriesOf({ project: Option.none(), domain: Option.none(), task: Option.none() })
  const exact = all.filter(({ key }) => CacheKey.text(key) === text)
  if (exact.length > 0 || text === "") return exact
  return all.filter(({ entry, key }) => entry.source.name === text || CacheKey.text(key).startsWith(text) || key.key.startsWith(text))
})

const nothingFor = (text: string): string => `no result has the key ${text}, and no task of this name has one; \`fairlead cache list\` shows what there is`

const get = Command.make("get", { cache, key: keys }, (options) =>
  withCache(options.cache, Effect.gen(function*() {
    const found = yield* matching(options.key)
    const { writeOut } = yield* Machine
    if (found.length === 0) return yield* refuse(nothingFor(options.key), 1)
    if (found.length > 1) return yield* refuse(`${found.length} results are meant by ${options.key}; give more of the key of one:\n${listText(found.slice(0, 10))}`, 1)
    const [listed] = found as [ListedEntry]
    const outputs = yield* (yield* TaskCache).find(listed.key)
    writeOut(`${entryJson(listed, outputs._tag === "Hit" ? outputs.outputs : undefined)}\n`)
    if (outputs._tag === "Stale") (yield* Screen).write(`its outputs cannot be read: ${outputs.problem}\n`)
  }))).pipe(Command.withDescription("Show one result with its outputs, as JSON"))

const olderThan = Flag.String("older-than").pipe(
  Flag.withDescription("Only results of at least this age, such as 90s or 12h"),
  Flag.filter((text) => (Durations.parseMillis(text) ?? -1) >= 0, () => "a duration such as 90s, 5m or 12h"),
  Flag.optional
)
const all = Flag.Boolean("all").pipe(Flag.withDescription("Every result"), Flag.withDefault(false))
const someKeys = Argument.String("key").pipe(Argument.withDescription(`Key or name of a task ${meaning}`), Argument.variadic())

const evict = Command.make("evict", { cache, all, olderThan, ...filters, keys: someKeys }, (options) =>
  withCache(options.cache, Effect.gen(function*() {
    const screen = yield* Screen
    const byFilter = options.all || Option.isSome(options.olderThan) || isFiltered(options)
    if (byFilter === (options.keys.length > 0)) return yield* refuse("say which results to forget: keys, or --task, --project, --domain, --older-than, or --all")
    const age = Option.match(options.olderThan, { onNone: () => 0, onSome: (text) => Durations.parseMillis(text) ?? 0 })
    const groups = byFilter
      ? [(yield* entriesOf(options)).filter(({ entry }) => entry.age >= age)]
      : yield* Effect.forEach(options.keys, matching)
    const found = new Map(groups.flat().map((it) => [CacheKey.text(it.key), it]))
    const taskCache = yield* TaskCache
    for (const { entry, key } of found.values()) {
      yield* taskCache.evict(key)
      screen.write(`forgot ${entry.source.name}, ${CacheHit.ageText(entry.age)} old: ${CacheKey.text(key)}\n`)
    }
    if (byFilter && found.size === 0) screen.write("nothing to forget\n")
    const missing = byFilter ? [] : options.keys.filter((_, index) => groups[index]!.length === 0)
    if (missing.length > 0) yield* refuse(missing.map(nothingFor).join("\n"), 1)
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
