/** Equality of JSON values. */

/**
 * True when two values write the same JSON, up to the order of keys: a field that is `undefined` counts as not there, one that is `null` does not.
 * Quick where they share parts or differ early.
 */
export const jsonEqual = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (!Array.isArray(a)) return !Array.isArray(b) && equalFields(a as Fields, b as Fields)
  if (!Array.isArray(b) || a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!jsonEqual(a[i], b[i])) return false
  return true
}

type Fields = { readonly [key: string]: unknown }

const equalFields = (a: Fields, b: Fields): boolean => {
  let unmatched = 0
  for (const key in b) if (b[key] !== undefined) unmatched++
  for (const key in a) {
    const value = a[key]
    if (value === undefined) continue
    // What all objects inherit, such as `__proto__`, is no field.
    if (!Object.hasOwn(b, key) || !jsonEqual(value, b[key])) return false
    unmatched--
  }
  return unmatched === 0
}
