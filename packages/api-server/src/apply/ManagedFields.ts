/**
 * Who owns which fields: the bookkeeping of `metadata.managedFields` for every write, and server-side apply.
 *
 * How the server calls it, with objects in the version of the request (`apiVersion` and `kind` included):
 *
 * - create: `entriesAfter(undefined, object, write)` with the decoded and defaulted body, before admission and before the
 *   strategy prepares the object (fields that those set belong to nobody);
 * - update and the other patches: `entriesAfter(stored, object, write)` with the decoded body or patched object, before admission;
 * - after admission and preparation: `settle(stored, object)`, which undoes new times where nothing else changed;
 * - apply: `applyBuiltin` or `applyCustom` (./Apply.ts), then on with the result like with any patched object;
 * - scale subresource: see ./ScaleFields.ts.
 *
 * `write.resets` comes from `builtinResets` or `customResets`, and `write.now` is the time in whole seconds.
 */
import { jsonEqual, type KubeObject, type ManagedFieldsEntry } from "@fairlead/kube"
import { emptyOf } from "../builtin/Builtin.ts"
import type { SchemaNode } from "../builtin/SchemaNode.ts"
import { isObject, type Fields } from "../builtin/Sharing.ts"
import { fits } from "./Configuration.ts"
import { compare, type Comparison } from "./Compare.ts"
import { createdFields } from "./CreatedFields.ts"
import { difference, differenceBelow, empty, isEmpty, ofPaths, unionRoot, type FieldSet } from "./FieldSet.ts"
import { disown, foldOldest, idOf, readEntries, withSet, writeEntries, type Owner, type Owners } from "./ManagedEntries.ts"
import { ordered } from "./PathElement.ts"
import { fittedTo } from "./SchemaChange.ts"

/** A write, as far as owning fields is concerned. */
export interface FieldWrite {
  readonly schema: SchemaNode
  /** Set for custom resources: their empty object has no fields at all, and their schemas may change. */
  readonly custom?: boolean | undefined
  /** `v1`, `apps/v1`: the version in which the request was made. */
  readonly apiVersion: string
  readonly kind: string
  /** `""` for the object itself. */
  readonly subresource: string
  /** `fieldManager`, or what the user agent starts with. */
  readonly manager: string
  /** Now, in whole seconds: `2026-01-01T00:00:00Z`. */
  readonly now: string
  readonly resets?: FieldSet | undefined
  /** Whether a version is still served; owners that wrote in others are forgotten. Left out: all are. */
  readonly serves?: ((apiVersion: string) => boolean) | undefined
}

type Entries = ReadonlyArray<ManagedFieldsEntry> | null | undefined

/** Fields that nobody owns. */
const unowned = ofPaths(
  ["f:apiVersion"],
  ["f:kind"],
  ["f:metadata"],
  ...["name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields", "resourceVersion"]
    .map((name) => ["f:metadata", `f:${name}`])
)

/** A set without the fields that nobody owns. */
export const ownable = (set: FieldSet): FieldSet => difference(set, unowned)

/** An object of the kind with nothing in it, with which creations are compared. */
export const emptyObject = (write: FieldWrite): Fields => ({
  apiVersion: write.apiVersion,
  kind: write.kind,
  ...(write.custom === true ? {} : emptyOf(write.schema))
})

/** The object without its managedFields, which no one owns; `undefined` stays so. */
export const bare = (object: Fields): Fields => {
  const { metadata } = object
  if (!isObject(metadata) || metadata["managedFields"] === undefined) return object
  const { managedFields: _, ...rest } = metadata
  return { ...object, metadata: rest }
}

/** The object with these entries; it is the same object when it has them already. */
export const withEntries = (object: Fields, entries: ReadonlyArray<ManagedFieldsEntry>): Fields => {
  const metadata = (object["metadata"] ?? {}) as Fields
  if (metadata["managedFields"] === entries) return object
  const { managedFields: _, ...rest } = metadata
  return { ...object, metadata: entries.length === 0 ? rest : { ...rest, managedFields: entries } }
}

const isReset = (entries: Entries): boolean =>
  Array.isArray(entries) && (entries.length === 0 || (entries.length === 1 && Object.keys(entries[0] as object).length === 0))

const entriesOf = (object: KubeObject | undefined): Entries => object?.metadata.managedFields

const none: Owners = new Map()

/** What the writer sent counts, if it is well-formed and not about a subresource; else what is stored. */
const ownersBefore = (stored: KubeObject | undefined, next: KubeObject, write: FieldWrite): Owners => {
  if (write.subresource === "" && entriesOf(next) !== undefined) {
    if (isReset(entriesOf(next))) return none
    const sent = readEntries(entriesOf(next))
    if (sent !== undefined && sent.size > 0) return sent
  }
  return readEntries(entriesOf(stored)) ?? none
}

/** The object with its managedFields brought up to date. `stored` is `undefined` for a create. */
export const update = (stored: KubeObject | undefined, next: KubeObject, write: FieldWrite): KubeObject =>
  withEntries(next as unknown as Fields, entriesAfter(stored, next, write)) as unknown as KubeObject

/** The managedFields of an object after a write; those of `stored` themselves where nothing changes in them. */
export const entriesAfter = (stored: KubeObject | undefined, next: KubeObject, write: FieldWrite): ReadonlyArray<ManagedFieldsEntry> => {
  const before = ownersBefore(stored, next, write)
  if (before.size === 0) {
    if (stored === undefined) return createdEntries(bare(next as unknown as Fields), write)
    // After managedFields were cleared, only an apply starts them anew.
    if (stored.metadata.uid !== undefined) return noEntries
  }
  const old = stored === undefined ? emptyObject(write) : (stored as unknown as Fields)
  // The original forgets all owners when it cannot read an object, such as one with a list item without its key in a part that this write ignores.
  if (write.custom === true && !(fits(write.schema, old) && fits(write.schema, next as unknown as Fields))) return noEntries
  const after = updateOwners(before, old, next as unknown as Fields, write)
  foldOldest(after)
  return keepStored(writeEntries(after), entriesOf(stored))
}

