/** Where results of tasks are remembered, as flags, settings and the environment name it. */
import { Catalog } from "@fairlead/catalog"
import { Effect, FileSystem, Layer, Option, Path, Redacted, Result } from "effect"
import { Machine } from "../Machine.ts"

/** A catalog: a file, a database, or a service that speaks like Flyte's. */
export type CatalogPlace =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "postgres"; readonly url: Redacted.Redacted }
  | { readonly kind: "service"; readonly baseUrl: string }

/** A catalog, and a folder for copies of files. */
export interface CachePlace {
  readonly catalog: CatalogPlace
  /** Absolute path. */
  readonly folder: string
}

/** What an address may be. */
export const addressForms = "a path, sqlite:<path>, postgres://<user>@<host>/<database>, or the http address of a cache service"

/** The catalog of an address, with `resolve` for its path; `undefined` for what is none. */
export const parseCatalog = (text: string, resolve: (path: string) => string): CatalogPlace | undefined => {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase()
  switch (scheme) {
    case undefined: return { kind: "sqlite", path: resolve(text) }
    case "sqlite": return { kind: "sqlite", path: resolve(text.slice("sqlite:".length).replace(/^\/\//, "")) }
    case "postgres":
    case "postgresql": return namesDatabase(text) ? { kind: "postgres", url: Redacted.make(text) } : undefined
    case "http":
    case "https": return URL.canParse(text) ? { kind: "service", baseUrl: text } : undefined
    default: return undefined
  }
}

const namesDatabase = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && url.hostname !== "" && url.username !== ""
}

const folderDefault = ".fairlead/cache"

/** The place that is meant, or a sentence that says what is wrong with it. Copies of files are next to a catalog in a file, else in the project. */
export const placeOf = Effect.fnUntraced(function*(given: Option.Option<string>): Effect.fn.Return<CachePlace | string, never, FileSystem.FileSystem | Machine | Path.Path> {
  const machine = yield* Machine
  const path = yield* Path.Path
  const text = Option.getOrElse(given, () => machine.cacheDefault ?? `${folderDefault}/catalog.db`)
  const resolve = (it: string): string => path.resolve(machine.workingDirectory, it)
  const catalog = parseCatalog(text, resolve)
  if (catalog === undefined) return `--cache ${text}: this names no catalog; give ${addressForms}`
  if (catalog.kind === "sqlite" && (yield* isFolder(catalog.path))) return `--cache ${text}: ${catalog.path} is a folder; give the file of a catalog, such as ${path.join(text, "catalog.db")}`
  return { catalog, folder: catalog.kind === "sqlite" ? path.dirname(catalog.path) : resolve(folderDefault) }
})

const isFolder = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(Effect.map(fs.stat(path), ({ type }) => type === "Directory"), () => false))

/** Opens a catalog, when it is first asked. Each kind is loaded when it is used: a run should not wait for what it does not need. */
export const openCatalog = (place: CatalogPlace): Layer.Layer<Catalog> => Layer.unwrap(Effect.promise(() => load(place)))

/** Why a catalog cannot be used at present, in words; nothing if it can. */
export const problemOf = (place: CatalogPlace): Effect.Effect<string | undefined> =>
  Effect.flatMap(Catalog, (catalog) => catalog.get({ project: "", domain: "", key: "any" })).pipe(
    Effect.provide(openCatalog(place), { local: true }),
    Effect.result,
    Effect.map((found) => (Result.isSuccess(found) || !("description" in found.failure.reason) ? undefined : found.failure.reason.description))
  )

const load = async (place: CatalogPlace): Promise<Layer.Layer<Catalog>> => {
  if (place.kind === "service") {
    const { CatalogFlyte } = await import("@fairlead/catalog/flyte")
    const FetchNode = await import("../start/FetchNode.ts")
    return Layer.unwrap(Effect.map(FetchNode.make(), (fetch) => CatalogFlyte.layer({ baseUrl: place.baseUrl, fetch })))
  }
  const { CatalogSqlite, PostgresClientNode } = await import("@fairlead/catalog/node")
  return place.kind === "sqlite" ? CatalogSqlite.layer({ path: place.path }) : PostgresClientNode.layer({ url: place.url })
}
