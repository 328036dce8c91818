/** The parts of the package that need Node: catalogs in databases. */
export * as CatalogSqlite from "./node/CatalogSqlite.ts"
export * as PostgresClientNode from "./node/PostgresClientNode.ts"
