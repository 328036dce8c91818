/** Times as Kubernetes writes them. Parts are joined for the reason given in `randomNames.ts`. */

let cachedSecond = Number.NaN
let cachedText = ""

/** RFC 3339 in UTC with whole seconds: `2026-01-01T00:00:00Z`. */
export const formatSeconds = (millis: number): string => {
  const second = Math.floor(millis / 1000)
  if (second !== cachedSecond) {
    cachedSecond = second
    cachedText = [new Date(second * 1000).toISOString().slice(0, 19), "Z"].join("")
  }
  return cachedText
}

/** RFC 3339 in UTC with six decimals, as leases and events have it. */
export const formatMicros = (millis: number): string => [new Date(millis).toISOString().slice(0, 23), "000Z"].join("")

/** Milliseconds since 1970 of an RFC 3339 text; NaN if it is none. */
export const parseTime = (text: string): number => Date.parse(text)
