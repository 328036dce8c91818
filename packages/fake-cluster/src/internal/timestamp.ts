/** Times as the API writes them: RFC 3339 in UTC with whole seconds. */

let lastSecond = Number.NaN
let lastText = ""

/** `2026-01-02T03:04:05Z` for milliseconds since the epoch. The last answer is kept: many calls ask for the same second. */
export const timestamp = (millis: number): string => {
  const second = Math.floor(millis / 1000)
  if (second !== lastSecond) {
    lastText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`
    lastSecond = second
  }
  return lastText
}
