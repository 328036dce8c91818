/** Compares resource versions, which are decimal numbers that only ever grow. */

const isDecimal = (version: string): boolean => {
  for (let i = 0; i < version.length; i++) {
    const code = version.charCodeAt(i)
    if (code < 48 || code > 57) return false
  }
  return version.length > 0
}

/**
 * True when `a` is certainly older than `b`.
 *
 * Decimals without leading zeros are in the order of their length and then of their digits, so neither a loss of
 * precision nor a BigInt is needed. Versions that are not decimals are never older than anything: the caller then
 * trusts the order in which they came.
 */
export const isOlder = (a: string | undefined, b: string | undefined): boolean => {
  if (a === b || b === undefined) return false
  if (a === undefined) return true
  if (!isDecimal(a) || !isDecimal(b)) return false
  return a.length === b.length ? a < b : a.length < b.length
}

/** The newer of two versions; `b` when they cannot be compared. */
export const newest = (a: string | undefined, b: string): string => (a !== undefined && isOlder(b, a) ? a : b)
