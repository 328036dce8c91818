/** Flags of the commands that run tasks: where their results are remembered. */
import { Effect, type FileSystem, type Option, type Path } from "effect"
import { Flag } from "effect/cli"
import type { Machine } from "../Machine.ts"
import { type CachePlace, placeOf } from "./CachePlace.ts"

/** `--cache` and `--no-cache`. */
export const cacheFlags = {
  cache: Flag.String("cache").pipe(
    Flag.withDescription("Where results of tasks with a cache version are remembered: a file, postgres://… or http://…; .fairlead/cache/catalog.db if not given"),
    Flag.optional
  ),
  noCache: Flag.Boolean("no-cache").pipe(Flag.withDescription("Neither look for remembered results nor remember any"), Flag.withDefault(false))
}

/** The place that the flags mean, none, or a sentence that says what is wrong with them. */
export const cachePlaceOf = ({ cache, noCache }: { readonly cache: Option.Option<string>; readonly noCache: boolean }): Effect.Effect<CachePlace | string | undefined, never, FileSystem.FileSystem | Machine | Path.Path> =>
  noCache ? Effect.undefined : placeOf(cache)
