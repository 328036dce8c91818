/** Suites that hold every catalog to its contract. */
export * as CatalogSuite from "./CatalogSuite.ts"
