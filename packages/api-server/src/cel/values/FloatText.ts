/** Floats as text. */

/** A float with as many digits as it takes, in the form of Go's `%g`. */
export const goFloat = (value: number): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf"
  if (value === 0) return Object.is(value, -0) ? "-0" : "0"
  const size = Math.abs(value)
  return size >= 1e-4 && size < 1e6 ? String(value) : value.toExponential().replace(/e([+-])(\d)$/, "e$10$2")
}
