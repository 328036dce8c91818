/** What an action says that took its result from the cache: as text, for that is what conditions and events have room for, and read back. */

/** Where a result came from. */
export interface CacheHit {
  /** `CacheKey.text` of its key. */
  readonly key: string
  /** Its age when it was found, in words: `12 s`, `3 h`. */
  readonly age: string
  /** The run whose task made it, if that is known. */
  readonly madeBy: string | undefined
}

/** Says it. */
export const toText = ({ age, key, madeBy }: CacheHit): string =>
  `found in the cache, ${age} old${madeBy === undefined || madeBy === "" ? "" : `, made by run ${madeBy}`}, under ${key}`

/** Reads it in the message of a condition or in the reason of an event; `undefined` if it is not there. */
export const fromText = (text: string): CacheHit | undefined => {
  const match = /found in the cache, (\S+ \S+) old(?:, made by run (\S+))?, under ([^]+)$/.exec(text)
  return match === null ? undefined : { age: match[1]!, madeBy: match[2], key: match[3]! }
}

/** An age in the largest unit that leaves more than one of it. */
export const ageText = (millis: number): string => {
  const seconds = Math.max(0, Math.round(millis / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`
}
