/** Compares resource versions, which are decimal numbers that only ever grow. */

const isDigit = (code: number): boolean => code >= 48 && code <= 57

const isDecimal = (version: string): boolean => {
  for (let i = 0; i < version.length; i++) if (!isDigit(version.charCodeAt(i))) return false
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
  if (a.length !== b.length) return a.length < b.length && isDecimal(a) && isDecimal(b)
  // One pass over both, since every event is compared several times: their first difference decides.
  let difference = 0
  for (let i = 0; i < a.length; i++) {
    const left = a.charCodeAt(i)
    const right = b.charCodeAt(i)
    if (!isDigit(left) || !isDigit(right)) return false
    if (difference === 0) difference = left - right
  }
  return difference < 0
}

/** The newer of two versions; `b` when they cannot be compared. */
export const newest = (a: string | undefined, b: string): string => (a !== undefined && isOlder(b, a) ? a : b)
