/** Times as the API writes them: RFC 3339 in UTC with whole seconds. */

const known = new Map<number, string>()
const knownMost = 256

/** `2026-01-02T03:04:05Z` for milliseconds since the epoch. Answers are kept for a while: many calls ask for the same second. */
export const timestamp = (millis: number): string => {
  const second = Math.floor(millis / 1000)
  let text = known.get(second)
  if (text === undefined) {
    text = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`
    if (known.size >= knownMost) known.clear()
    known.set(second, text)
  }
  return text
}
