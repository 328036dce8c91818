/** Remembers outputs by cache key and lets one task work while others wait: memory, SQLite, PostgreSQL, Flyte's cache service. */
export * as CacheKey from "./CacheKey.ts"
export * from "./Catalog.ts"
export * as CatalogMemory from "./CatalogMemory.ts"
export * as CatalogPostgres from "./CatalogPostgres.ts"
export type { ReservationTimes } from "./ReservationTimes.ts"
export { type Found, type KeepOptions, type KeptResult, TaskCache, type TaskCacheOptions } from "./TaskCache.ts"
