/** Owners of `spec.replicas`, as the scale subresource shows them, and back. */
import type { ManagedFieldsEntry } from "@fairlead/kube"
import { difference, has, isEmpty, ofPaths } from "./FieldSet.ts"
import { readEntries, writeEntries, type Owner } from "./ManagedEntries.ts"

type Entries = ReadonlyArray<ManagedFieldsEntry> | undefined

const inScale = ["f:spec", "f:replicas"]
const scaleVersion = "autoscaling/v1"

/**
 * The entries that a `Scale` shows: of the object's owners, those of its replicas.
 *
 * `path` is where the object keeps them, `["f:spec", "f:replicas"]` for built-in kinds.
 */
export const toScale = (entries: Entries, path: ReadonlyArray<string>): ReadonlyArray<ManagedFieldsEntry> => {
  const owners = new Map<string, Owner>()
  for (const owner of readEntries(entries)?.values() ?? []) {
    if (has(owner.set, path)) owners.set(owner.id, { ...owner, apiVersion: scaleVersion, set: ofPaths(inScale), entry: undefined })
  }
  return writeEntries(owners)
}

/**
 * The object's entries after a write to its scale: who lost the replicas there loses them here, who won them owns them
 * through the subresource. Update the scale with `ManagedFields.update` in between, with `subresource: "scale"`.
 */
export const fromScale = (entries: Entries, scale: Entries, path: ReadonlyArray<string>, apiVersion: string): ReadonlyArray<ManagedFieldsEntry> => {
  const before = readEntries(entries) ?? new Map<string, Owner>()
  // The version is part of the identity of an update, and a scale has another one: so updates never find themselves
  // again, and one that keeps the replicas ends with two entries. The original does the same.
  const left = new Map(readEntries(scale) ?? [])
  const owners = new Map<string, Owner>()
  for (const owner of before.values()) {
    const kept = !has(owner.set, path) || left.delete(owner.id)
    const set = kept ? owner.set : difference(owner.set, ofPaths(path))
    if (!isEmpty(set)) owners.set(owner.id, set === owner.set ? owner : { ...owner, set, entry: undefined })
  }
  for (const owner of left.values()) {
    if (has(owner.set, inScale)) owners.set(owner.id, { ...owner, apiVersion, time: undefined, set: ofPaths(path), entry: undefined })
  }
  return writeEntries(owners)
}
