/** Times as Kubernetes writes them: RFC 3339 in UTC. Points in time are milliseconds since 1970. */

// One memory for the whole program: an answer follows from the second alone. Many ask for the same few seconds.
const known = new Map<number, string>()
const knownMost = 256

/** With whole seconds, as in most fields: `2026-01-02T03:04:05Z`. */
export const format = (millis: number): string => {
  const second = Math.floor(millis / 1000)
  let text = known.get(second)
  if (text === undefined) {
    // Joined: docs/HACKING.md says why.
    text = [new Date(second * 1000).toISOString().slice(0, 19), "Z"].join("")
    if (known.size >= knownMost) known.clear()
    known.set(second, text)
  }
  return text
}

/** With microseconds, as leases and events have them: `2026-01-02T03:04:05.678000Z`. */
export const formatMicro = (millis: number): string => [new Date(millis).toISOString().slice(0, 23), "000Z"].join("")

/** The point in time of a text; NaN if it is none. */
export const parse = (text: string): number => Date.parse(text)
