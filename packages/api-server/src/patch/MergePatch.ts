/** JSON merge patches (RFC 7386) with the quirks of the library that Kubernetes uses. */
import { isObject, put, sameParts, type Fields } from "../builtin/Sharing.ts"

/**
 * The document with the patch merged in. Neither is changed; what stays as it was is shared with `current`.
 * Nulls delete, except inside lists.
 */
export const mergePatch = (current: Fields, patch: Fields): Fields => {
  const out: Fields = {}
  for (const key in current) {
    if (!Object.hasOwn(patch, key)) put(out, key, current[key])
    else if (patch[key] !== null) put(out, key, mergeValue(current[key], patch[key]))
  }
  for (const key in patch) {
    if (!Object.hasOwn(current, key) && patch[key] !== null) put(out, key, pruneNulls(patch[key]))
  }
  return sameParts(out, current) ? current : out
}

/** A list that takes the place of an object keeps the nulls inside it; in every other place they are dropped. */
const mergeValue = (current: unknown, patch: unknown): unknown => {
  if (!isObject(current)) return pruneNulls(patch)
  return isObject(patch) ? mergePatch(current, patch) : patch
}

/** Drops nulls from objects at any depth; items of lists stay. What has none is taken over as it is. */
const pruneNulls = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || !hasNulls(value)) return value
  if (Array.isArray(value)) return value.map(pruneNulls)
  const out: Fields = {}
  for (const key in value) {
    const part = (value as Fields)[key]
    if (part !== null) put(out, key, pruneNulls(part))
  }
  return out
}

/** Whether some object in the value has a field that is null. */
const hasNulls = (value: object): boolean => {
  if (Array.isArray(value)) return value.some((item) => typeof item === "object" && item !== null && hasNulls(item))
  for (const key in value) {
    const part = (value as Fields)[key]
    if (part === null || (typeof part === "object" && hasNulls(part))) return true
  }
  return false
}
