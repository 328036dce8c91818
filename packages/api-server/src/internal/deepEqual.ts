/** Structural equality of JSON values; quick when they share parts. */
export const deepEqual = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!deepEqual(a[i], b[i])) return false
    return true
  }
  if (Array.isArray(b)) return false
  return equalMaps(a as Record<string, unknown>, b as Record<string, unknown>)
}

const equalMaps = (a: Record<string, unknown>, b: Record<string, unknown>): boolean => {
  let count = 0
  for (const key in a) {
    if (a[key] === undefined) continue
    count++
    if (!deepEqual(a[key], b[key])) return false
  }
  for (const key in b) if (b[key] !== undefined) count--
  return count === 0
}
