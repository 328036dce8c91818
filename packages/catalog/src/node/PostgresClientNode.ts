/** The client of PostgreSQL for Node: a pool of connections. */
import { Duration, Effect, Layer, Redacted, type Scope, Stream } from "effect"
import type { SqlError } from "effect/sql"
import { Catalog } from "../Catalog.ts"
import { layer as catalogLayer, type PostgresClient, type PostgresFailure } from "../CatalogPostgres.ts"
import type { ReservationTimes } from "../ReservationTimes.ts"

/** How a database is reached. */
export interface PostgresClientNodeOptions {
  /** `postgres://user:password@host:5432/database`. */
  readonly url: Redacted.Redacted
  /** Most connections at the same time; 10 if left out. One more hears notifications. */
  readonly connectionsMost?: number | undefined
  /** How long a connection may take to be made; 5 seconds if left out. */
  readonly connectTimeout?: Duration.Input | undefined
}

/** Loaded when a database is opened: programs that use none need not wait for it. */
const load = async () => ({ ...(await import("@effect/sql-pg")), ...(await import("effect/reactivity")) })

/** Opens a pool; no connection is kept that nobody uses. */
export const open = ({ connectTimeout = "5 seconds", connectionsMost = 10, url }: PostgresClientNodeOptions): Effect.Effect<PostgresClient, PostgresFailure, Scope.Scope> =>
  Effect.flatMap(Effect.promise(load), ({ PgClient, Reactivity }) =>
    PgClient.make({ url, maxConnections: connectionsMost, minConnections: 0, connectTimeout, applicationName: "fairlead", multiplex: true }).pipe(
      Effect.provide(Reactivity.layer),
      Effect.mapError(failureOf)
    )).pipe(
    Effect.map((client): PostgresClient => {
      const query: PostgresClient["query"] = (text, parameters) => Effect.mapError(client.unsafe<object>(text, parameters), failureOf)
      return {
        query,
        transaction: (use) => client.withTransaction(use(query)).pipe(Effect.mapError((error) => (isSqlError(error) ? failureOf(error) : error))),
        listen: (channel) => Stream.unwrap(Effect.map(client.listen(channel), Stream.fromQueue)).pipe(
          Stream.map(({ payload }) => payload),
          Stream.mapError(failureOf)
        )
      }
    })
  )

const isSqlError = (error: unknown): error is SqlError.SqlError => typeof error === "object" && error !== null && (error as { readonly _tag?: unknown })._tag === "SqlError"

/** Classes of errors in which the server asks for patience: connections, resources, interventions by people, transactions that met. */
const passing = /^(08|53|57|40)/

const failureOf = (error: SqlError.SqlError): PostgresFailure => {
  const { reason } = error
  const cause = reason.cause as { readonly code?: unknown; readonly message?: unknown } | undefined
  const detail = typeof cause?.message === "string" && cause.message !== error.message ? `: ${cause.message}` : ""
  const isPassing = reason.isRetryable || (typeof cause?.code === "string" && passing.test(cause.code))
  return { _tag: isPassing ? "Unavailable" : "Refused", description: `${error.message}${detail}` }
}

/** A catalog in a database that is reached by its URL. */
export const layer = (options: PostgresClientNodeOptions & ReservationTimes): Layer.Layer<Catalog> => catalogLayer({ ...options, open: open(options) })
