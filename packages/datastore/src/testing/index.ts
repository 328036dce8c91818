/** Suites that hold every store and every disk to its contract. */
export * as DatastoreSuite from "./DatastoreSuite.ts"
export * as LocalFilesSuite from "./LocalFilesSuite.ts"
