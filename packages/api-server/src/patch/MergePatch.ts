/** JSON merge patches (RFC 7386) with the quirks of the library that Kubernetes uses. */
import { copyOf, isObject, put, type Fields } from "../builtin/Sharing.ts"

/**
 * The document with the patch merged in. Neither is changed; what stays as it was is shared with `current`.
 * Nulls delete, except inside lists.
 */
export const mergePatch = (current: Fields, patch: Fields): Fields => {
  let out: Fields | undefined
  let deletes = false
  for (const key in patch) {
    const part = patch[key]
    const isThere = Object.hasOwn(current, key)
    if (part === null) deletes ||= isThere
    else {
      const old = isThere ? current[key] : undefined
      const next = mergeValue(old, part)
      if (next !== old || !isThere) put((out ??= copyOf(current)), key, next)
    }
  }
  return deletes ? withoutKeys(out ?? current, patch) : (out ?? current)
}

/** A copy without the keys that the patch deletes: V8 makes objects that something is deleted from slow. */
const withoutKeys = (fields: Fields, patch: Fields): Fields => {
  const out: Fields = {}
  for (const key in fields) if (!Object.hasOwn(patch, key) || patch[key] !== null) put(out, key, fields[key])
  return out
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
