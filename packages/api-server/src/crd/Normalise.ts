/**
 * Brings values into the form that a structural schema gives them: fields that it does not know go, nulls where none
 * may stand go, and defaults come in. What does not change is shared, so that the result can be compared by identity.
 */
import { type Fields, isObject, put } from "../builtin/Sharing.ts"
import type { Structural } from "./Structural.ts"

/** Gives the normal form of a value; the value itself is never changed. */
export type Normalise = (value: unknown) => unknown

/** `prune` drops unknown fields, `keep` leaves all, `skip` leaves those of this object and of lists in it. */
type Mode = "prune" | "skip" | "keep"

/** How to treat the value under a key. */
interface Entry {
  readonly step: Normalise
  /** Whether null may stand here. */
  readonly nullable: boolean
  readonly default: unknown
}

const same: Normalise = (value) => value

/** What every object has besides its own fields. */
export const metaFields: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"])

/** Compiles the normal form of a schema, on request without filling in defaults. */
export const compileNormalise = (schema: Structural, options: { readonly defaults: boolean } = { defaults: true }): Normalise =>
  compile(schema, "prune", options.defaults)

/** Compiles the normal form of whole objects, but for parts that `isSettled` says are in it. */
export const compileObjects = (schema: Structural, isSettled: (name: string, part: unknown) => boolean): ((object: Fields) => Fields) =>
  compileObject(schema, schema.preserves ? "skip" : "prune", true, (name, step) => (part) => (isSettled(name, part) ? part : step(part))) as (object: Fields) => Fields

const compile = (schema: Structural | undefined, asked: Mode, fills: boolean): Normalise => {
  if (schema === undefined) return asked === "prune" ? strip : same
  const mode = asked === "prune" && schema.preserves ? "skip" : asked
  const object = compileObject(schema, mode, fills)
  const list = compileList(schema, mode, fills)
  return (value) => {
    if (typeof value !== "object" || value === null) return value
    return Array.isArray(value) ? list(value) : object(value as Fields)
  }
}

/** Drops everything from objects, but keeps lists and scalars. */
const strip: Normalise = (value) => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return mapped(value, strip)
  for (const _ in value) return {}
  return value
}

const mapped = (list: ReadonlyArray<unknown>, step: (item: unknown, index: number) => unknown): ReadonlyArray<unknown> => {
  let out: Array<unknown> | undefined
  for (let i = 0; i < list.length; i++) {
    const next = step(list[i], i)
    if (next !== list[i]) (out ??= list.slice())[i] = next
  }
  return out ?? list
}

const compileList = ({ items }: Structural, mode: Mode, fills: boolean): ((list: ReadonlyArray<unknown>) => unknown) => {
  const step = compile(items, mode, fills)
  const absent = !fills || items === undefined || items.nullable || items.default === undefined ? null : defaultOf(items)
  const each: Normalise = (item) => (item === null ? absent : step(item))
  return (list) => mapped(list, each)
}

const entryOf = (child: Structural | undefined, mode: Mode, fills: boolean): Entry => ({
  step: compile(child, mode, fills),
  // A null that a default will replace stays until then.
  nullable: child === undefined || child.nullable || (!fills && child.default !== undefined),
  default: !fills || child === undefined ? undefined : defaultOf(child)
})

/** The default of a schema with the defaults of its parts. */
const defaultOf = (schema: Structural): unknown => (schema.default === undefined ? undefined : compile(schema, "prune", true)(schema.default))

const compileObject = (
  schema: Structural,
  mode: Mode,
  fills: boolean,
  wrap: (name: string, step: Normalise) => Normalise = (_, step) => step
): ((object: Fields) => unknown) => {
  const below: Mode = mode === "keep" ? "keep" : "prune"
  const entries = new Map<string, Entry>()
  if (schema.embedded) for (const name of metaFields) entries.set(name, entryOf(undefined, "keep", fills))
  for (const [name, child] of schema.properties) {
    const entry = entryOf(child, schema.embedded && metaFields.has(name) ? "keep" : below, fills)
    entries.set(name, { ...entry, step: wrap(name, entry.step) })
  }
  const others = schema.takesOthers ? entryOf(schema.values, below, fills) : undefined
  const unknown = others ?? (mode === "prune" ? undefined : entryOf(undefined, "keep", fills))
  const defaulted = [...entries].filter(([, entry]) => entry.default !== undefined).map(([name, entry]) => [name, entry.default] as const)
  return (object) => {
    let out: Fields | undefined
    for (const key in object) {
      const entry = entries.get(key) ?? unknown
      const value = object[key]
      const next = entry === undefined ? undefined : value === null && !entry.nullable ? entry.default : entry.step(value)
      if (next === value) continue
      out ??= { ...object }
      if (next === undefined) delete out[key]
      else put(out, key, next)
    }
    for (const [name, value] of defaulted) {
      if (!Object.hasOwn(object, name)) put((out ??= { ...object }), name, value)
    }
    return out ?? object
  }
}

/** The normal form of a value with the nulls of `sent` that it dropped; they were not allowed, and are now found to be so. */
export const withNullsOf = (sent: unknown, normal: unknown): unknown => {
  if (Array.isArray(sent) && Array.isArray(normal)) return mapped(normal, (item, i) => withNullsOf(sent[i], item))
  if (!isObject(sent) || !isObject(normal)) return normal
  let out: Fields | undefined
  for (const key in sent) {
    const next = Object.hasOwn(normal, key) ? withNullsOf(sent[key], normal[key]) : sent[key]
    if (next === normal[key] || (next !== null && !Object.hasOwn(normal, key))) continue
    put((out ??= { ...normal }), key, next)
  }
  return out ?? normal
}

/** Paths of the fields that pruning drops, in alphabetical order: `spec.items[1].colour`. */
export const unknownFields = (schema: Structural, value: unknown): ReadonlyArray<string> => {
  const found: Array<string> = []
  collect(schema, value, "", "prune", found)
  return found.sort()
}

const collect = (schema: Structural | undefined, value: unknown, path: string, asked: Mode, found: Array<string>): void => {
  const mode = asked === "prune" && schema?.preserves === true ? "skip" : asked
  if (schema === undefined && mode === "skip") return
  if (Array.isArray(value)) {
    value.forEach((item, i) => collect(schema?.items, item, `${path}[${i}]`, mode, found))
  } else if (isObject(value)) {
    for (const key of Object.keys(value)) collectEntry(schema, key, value[key], path, mode, found)
  }
}

const collectEntry = (schema: Structural | undefined, key: string, value: unknown, parent: string, mode: Mode, found: Array<string>): void => {
  const path = parent === "" ? key : `${parent}.${key}`
  if (schema?.embedded === true && metaFields.has(key)) return
  const child = schema?.properties.get(key)
  if (child !== undefined) collect(child, value, path, "prune", found)
  else if (schema?.takesOthers === true) collect(schema.values, value, path, "prune", found)
  else if (mode === "prune") found.push(path)
}
