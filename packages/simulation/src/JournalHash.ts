/** A running hash of a journal, so that two runs can be compared without keeping their lines. */
import { toHex, WordHash } from "./internal/wordHash.ts"

/** Hashes lines as they come. */
export interface JournalHash {
  /** Adds a line; where one line ends and the next begins is part of the hash. */
  readonly add: (line: string) => void
  /** Lines added so far. */
  readonly lines: () => number
  /** The hash so far as 16 hexadecimal digits; more lines may follow. */
  readonly hex: () => string
}

/** Makes an empty hash. It is 64 bits wide: it shows that runs differ, it does not resist forgery. */
export const make = (): JournalHash => {
  const hash = new WordHash()
  let lines = 0
  return {
    add: (line) => {
      lines++
      hash.update(line)
    },
    lines: () => lines,
    hex: () => toHex(hash.words())
  }
}
