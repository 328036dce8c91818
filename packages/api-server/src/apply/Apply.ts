/** Server-side apply: merges a configuration into the live object and settles who owns what. */
import { jsonEqual, type KubeObject, type ManagedFieldsEntry, type StatusCause } from "@fairlead/kube"
import { decode } from "../builtin/Builtin.ts"
import { goQuote, kindOfJson } from "../builtin/GoText.ts"
import { isObject, type Fields } from "../builtin/Sharing.ts"
import { badPatch, brokenPatch, PatchError } from "../patch/PatchError.ts"
import { compare } from "./Compare.ts"
import { fieldsOf, mergeOver, problemsOf, withoutFields } from "./Configuration.ts"
import {
  difference, differenceBelow, intersection, intersects, isEmpty, unionRoot, withNamedFields, type FieldSet
} from "./FieldSet.ts"
import { conflictsAllowedBy, renewLastApplied } from "./LastApplied.ts"
import { disown, idOf, readEntries, writeEntries, type Owner } from "./ManagedEntries.ts"
import { bare, emptyObject, managerOf, ownable, ownerOf, resetting, served, updateOwners, withEntries, type FieldWrite } from "./ManagedFields.ts"
import { printPaths } from "./PathElement.ts"

/** An apply request. `force` takes fields from their owners instead of failing. */
export interface ApplyWrite extends FieldWrite {
  readonly force: boolean
}

/**
 * The live object (`undefined` when there is none yet) with a configuration of a built-in kind applied and decoded.
 *
 * `config` is the parsed body. The caller still checks name, namespace and uid of the result, and goes on as with a
 * create or an update. A `PatchError` is to be answered as it is.
 */
export const applyBuiltin = (live: KubeObject | undefined, config: unknown, write: ApplyWrite): KubeObject | PatchError => {
  const applied = applyCustom(live, config, write)
  if (applied instanceof PatchError || applied === live) return applied
  const decoded = decode(write.schema, applied, { previous: live })
  if (decoded.problem === undefined) return decoded.object as unknown as KubeObject
  return brokenPatch(`failed to convert new object (${describe(config as Fields)}) to proper version: ${decoded.problem}`)
}

/** The same for custom resources: the result is yet to be pruned, defaulted and validated by their schema. */
export const applyCustom = (live: KubeObject | undefined, config: unknown, write: ApplyWrite): KubeObject | PatchError => {
  if (config === null || config === undefined) return badPatch("invalid object type: /, Kind=")
  if (!isObject(config)) return badPatch(`error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${kindOfJson(config)} into Go value of type map[string]interface {}`)
  const refusal = refusalOf(config, write)
  if (refusal !== undefined) return refusal
  const base = (live ?? emptyObject(write)) as Fields
  const result = applyOver(base, config, write)
  return result instanceof PatchError ? result : (withEntries(result.object, keepOrder(result.entries, base)) as unknown as KubeObject)
}

const keepOrder = (entries: ReadonlyArray<ManagedFieldsEntry>, live: Fields): ReadonlyArray<ManagedFieldsEntry> => {
  const stored = (live["metadata"] as Fields | undefined)?.["managedFields"]
  return Array.isArray(stored) && stored.length === entries.length && entries.every((entry, i) => entry === stored[i]) ? stored : entries
}

const groupVersionOf = (apiVersion: unknown): string => {
  if (typeof apiVersion !== "string" || apiVersion.split("/").length > 2) return "/"
  return apiVersion.includes("/") ? apiVersion : `/${apiVersion}`
}

const kindOf = (config: Fields): string => `${groupVersionOf(config["apiVersion"])}, Kind=${typeof config["kind"] === "string" ? config["kind"] : ""}`

/** `namespace/name; group/version, Kind=kind`, out of the configuration alone. */
const describe = (config: Fields): string => {
  const metadata = isObject(config["metadata"]) ? config["metadata"] : {}
  const text = (value: unknown): string => (typeof value === "string" ? value : "")
  return `${text(metadata["namespace"])}/${text(metadata["name"])}; ${kindOf(config)}`
}

const refusalOf = (config: Fields, write: ApplyWrite): PatchError | undefined => {
  if (config["apiVersion"] !== write.apiVersion || config["kind"] !== write.kind) return badPatch(`invalid object type: ${kindOf(config)}`)
  const metadata = config["metadata"]
  if (isObject(metadata) && metadata["managedFields"] !== undefined && metadata["managedFields"] !== null) {
    return badPatch("metadata.managedFields must be nil")
  }
  const problems = problemsOf(write.schema, config)
  return problems === undefined ? undefined : brokenPatch(`failed to create typed patch object (${describe(config)}): ${problems}`)
}

interface Result {
  readonly object: Fields
  readonly entries: ReadonlyArray<ManagedFieldsEntry>
}

/** The stored entries; the first apply finds none and gives all fields there are to `before-first-apply`. */
const ownersOf = (live: Fields, write: ApplyWrite): Map<string, Owner> | PatchError => {
  const owners = readEntries((live["metadata"] as Fields | undefined)?.["managedFields"] as ReadonlyArray<ManagedFieldsEntry> | undefined)
  if (owners === undefined) return brokenPatch("failed to decode managed fields: operation must be `Apply` or `Update`")
  if (owners.size > 0) return served(owners, write)
  return updateOwners(owners, emptyObject(write), bare(live), { ...write, manager: "before-first-apply" })
}

