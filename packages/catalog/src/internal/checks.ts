/** What every store checks before it is asked. */
import { Effect } from "effect"
import { CatalogError, type CatalogKey, type NewEntry } from "../Catalog.ts"
import * as CacheKey from "../CacheKey.ts"

/** Longest text of a key: Flyte's column has this many characters. */
const keyLengthMost = 512

/** Fails for a key or an entry that no store could keep. */
export const checked = (method: string, key: CatalogKey, entry?: NewEntry): Effect.Effect<string, CatalogError> => {
  const text = CacheKey.text(key)
  const problem = keyProblem(key, text) ?? (entry === undefined ? undefined : entryProblem(entry))
  return problem === undefined ? Effect.succeed(text) : Effect.fail(new CatalogError({ method, key: text.slice(0, keyLengthMost), reason: { _tag: "Invalid", description: problem } }))
}

const keyProblem = (key: CatalogKey, text: string): string | undefined => {
  if (key.key === "") return "the key is empty"
  if (text.includes("\0")) return "the key holds a NUL character"
  return text.length > keyLengthMost ? `the key has ${text.length} characters, project and domain included, and at most ${keyLengthMost} are kept` : undefined
}

const entryProblem = ({ outputUri, size }: NewEntry): string | undefined => {
  if (outputUri === "") return "the entry names no outputs; give the URI of outputs.pb"
  if (outputUri.includes("\0")) return "the URI of the outputs holds a NUL character"
  return Number.isSafeInteger(size) && size >= 0 ? undefined : `the size of an entry is a number of bytes, not ${size}`
}
