/** Remembered results as people and programs read them. */
import { CacheKey, type ListedEntry } from "@fairlead/catalog"
import { type Idl, LiteralValues } from "@fairlead/core"
import { CacheHit } from "@fairlead/reconciler"

/** A table, the youngest first, and a line that sums up. */
export const listText = (entries: ReadonlyArray<ListedEntry>, isFiltered = false): string => {
  const sorted = [...entries].sort((left, right) => left.entry.age - right.entry.age)
  const rows = sorted.map(({ entry, key }) => [entry.source.name, CacheHit.ageText(entry.age), sizeText(entry.size), CacheKey.text(key)])
  const bytes = entries.reduce((sum, { entry }) => sum + entry.size, 0)
  const sum = `${entries.length === 1 ? "1 result" : `${entries.length} results`}, ${sizeText(bytes)}`
  return entries.length === 0 ? (isFiltered ? "no result is of this kind" : "nothing is remembered") : [...align([["TASK", "AGE", "SIZE", "KEY"], ...rows]), "", sum].join("\n")
}

const align = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!))).join("  "))
}

/** A number of bytes in words. */
const sizeText = (bytes: number): string => {
  if (bytes < 1000) return `${bytes} B`
  const power = Math.min(3, Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / 1000 ** power).toFixed(1)} ${["B", "kB", "MB", "GB"][power]}`
}

interface PlainEntry {
  readonly [field: string]: unknown
}

const plainOf = ({ entry, key }: ListedEntry): PlainEntry => ({
  key: CacheKey.text(key),
  task: entry.source.name,
  age: entry.age,
  size: entry.size,
  outputUri: entry.outputUri,
  source: entry.source
})

const print = (value: PlainEntry | ReadonlyArray<PlainEntry>): string =>
  JSON.stringify(value, (_, it: unknown) => (typeof it === "bigint" ? Number(it) : it), 2)

/** Entries as JSON. Ages are milliseconds. */
export const listJson = (entries: ReadonlyArray<ListedEntry>): string => print(entries.map(plainOf))

/** One entry as JSON, with its outputs if they can be read. */
export const entryJson = (listed: ListedEntry, outputs: Idl.LiteralMap | undefined): string =>
  print({ ...plainOf(listed), ...(outputs === undefined ? {} : { outputs: LiteralValues.mapToValue(outputs) }) })