const applyOver = (live: Fields, config: Fields, write: ApplyWrite): Result | PatchError => {
  const owners = ownersOf(live, write)
  if (owners instanceof PatchError) return owners
  const { schema } = write
  const id = idOf(managerOf(write), "Apply", write.apiVersion, write.subresource)
  const last = owners.get(id)
  const all = fieldsOf(schema, config)
  const set = write.resets === undefined ? all : differenceBelow(all, write.resets)
  const mine: Owner = { ...ownerOf(write, "Apply", id), time: last?.time, set }
  owners.set(id, mine)
  const object = withoutGivenUp(mergeOver(schema, live, config) as Fields, last?.set, owners, write)
  const { added, modified, removed } = resetting(compare(schema, bare(live), bare(object)), write)
  const touched = unionRoot(modified, added)
  const conflicts = conflictsWith(owners, touched, id)
  if (!write.force && conflicts.length > 0) {
    const left = managerOf(write) === "kubectl" ? withoutAllowed(conflicts, live, write) : conflicts
    if (left.length > 0) return conflictError(left)
  }
  disown(owners, touched, id)
  disown(owners, removed, id)
  const unchanged = jsonEqual(object, live)
  settleOwn(owners, mine, last, unchanged ? undefined : write.now)
  const final = unchanged ? live : object
  return { object: managerOf(write) === "kubectl" ? renewLastApplied(final, config) : final, entries: writeEntries(owners) }
}

/** A new time only comes with a change of the object; an entry that stays as it was is kept as it is. */
const settleOwn = (owners: Map<string, Owner>, mine: Owner, last: Owner | undefined, now: string | undefined): void => {
  const set = ownable(mine.set)
  if (isEmpty(set)) {
    owners.delete(mine.id)
    return
  }
  const time = now ?? last?.time
  const kept = last !== undefined && jsonEqual(last.set, set)
  owners.set(mine.id, { ...mine, time, set: kept ? last.set : set, entry: kept && last.time === time && last.apiVersion === mine.apiVersion ? last.entry : undefined })
}

/** Removes what the applier applied last time, does not apply any more, and nobody else owns. */
const withoutGivenUp = (merged: Fields, last: FieldSet | undefined, owners: ReadonlyMap<string, Owner>, write: ApplyWrite): Fields => {
  if (last === undefined || isEmpty(last)) return merged
  const { schema } = write
  const named = (set: FieldSet): FieldSet => withNamedFields(set, schema)
  const lastNamed = named(last)
  const owned = [...owners.values()].reduce<FieldSet>((all, owner) => unionRoot(all, owner.set), {})
  if (isEmpty(difference(lastNamed, named(owned)))) return merged
  const remove = (paths: FieldSet): Fields => (withoutFields(schema, merged, paths) ?? {}) as Fields
  const mergedSet = named(fieldsOf(schema, merged))
  const bareSet = named(fieldsOf(schema, remove(lastNamed)))
  const withOwned = remove(difference(mergedSet, unionRoot(bareSet, named(owned))))
  const ownedSet = named(fieldsOf(schema, withOwned))
  return remove(intersection(difference(mergedSet, ownedSet), lastNamed))
}

interface Conflict {
  readonly owner: Owner
  readonly paths: FieldSet
}

const conflictsWith = (owners: ReadonlyMap<string, Owner>, touched: FieldSet, id: string): ReadonlyArray<Conflict> =>
  [...owners.values()]
    .filter((owner) => owner.id !== id && intersects(owner.set, touched))
    .map((owner) => ({ owner, paths: intersection(owner.set, touched) }))
    .sort((a, b) => (a.owner.id < b.owner.id ? -1 : 1))

/** kubectl may take over what it applied from the client side before. */
const withoutAllowed = (conflicts: ReadonlyArray<Conflict>, live: Fields, write: ApplyWrite): ReadonlyArray<Conflict> => {
  const allowed = conflictsAllowedBy(live, write)
  if (allowed === undefined) return conflicts
  return conflicts.flatMap(({ owner, paths }) => {
    const left = difference(paths, allowed)
    return isEmpty(left) ? [] : [{ owner, paths: left }]
  })
}

const printOwner = (owner: Owner): string => {
  const name = `${goQuote(owner.manager)}${owner.subresource === "" ? "" : ` with subresource ${goQuote(owner.subresource)}`}`
  return owner.operation === "Update" ? `${name} using ${owner.apiVersion}` : name
}

const conflictError = (conflicts: ReadonlyArray<Conflict>): PatchError => {
  const printed = conflicts.map(({ owner, paths }) => ({ owner: printOwner(owner), paths: printPaths(paths) }))
  const causes: ReadonlyArray<StatusCause> = printed.flatMap(({ owner, paths }) =>
    paths.map((field) => ({ reason: "FieldManagerConflict", message: `conflict with ${owner}`, field }))
  )
  const text = causes.length === 1
    ? `Apply failed with 1 conflict: conflict with ${printed[0]?.owner}: ${causes[0]?.field}`
    : `Apply failed with ${causes.length} conflicts: ${printed.map(({ owner, paths }) => [`conflicts with ${owner}:`, ...paths.map((path) => `- ${path}`)].join("\n")).join("\n")}`
  return new PatchError(409, "Conflict", text, causes)
}
