/** The entries of `metadata.managedFields` as the updates work on them, and back. */
import type { ManagedFieldsEntry } from "@fairlead/kube"
import { isObject } from "../builtin/Sharing.ts"
import { difference, isEmpty, unionRoot, type FieldSet } from "./FieldSet.ts"
import { ordered } from "./PathElement.ts"
import { byText } from "../builtin/GoText.ts"

/** Which paths one writer owns. `entry` is the stored form for as long as nothing changed. */
export interface Owner {
  readonly id: string
  readonly manager: string
  readonly operation: "Apply" | "Update"
  readonly apiVersion: string
  readonly subresource: string
  readonly time: string | undefined
  readonly set: FieldSet
  readonly entry: ManagedFieldsEntry | undefined
}

/** Owners by their identity, in the order of the stored entries. */
export type Owners = ReadonlyMap<string, Owner>

/** Of how many updating managers an object keeps apart who owns what. */
const updatersMax = 10

/** Identity of a writer: what it does, under which name, through which subresource; updates also in which version. */
export const idOf = (manager: string, operation: "Apply" | "Update", apiVersion: string, subresource: string): string =>
  JSON.stringify({
    manager,
    operation,
    ...(operation === "Apply" ? {} : { apiVersion }),
    ...(subresource === "" ? {} : { subresource })
  })

const cached = new WeakMap<ReadonlyArray<ManagedFieldsEntry>, Owners>()

const elementPattern = /^(?:\.|[fkvi]:)/

/** Whether a value has the form of a stored set; elements of unknown kinds are let through and ignored. */
const isFieldSet = (value: unknown): boolean => {
  if (!isObject(value)) return false
  for (const key in value) if (!isFieldSet(value[key])) return false
  return true
}

/** Reads stored entries; `undefined` when one of them is malformed, which makes all of them void. */
export const readEntries = (entries: ReadonlyArray<ManagedFieldsEntry> | undefined | null): Owners | undefined => {
  if (entries === undefined || entries === null || !Array.isArray(entries)) return new Map()
  const known = cached.get(entries)
  if (known !== undefined) return known
  const owners = new Map<string, Owner>()
  for (const entry of entries as ReadonlyArray<ManagedFieldsEntry>) {
    const { manager = "", operation, apiVersion = "", subresource = "", fieldsType, fieldsV1 = {}, time } = entry
    if ((operation !== "Apply" && operation !== "Update") || apiVersion === "" || fieldsType !== "FieldsV1") return undefined
    if (!isFieldSet(fieldsV1)) return undefined
    const id = idOf(manager, operation, apiVersion, subresource)
    owners.set(id, { id, manager, operation, apiVersion, subresource, time, set: cleanSet(fieldsV1 as FieldSet), entry })
  }
  cached.set(entries, owners)
  return owners
}

const cleanSet = (set: FieldSet): FieldSet => {
  for (const key in set) if (!elementPattern.test(key)) return Object.fromEntries(Object.entries(set).filter(([name]) => elementPattern.test(name)))
  return set
}

/** Entries in their order: Apply before Update, then by time in seconds, then by name. */
export const writeEntries = (owners: Owners): ReadonlyArray<ManagedFieldsEntry> =>
  [...owners.values()].sort(compareOwners).map((owner) => owner.entry ?? entryOf(owner))

const entryOf = (owner: Owner): ManagedFieldsEntry => ({
  manager: owner.manager,
  operation: owner.operation,
  apiVersion: owner.apiVersion,
  ...(owner.time === undefined ? {} : { time: owner.time }),
  fieldsType: "FieldsV1",
  fieldsV1: ordered(owner.set),
  ...(owner.subresource === "" ? {} : { subresource: owner.subresource })
})

/** Times are in canonical form, so their texts stand in their order; no time counts as the beginning of time. */
const compareOwners = (a: Owner, b: Owner): number =>
  byText(a.operation, b.operation) ||
  byText(a.time ?? "", b.time ?? "") ||
  byText(a.manager, b.manager) ||
  byText(a.apiVersion, b.apiVersion) ||
  byText(a.subresource, b.subresource)

/** The owner with another set, or without when nothing is left of it. */
export const withSet = (owner: Owner, set: FieldSet): Owner | undefined => {
  if (set === owner.set) return owner
  return isEmpty(set) ? undefined : { ...owner, set, entry: undefined }
}

/** Folds the oldest updating managers into one, while there are more of them than are kept apart. */
export const foldOldest = (owners: Map<string, Owner>): void => {
  if (owners.size <= updatersMax) return
  const updaters = [...owners.values()].filter((owner) => owner.operation === "Update")
  if (updaters.length <= updatersMax) return
  updaters.sort((a, b) => byText(a.time ?? "", b.time ?? "") || byText(a.id, b.id))
  let left = updaters.length
  const firsts = new Map<string, Owner>()
  for (const owner of updaters) {
    if (left <= updatersMax) return
    const first = firsts.get(owner.apiVersion)
    if (first === undefined) {
      firsts.set(owner.apiVersion, owner)
      continue
    }
    const id = idOf("ancient-changes", "Update", owner.apiVersion, "")
    const bucket = owners.get(id) ?? first
    owners.delete(first.id)
    owners.delete(owner.id)
    owners.set(id, { ...owner, id, manager: "ancient-changes", subresource: "", set: unionRoot(owner.set, bucket.set), entry: undefined })
    left--
  }
}

/** Takes paths away from every owner but `except`; owners that have nothing left go. */
export const disown = (owners: Map<string, Owner>, paths: FieldSet, except?: string): void => {
  if (isEmpty(paths)) return
  for (const owner of owners.values()) {
    if (owner.id === except) continue
    const left = withSet(owner, difference(owner.set, paths))
    if (left === undefined) owners.delete(owner.id)
    else if (left !== owner) owners.set(owner.id, left)
  }
}
