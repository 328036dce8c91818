/** Makes any text fit to be the value of a label. */
import { md5 } from "./internal/md5.ts"

/** Longest value of a label. */
const lengthMax = 63
const hashLength = 9
const unsafe = /^[^a-z0-9A-Z]*|[^a-zA-Z0-9_\-.]|[^a-z0-9A-Z]*$/g

/**
 * Airflow's `make_safe_label_value`, the same in every version: what a label may not hold is left out, and a value that
 * changed or is too long is cut to 53 characters and closed with a hash of the original.
 *
 * Caveat: a text without a single ASCII letter or digit becomes `-` and the hash, which no API server takes as a label;
 * `safeLabelValue` is for new pods, this one for finding those of others.
 */
export const makeSafeLabelValue = (text: string): string => {
  const safe = text.replace(unsafe, "")
  if (safe.length <= lengthMax && safe === text) return safe
  return `${safe.slice(0, lengthMax - hashLength - 1)}-${md5(text).slice(0, hashLength)}`
}

/** The same for texts that Airflow makes a sound label of; for all others the hash alone. Always valid. */
export const safeLabelValue = (text: string): string => {
  const value = makeSafeLabelValue(text)
  return value.startsWith("-") ? value.slice(1) : value
}
