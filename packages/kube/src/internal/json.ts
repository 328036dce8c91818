/** Small questions about JSON values. */

/** The JSON value of a text; `undefined` when it has none. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** True for a JSON object. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Enough of a text to recognise it in a message. */
export const excerpt = (text: string): string => JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text)

/** Keys that JSON would carry. */
export const definedKeys = (value: Record<string, unknown>): ReadonlyArray<string> =>
  Object.keys(value).filter((key) => value[key] !== undefined)
