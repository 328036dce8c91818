/** Where results of tasks are remembered, as flags and the environment name it. */
import type { Catalog } from "@fairlead/catalog"
import { Effect, Layer, Option, Path } from "effect"
import { Machine } from "../Machine.ts"

/** A catalog, and a folder for copies of files. */
export interface CachePlace {
  readonly catalog: { readonly kind: "sqlite"; readonly path: string }
  /** Absolute path. */
  readonly folder: string
}

/** The place that is meant, or a sentence that says what is wrong with it. */
export const placeOf = Effect.fnUntraced(function*(given: Option.Option<string>): Effect.fn.Return<CachePlace | string, never, Machine | Path.Path> {
  const machine = yield* Machine
  const path = yield* Path.Path
  const text = Option.getOrElse(given, () => machine.cacheDefault ?? ".fairlead/cache/catalog.db")
  const scheme = /^([a-z][a-z0-9+.-]*):(?:\/\/)?/i.exec(text)
  if (scheme !== null && scheme[1] !== "sqlite") return `--cache ${text}: there is no catalog for "${scheme[1]}:"; give the path of a file, or sqlite:<path>`
  const file = path.resolve(machine.workingDirectory, scheme === null ? text : text.slice(scheme[0].length))
  return { catalog: { kind: "sqlite", path: file }, folder: path.dirname(file) }
})

/** Opens the catalog of a place, when it is first asked. */
export const openCatalog = ({ catalog }: CachePlace): Layer.Layer<Catalog> =>
  Layer.unwrap(Effect.map(Effect.promise(() => import("@fairlead/catalog/node")), ({ CatalogSqlite }) => CatalogSqlite.layer({ path: catalog.path })))
