/** Times on the wire. */

// Texts that are stored are joined: of a sum, which V8 keeps as a tree, `JSON.stringify` takes twice the time over the whole object that holds it.

/** Milliseconds since the epoch as RFC 3339 in UTC with whole seconds, as Kubernetes writes times. */
export const toSeconds = (now: number): string => {
  const second = Math.floor(now / 1000)
  if (second !== lastSecond) {
    lastText = [new Date(now).toISOString().slice(0, 19), "Z"].join("")
    lastSecond = second
  }
  return lastText
}

/** The last second that was written: a round writes it several times. */
let lastSecond = Number.NaN
let lastText = ""

/** The same with milliseconds, for the lines of the phase history: short tasks would otherwise take no time. */
export const toMillis = (now: number): string =>
  [toSeconds(now).slice(0, -1), ".", String(Math.floor(now) - Math.floor(now / 1000) * 1000).padStart(3, "0"), "Z"].join("")

/** Reads either form; `undefined` for anything else. */
export const fromWire = (time: string | null | undefined): number | undefined => {
  if (time === undefined || time === null) return undefined
  const parsed = Date.parse(time)
  return Number.isNaN(parsed) ? undefined : parsed
}

/** The minute in the form of the label `flyte.org/completed-time`: `2026-11-21.09-30`. Sorts as text. */
export const toMinuteLabel = (now: number): string => {
  const text = toSeconds(now)
  return [text.slice(0, 10), ".", text.slice(11, 13), "-", text.slice(14, 16)].join("")
}
