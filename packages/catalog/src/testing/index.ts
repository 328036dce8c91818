/** Suites that hold every catalog to its contract, and a database server to run them on. */
export * as CatalogSuite from "./CatalogSuite.ts"
export { PostgresServer, postgresPrograms } from "./PostgresServerNode.ts"
