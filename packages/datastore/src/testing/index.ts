/** Suites that hold every store to its contract. */
export * as DatastoreSuite from "./DatastoreSuite.ts"
