/** Makes the bodies of patches that say only what changed. */
import { definedKeys, isRecord } from "./internal/json.ts"
import { jsonEqual } from "./JsonEqual.ts"
import type { KubeObject } from "./KubeObject.ts"

/** Body of a merge patch (RFC 7386): what is named is set, `null` removes, lists are replaced as a whole. */
export type MergePatch = { readonly [key: string]: unknown }

/** One operation of a JSON patch (RFC 6902). */
export type JsonPatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string }

/**
 * The merge patch that turns `from` into `to`; `undefined` when they are equal, so that no call is needed.
 *
 * Writers that patch what they changed do not undo each other's changes of other fields, and need no resource version.
 * A merge patch cannot set a field to `null`: there `null` counts as not there.
 */
export const mergePatch = (from: object, to: object): MergePatch | undefined => {
  const patch = mergeDifference(from as Record<string, unknown>, to as Record<string, unknown>)
  return patch.length === 0 ? undefined : Object.fromEntries(patch)
}

/** The merge patch for the status alone: `{ status: … }`; `undefined` when it did not change. */
export const statusPatch = (
  from: { readonly status?: object | undefined },
  to: { readonly status?: object | undefined }
): MergePatch | undefined => mergePatch({ status: from.status ?? {} }, { status: to.status ?? {} })

/**
 * Makes a merge patch fail with `Conflict` when the object is not the one that was read, or is no longer as it was
 * read. Needed when a list is replaced that others write too, such as finalizers.
 */
export const locked = (patch: MergePatch, object: KubeObject): MergePatch => {
  const { uid, resourceVersion } = object.metadata
  const metadata = isRecord(patch["metadata"]) ? patch["metadata"] : {}
  return { ...patch, metadata: { ...metadata, ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) } }
}

/** The JSON patch that turns `from` into `to`: member by member in objects, lists as a whole; empty when they are equal. */
export const jsonPatch = (from: object, to: object): ReadonlyArray<JsonPatchOperation> => {
  const operations: Array<JsonPatchOperation> = []
  addDifference(operations, "", from as Record<string, unknown>, to as Record<string, unknown>)
  return operations
}

/** The path of a field for a JSON patch: `pointer("metadata", "labels", "a/b")` is `/metadata/labels/a~1b`. */
export const pointer = (...segments: ReadonlyArray<string | number>): string => segments.map(escapeSegment).join("")

const escapeSegment = (segment: string | number): string => `/${String(segment).replaceAll("~", "~0").replaceAll("/", "~1")}`

type Entry = readonly [key: string, value: unknown]

/** Entries rather than an object, so that a key named `__proto__` is a key like any other. */
const mergeDifference = (from: Record<string, unknown>, to: Record<string, unknown>): ReadonlyArray<Entry> => {
  const entries: Array<Entry> = []
  for (const key of presentKeys(from)) {
    if (!isPresent(to, key)) entries.push([key, null])
  }
  for (const key of presentKeys(to)) {
    const before = isPresent(from, key) ? from[key] : undefined
    const after = to[key]
    if (isRecord(before) && isRecord(after)) {
      const inner = mergeDifference(before, after)
      if (inner.length > 0) entries.push([key, Object.fromEntries(inner)])
    } else if (before === undefined || !jsonEqual(before, after)) entries.push([key, withoutNulls(after)])
  }
  return entries
}

const isPresent = (object: Record<string, unknown>, key: string): boolean =>
  Object.hasOwn(object, key) && object[key] !== undefined && object[key] !== null

const presentKeys = (object: Record<string, unknown>): ReadonlyArray<string> => Object.keys(object).filter((key) => isPresent(object, key))

/** In a new object `null` would ask for the removal of what is not there. */
const withoutNulls = (value: unknown): unknown =>
  isRecord(value) ? Object.fromEntries(presentKeys(value).map((key) => [key, withoutNulls(value[key])])) : value

const addDifference = (operations: Array<JsonPatchOperation>, path: string, from: Record<string, unknown>, to: Record<string, unknown>): void => {
  const has = (object: Record<string, unknown>, key: string): boolean => Object.hasOwn(object, key) && object[key] !== undefined
  for (const key of definedKeys(from)) {
    if (!has(to, key)) operations.push({ op: "remove", path: path + escapeSegment(key) })
  }
  for (const key of definedKeys(to)) {
    const at = path + escapeSegment(key)
    const before = from[key]
    const after = to[key]
    if (!has(from, key)) operations.push({ op: "add", path: at, value: after })
    else if (isRecord(before) && isRecord(after)) addDifference(operations, at, before, after)
    else if (!jsonEqual(before, after)) operations.push({ op: "replace", path: at, value: after })
  }
}
