/** The tables of a catalog in SQLite, and what is asked of them. */
import type { DatabaseSync, StatementSync } from "node:sqlite"

/** Each step is carried out once, in order; a step that was released is never changed. */
const steps: ReadonlyArray<string> = [
  `CREATE TABLE entries (
     key TEXT PRIMARY KEY, project TEXT NOT NULL, domain TEXT NOT NULL, cache_key TEXT NOT NULL,
     output_uri TEXT NOT NULL, source TEXT NOT NULL, size INTEGER NOT NULL,
     created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE TABLE reservations (
     key TEXT PRIMARY KEY, owner TEXT NOT NULL, fence INTEGER NOT NULL, heartbeat INTEGER NOT NULL, expires_at INTEGER NOT NULL
   ) WITHOUT ROWID;`
]

/** Brings the tables up to date. Programs that start at the same time wait for each other. */
export const migrate = (database: DatabaseSync): void => {
  // Lasts for the file; a catalog may lose its last entries with the power, but never its order.
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
  if (versionOf(database) === steps.length) return
  database.exec("BEGIN IMMEDIATE")
  try {
    const version = versionOf(database)
    if (version > steps.length) throw new Error(`its tables have version ${version}, and this program knows ${steps.length}: they were made by a newer one`)
    for (const step of steps.slice(version)) database.exec(step)
    database.exec(`PRAGMA user_version = ${steps.length}; COMMIT`)
  } catch (error) {
    database.exec("ROLLBACK")
    throw error
  }
}

const versionOf = (database: DatabaseSync): number => Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0)

const texts = {
  get: "SELECT * FROM entries WHERE key = ?",
  all: "SELECT * FROM entries",
  put: `INSERT INTO entries SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?
        WHERE ? IS NULL OR EXISTS (SELECT 1 FROM reservations WHERE key = ? AND owner = ? AND fence = ?)
        ON CONFLICT (key) DO UPDATE SET output_uri = excluded.output_uri, source = excluded.source, size = excluded.size, updated_at = excluded.updated_at
        WHERE coalesce(entries.updated_at < ?, TRUE) RETURNING 1`,
  delete: "DELETE FROM entries WHERE key = ?",
  deleteOld: "DELETE FROM entries WHERE key = ? AND updated_at = ?",
  reserve: `INSERT INTO reservations (key, owner, fence, heartbeat, expires_at) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, heartbeat = excluded.heartbeat, expires_at = excluded.expires_at,
              fence = CASE WHEN reservations.owner = excluded.owner THEN reservations.fence ELSE max(excluded.fence, reservations.fence + 1) END
            WHERE reservations.owner IN (excluded.owner, '') OR reservations.expires_at <= ?`,
  reservation: `SELECT owner, fence, heartbeat, expires_at, (SELECT updated_at FROM entries WHERE entries.key = reservations.key) AS updated_at
                FROM reservations WHERE key = ?`,
  version: "PRAGMA data_version",
  release: "UPDATE reservations SET owner = '', heartbeat = 0, expires_at = 0 WHERE key = ? AND owner = ? AND (? IS NULL OR fence = ?)",
  forget: "DELETE FROM reservations WHERE expires_at <= ?",
  list: "SELECT * FROM entries WHERE key LIKE ? ESCAPE '\\' AND (? IS NULL OR domain = ?) AND key > ? ORDER BY key LIMIT ?",
  usage: "SELECT count(*) AS entries, coalesce(sum(size), 0) AS bytes FROM entries"
} as const

/** What is asked, ready to be run. */
export type Statements = { readonly [Name in keyof typeof texts]: StatementSync }

/** Prepares everything that is asked. */
export const prepare = (database: DatabaseSync): Statements =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, database.prepare(text)])) as unknown as Statements
