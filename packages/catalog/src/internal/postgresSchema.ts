/** The tables of a catalog in PostgreSQL, and what is asked of them. Every time is milliseconds by the clock of the server. */

/** Channel on which keys are told that changed. */
export const channel = "fairlead_catalog"

/** Programs that start at the same time wait for each other under this number. */
export const migrationLock = "SELECT pg_advisory_xact_lock(7143962805)"

/** Ends a transaction whose client says nothing any more. */
export const idleMost = "SET LOCAL idle_in_transaction_session_timeout = '20s'"

/** Whether there is the table that counts the steps. */
export const hasVersions = "SELECT to_regclass('fairlead_catalog_versions') IS NOT NULL AS known"

export const version = "SELECT coalesce(max(version), 0)::float8 AS version FROM fairlead_catalog_versions"

/** Makes the table that counts the steps. */
export const versions = "CREATE TABLE IF NOT EXISTS fairlead_catalog_versions (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"

/** Each step is carried out once, in order; a step that was released is never changed. */
export const steps: ReadonlyArray<ReadonlyArray<string>> = [[
  `CREATE TABLE fairlead_catalog_entries (
     key text COLLATE "C" PRIMARY KEY, project text NOT NULL, domain text NOT NULL, cache_key text NOT NULL,
     output_uri text NOT NULL, source text NOT NULL, size bigint NOT NULL, created_at bigint NOT NULL, updated_at bigint NOT NULL)`,
  "CREATE INDEX fairlead_catalog_entries_by_age ON fairlead_catalog_entries (updated_at)",
  `CREATE TABLE fairlead_catalog_reservations (
     key text COLLATE "C" PRIMARY KEY, owner text NOT NULL, fence bigint NOT NULL, heartbeat bigint NOT NULL, expires_at bigint NOT NULL)`
]]

const clock = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
/**
 * When a reservation can be taken over; $3 heartbeat, $4 time to expiry of whoever asks. A server that was down heard no renewals: what was held when it
 * went down is kept until its holder had time to ask again.
 */
const endOf = (row: string): string =>
  `greatest(${row}.expires_at, (extract(epoch FROM pg_postmaster_start_time()) * 1000)::bigint + ${row}.heartbeat * $4::bigint / $3::bigint)`
const columns = "project, domain, cache_key, output_uri, source, size::float8 AS size, created_at::float8 AS created_at, updated_at::float8 AS updated_at"
const reservation = (row: string): string =>
  `owner, fence::float8 AS fence, heartbeat::float8 AS heartbeat, greatest(0, ${endOf(row)} - ms)::float8 AS expires_in`

/** $1 key. */
export const get = `SELECT ${columns}, ${clock}::float8 AS now FROM fairlead_catalog_entries WHERE key = $1`

/**
 * $1 key, $2 project, $3 domain, $4 cache key, $5 URI, $6 source, $7 size, $8 owner or null, $9 fence, $10 replace, $11 age that is kept.
 * The row of the reservation is locked, so that nobody takes it over before the entry is stored.
 */
export const put = `
  WITH time AS MATERIALIZED (SELECT ${clock} AS ms),
  held AS MATERIALIZED (SELECT 1 FROM fairlead_catalog_reservations WHERE key = $1 AND owner = $8::text AND fence = $9::bigint FOR UPDATE),
  stored AS (
    INSERT INTO fairlead_catalog_entries AS e (key, project, domain, cache_key, output_uri, source, size, created_at, updated_at)
    SELECT $1, $2, $3, $4, $5, $6, $7::bigint, ms, ms FROM time WHERE $8::text IS NULL OR EXISTS (SELECT 1 FROM held)
    ON CONFLICT (key) DO UPDATE SET output_uri = excluded.output_uri, source = excluded.source, size = excluded.size, updated_at = excluded.updated_at
    WHERE $10::boolean OR ($11::bigint > 0 AND e.updated_at < excluded.updated_at - $11::bigint)
    RETURNING e.key),
  told AS (SELECT pg_notify('${channel}', key) FROM stored)
  SELECT (SELECT count(*) FROM told)::float8 AS stored, (SELECT count(*) FROM held)::float8 AS held,
    (SELECT owner FROM fairlead_catalog_reservations WHERE key = $1) AS owner`

/** $1 key. */
export const remove = "DELETE FROM fairlead_catalog_entries WHERE key = $1 RETURNING 1 AS gone"

/** $1 key, $2 owner, $3 heartbeat, $4 time to expiry. No row when somebody else was granted it in the same moment: then ask again. */
export const reserve = `
  WITH time AS MATERIALIZED (SELECT ${clock} AS ms),
  granted AS (
    INSERT INTO fairlead_catalog_reservations AS r (key, owner, fence, heartbeat, expires_at)
    SELECT $1, $2, ms, $3::bigint, ms + $4::bigint FROM time
    ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, heartbeat = excluded.heartbeat, expires_at = excluded.expires_at,
      fence = CASE WHEN r.owner = excluded.owner THEN r.fence ELSE greatest(excluded.fence, r.fence + 1) END
    WHERE r.owner IN (excluded.owner, '') OR ${endOf("r")} <= excluded.expires_at - $4::bigint
    RETURNING *)
  SELECT ${reservation("granted")} FROM granted, time
  UNION ALL
  SELECT ${reservation("r")} FROM fairlead_catalog_reservations AS r, time WHERE key = $1 AND NOT EXISTS (SELECT 1 FROM granted)`

/** $1 key, $2 owner, $3 fence or null. */
export const release = `
  WITH released AS (
    UPDATE fairlead_catalog_reservations SET owner = '', heartbeat = 0, expires_at = 0
    WHERE key = $1 AND owner = $2 AND ($3::bigint IS NULL OR fence = $3::bigint) RETURNING key),
  told AS (SELECT pg_notify('${channel}', key) FROM released)
  SELECT count(*)::float8 AS released FROM told`

/** $1 project or null, $2 domain or null, $3 key that they come behind, $4 limit. */
export const list = `SELECT ${columns}, ${clock}::float8 AS now FROM fairlead_catalog_entries
  WHERE ($1::text IS NULL OR project = $1) AND ($2::text IS NULL OR domain = $2) AND key > $3 COLLATE "C" ORDER BY key LIMIT $4::bigint`

/** $1 age or 0, $2 bytes or null. The oldest go first. */
export const purge = `
  WITH time AS MATERIALIZED (SELECT ${clock} AS ms),
  aged AS (SELECT key, ($1::bigint > 0 AND updated_at < ms - $1::bigint) AS is_old, updated_at, size FROM fairlead_catalog_entries, time),
  summed AS (SELECT key, is_old, sum(CASE WHEN is_old THEN 0 ELSE size END) OVER (ORDER BY updated_at DESC, key) AS total FROM aged)
  DELETE FROM fairlead_catalog_entries WHERE key IN (SELECT key FROM summed WHERE is_old OR ($2::bigint IS NOT NULL AND total > $2::bigint))
  RETURNING ${columns}, ${clock}::float8 AS now`

/** $1 time since the end. */
export const forget = `DELETE FROM fairlead_catalog_reservations WHERE expires_at <= ${clock} - $1::bigint`

export const usage = "SELECT count(*)::float8 AS entries, coalesce(sum(size), 0)::float8 AS bytes FROM fairlead_catalog_entries"