const noEntries: ReadonlyArray<ManagedFieldsEntry> = []

const lastEntries = new WeakMap<FieldSet, ReadonlyArray<ManagedFieldsEntry>>()

/** The one entry of a new object. Objects of the same form that one writer makes within a second share it. */
const createdEntries = (object: Fields, write: FieldWrite): ReadonlyArray<ManagedFieldsEntry> => {
  const set = creatorsPart(createdFields(write.schema, emptyObject(write), object), write)
  if (isEmpty(set)) return noEntries
  const last = lastEntries.get(set)
  if (last !== undefined && isBy(last[0] as ManagedFieldsEntry, write)) return last
  const id = idOf(managerOf(write), "Update", write.apiVersion, write.subresource)
  const entries = writeEntries(new Map([[id, { ...ownerOf(write, "Update", id), time: write.now, set }]]))
  lastEntries.set(set, entries)
  return entries
}

const isBy = ({ apiVersion, manager, subresource = "", time }: ManagedFieldsEntry, write: FieldWrite): boolean =>
  time === write.now && manager === managerOf(write) && apiVersion === write.apiVersion && subresource === write.subresource

const creatorsParts = new WeakMap<FieldSet, { readonly resets: FieldSet | undefined; readonly part: FieldSet }>()

/** What of the fields of a new object counts as its creator's; known for forms that were seen before. */
const creatorsPart = (fields: FieldSet, { resets }: FieldWrite): FieldSet => {
  const known = creatorsParts.get(fields)
  if (known !== undefined && known.resets === resets) return known.part
  const part = ordered(ownable(resets === undefined ? fields : differenceBelow(fields, resets)))
  creatorsParts.set(fields, { resets, part })
  return part
}

/** The stored list where its entries are the same. */
const keepStored = (entries: ReadonlyArray<ManagedFieldsEntry>, stored: Entries): ReadonlyArray<ManagedFieldsEntry> =>
  Array.isArray(stored) && stored.length === entries.length && entries.every((entry, i) => entry === stored[i]) ? stored : entries

/** Who owns what after a plain write. */
export const updateOwners = (before: Owners, old: Fields, next: Fields, write: FieldWrite): Map<string, Owner> => {
  const owners = served(before, write)
  // That the lists of entries differ does not matter, since nobody owns them.
  const { added, modified, removed } = resetting(compare(write.schema, old, next), write)
  const touched = unionRoot(modified, added)
  const id = idOf(managerOf(write), "Update", write.apiVersion, write.subresource)
  disown(owners, touched, id)
  disown(owners, removed)
  const set = ownable(touched)
  const mine = owners.get(id)
  if (isEmpty(set)) return owners
  const joined = mine === undefined ? set : unionRoot(mine.set, set)
  owners.set(id, { ...ownerOf(write, "Update", id), time: write.now, set: joined, entry: sameEntry(mine, joined, write.now) })
  return owners
}

const sameEntry = (mine: Owner | undefined, set: FieldSet, time: string): ManagedFieldsEntry | undefined =>
  mine !== undefined && mine.set === set && mine.time === time ? mine.entry : undefined

/** Who writes, when nobody says so. */
export const managerOf = (write: FieldWrite): string => (write.manager === "" ? "unknown" : write.manager)

/** An owner without paths. */
export const ownerOf = (write: FieldWrite, operation: "Apply" | "Update", id: string): Owner => ({
  id,
  manager: managerOf(write),
  operation,
  apiVersion: write.apiVersion,
  subresource: write.subresource,
  time: undefined,
  set: empty,
  entry: undefined
})

/** Owners whose version is served, with their sets fitted to what the schema is now. */
export const served = (owners: Owners, write: FieldWrite): Map<string, Owner> => {
  const kept = new Map<string, Owner>()
  for (const owner of owners.values()) {
    if (write.serves !== undefined && !write.serves(owner.apiVersion)) continue
    const fitted = write.custom === true ? withSet(owner, fittedTo(write.schema, owner.set)) : owner
    if (fitted !== undefined) kept.set(owner.id, fitted)
  }
  return kept
}

/** A comparison without what this write cannot change anyway. */
export const resetting = (found: Comparison, write: FieldWrite): Comparison => {
  const { resets } = write
  if (resets === undefined) return found
  return { removed: differenceBelow(found.removed, resets), modified: differenceBelow(found.modified, resets), added: differenceBelow(found.added, resets) }
}

/** `stored` itself where the write changed nothing but times in managedFields; else `next`. */
export const settle = (stored: KubeObject, next: KubeObject): KubeObject => {
  const [old, fresh] = [entriesOf(stored), entriesOf(next)]
  if (!Array.isArray(old) || !Array.isArray(fresh) || old.length !== fresh.length || old === fresh || fresh.length === 0) return next
  const untimed = fresh.every((entry, i) => equalButTime(entry as ManagedFieldsEntry, old[i] as ManagedFieldsEntry))
  if (!untimed || !jsonEqual(bare(next as unknown as Fields), bare(stored as unknown as Fields))) return next
  return withEntries(next as unknown as Fields, old) as unknown as KubeObject
}

const equalButTime = (a: ManagedFieldsEntry, b: ManagedFieldsEntry): boolean =>
  a.manager === b.manager && a.operation === b.operation && a.apiVersion === b.apiVersion && a.subresource === b.subresource && jsonEqual(a.fieldsV1, b.fieldsV1)
