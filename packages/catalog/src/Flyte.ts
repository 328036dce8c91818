/** The protocol of Flyte's cache service, as client and as service: apart, because its messages take time to load. */
export * as CacheServiceFace from "./CacheServiceFace.ts"
export * as CatalogFlyte from "./CatalogFlyte.ts"
