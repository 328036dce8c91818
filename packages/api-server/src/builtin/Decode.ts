/**
 * Brings the JSON form of a built-in object into the form in which it is stored, as a round through Go's structs would:
 * undeclared fields and nulls go, empty values go or stay as their tags say, quantities and times become canonical,
 * defaults are filled in, and fields stand in declared order.
 *
 * The quick pass only notes *that* something is wrong; `Diagnose.ts` then finds out what, in the order of the document.
 */
import { diagnose, type Diagnosis } from "./Diagnose.ts"
import { factsOf, parse } from "./GoJson.ts"
import { normalise, zeroOf } from "./Scalars.ts"
import type { SchemaField, SchemaNode } from "./SchemaNode.ts"
import { copyOf, isObject, put, sameParts, unify, type Fields } from "./Sharing.ts"

/**
 * Fills in what depends on other fields of a struct. `out` is fresh, but what hangs on it may be shared: copy on write. Parts that are those of
 * `previous`, the stored object, have their defaults.
 */
export type Defaults = (out: Fields, previous: Fields | undefined) => void

/** What the API fills in where a value of one type says nothing. */
export interface TypeDefaults {
  /** What the fields of a struct hold that were left out; functions find it out from the struct as it was given. */
  readonly constants?: Readonly<Record<string, unknown>> | undefined
  readonly rule?: Defaults | undefined
  /** What becomes of a value of a map. */
  readonly each?: ((value: unknown) => unknown) | undefined
}

/** Finds the defaults of a type; `undefined` where it has none. */
export type DefaultsOf = (node: SchemaNode) => TypeDefaults | undefined

/** How to decode a body. */
export interface DecodeOptions {
  /** The text that the body was parsed from; needed to see duplicate keys and how numbers were written. */
  readonly text?: string | undefined
  /** The stored object. Parts that turn out equal are taken from it, so that comparing the two costs little. */
  readonly previous?: unknown
  /** Look for unknown and duplicate fields too (`fieldValidation` Strict or Warn). */
  readonly strict?: boolean | undefined
  /** Empty lists and maps that are stored as null stay what they are. */
  readonly keepEmpty?: boolean | undefined
}

/** What came of it. */
export interface Decoded {
  /** The object in its stored form. Meaningless when there is a problem. */
  readonly object: Fields
  /** Go's error when a value does not fit its type: `json: cannot unmarshal string into Go struct field …`. */
  readonly problem: string | undefined
  /** `unknown field "spec.foo"`, `duplicate field "data.k"`, in the order of the document; only when asked for. */
  readonly strict: ReadonlyArray<string>
  /** Whether an empty list or map became null, as it does when it is stored. */
  readonly emptied: boolean
  /** Whether every field was declared and every value fitted its type. */
  readonly isClean: boolean
}

interface Pass {
  mismatch: boolean
  unknown: boolean
  emptied: boolean
  readonly keepsEmpty: boolean
  /** Whether keys have to be counted at all. */
  readonly counts: boolean
  keys: number
}

type Read = (value: unknown, previous: unknown, pass: Pass) => unknown

const noProblems: ReadonlyArray<string> = []

let decoders = 0

/** Makes a decoder for a set of defaults; `Builtin.decode` is the one for the built-in kinds. */
export const makeDecoder = (defaultsOf: DefaultsOf) => {
  const slot = decoders++
  // Readers look for those of their parts when they first need them, since types may contain themselves.
  const readerOf = (node: SchemaNode): Read => (node.plans[slot] ??= makeReader(node, readerOf, defaultsOf)) as Read

  /** Decodes one object (or any other value of the schema). */
  return (node: SchemaNode, body: unknown, options: DecodeOptions = {}): Decoded => {
    const counts = options.text !== undefined && options.strict === true
    const pass: Pass = { mismatch: false, unknown: false, emptied: false, keepsEmpty: options.keepEmpty === true, counts, keys: 0 }
    const object = readerOf(node)(body, options.previous, pass) as Fields
    const { emptied } = pass
    const isClean = !pass.mismatch && !pass.unknown
    const suspicious = pass.mismatch || (options.strict === true && pass.unknown) || textHides(options, pass)
    if (!suspicious) return { object, problem: undefined, strict: noProblems, emptied, isClean }
    const found: Diagnosis = diagnose(node, parse(options.text ?? JSON.stringify(body)))
    return { object, problem: found.problem, strict: options.strict === true ? found.strict : noProblems, emptied, isClean }
  }
}

/** Whether the text has what its parsed form cannot show: keys that stand twice, numbers with a point or exponent. */
const textHides = (options: DecodeOptions, pass: Pass): boolean => {
  if (options.text === undefined) return false
  const facts = factsOf(options.text)
  return facts.fractions || (options.strict === true && facts.keys !== pass.keys)
}

type ReaderOf = (node: SchemaNode) => Read

const makeReader = (node: SchemaNode, readerOf: ReaderOf, defaultsOf: DefaultsOf): Read => {
  switch (node.shape) {
    case "scalar":
      return (value, previous, pass) => {
        if (value === previous) return value
        const out = normalise(node.scalar, value)
        if (out === undefined) pass.mismatch = true
        return out
      }
    case "list":
      return listReader(node.items as SchemaNode, readerOf)
    case "map":
      return mapReader(node.items as SchemaNode, readerOf, defaultsOf(node)?.each)
    case "struct":
      return structReader(node, readerOf, defaultsOf(node))
    default:
      return (value, previous, pass) => {
        if (pass.counts) pass.keys += keysIn(value)
        return unify(value, previous)
      }
  }
}

/** What an item that is `null` becomes. */
const zeroItemOf = (node: SchemaNode, readerOf: ReaderOf): () => unknown => {
  if (node.shape === "scalar") return () => zeroOf(node.scalar)
  if (node.shape !== "struct") return () => null
  // Shared by all objects: nobody writes into what hangs on an object.
  let zero: unknown
  return () => (zero ??= readerOf(node)({}, undefined, { mismatch: false, unknown: false, emptied: false, keepsEmpty: false, counts: false, keys: 0 }))
}

const keysIn = (value: unknown): number => {
  if (typeof value !== "object" || value === null) return 0
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + keysIn(item), 0)
  let count = 0
  for (const key in value) count += 1 + keysIn((value as Fields)[key])
  return count
}

const listReader = (items: SchemaNode, readerOf: ReaderOf): Read => {
  const zero = zeroItemOf(items, readerOf)
  let read: Read | undefined
  return (value, previous, pass) => {
    if (value === previous && value !== undefined && !pass.counts) return value
    if (!Array.isArray(value)) {
      pass.mismatch = true
      return value
    }
    read ??= readerOf(items)
    const before = Array.isArray(previous) ? previous : undefined
    let same = before !== undefined && before.length === value.length
    let out: Array<unknown> = value
    // Patches bring new items to the front: what moved back is still in its stored form.
    const moved = before === undefined || pass.counts ? 0 : value.length - before.length
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i]
      const old: unknown = before?.[i]
      const isStored = item === old ? typeof item !== "object" : moved > 0 && i >= moved && item === before![i - moved]
      const made = item === null || item === undefined ? zero() : isStored ? item : read(item, old, pass)
      if (made !== item) {
        if (out === value) out = value.slice()
        out[i] = made
      }
      if (same && made !== old) same = false
    }
    return same ? before : out
  }
}

const mapReader = (values: SchemaNode, readerOf: ReaderOf, each: TypeDefaults["each"]): Read => {
  const zero = zeroItemOf(values, readerOf)
  let read: Read | undefined
  return (value, previous, pass) => {
    if (value === previous && value !== undefined && !pass.counts) return value
    if (!isObject(value)) {
      pass.mismatch = true
      return value
    }
    read ??= readerOf(values)
    const before = isObject(previous) ? previous : undefined
    let out = value
    for (const key in value) {
      const item = value[key]
      pass.keys++
      let made = item === null ? zero() : item === undefined ? undefined : read(item, before?.[key], pass)
      if (each !== undefined) made = each(made)
      if (made === item && item !== undefined) continue
      if (out === value) out = copyOf(value)
      if (made === undefined) delete out[key]
      else put(out, key, made)
    }
    return before !== undefined && sameParts(out, before) ? before : out
  }
}

/** How one field of a struct is written when it has no value: not at all, or as this. */
interface FieldPlan {
  readonly name: string
  /** Where it stands among the fields of its struct. */
  readonly place: number
  readonly node: SchemaNode
  read: Read | undefined
  /** Most fields are texts, which are as they are. */
  readonly isText: boolean
  /** Reads `{}` for structs that are always there. */
  readonly zero: (() => unknown) | undefined
  readonly dropsEmpty: boolean
  /** Lists and maps that are always written are null when they are empty. */
  readonly nullsEmpty: boolean
  /** What the API fills in where nothing is given; a function of what is given otherwise. */
  readonly constant: unknown
}

const valueTypes = new Set(["time", "microTime", "duration", "quantity", "intOrString"])

const planOf = (field: SchemaField, place: number, readerOf: ReaderOf, constant: unknown): FieldPlan => {
  const { node, pointer, omitEmpty, omitZero } = field
  const collection = node.shape === "list" || node.shape === "map"
  // Go leaves out only empty scalars, lists, maps and pointers; its structs are written even when they hold nothing.
  const goStruct = !pointer && (node.shape === "struct" || node.shape === "any" || (node.shape === "scalar" && valueTypes.has(node.scalar)))
  const written = goStruct ? !omitZero : !omitEmpty
  const zero = !written ? undefined : pointer || collection ? () => null : zeroItemOf(node, readerOf)
  return {
    name: field.name,
    place,
    node,
    read: undefined,
    isText: node.scalar === "string" && node.shape === "scalar",
    zero,
    // An empty list of managedFields asks for them to be cleared, so it has to be seen.
    dropsEmpty: omitEmpty && !pointer && !goStruct && field.name !== "managedFields",
    nullsEmpty: collection && !omitEmpty,
    constant
  }
}

const isEmpty = (value: unknown): boolean => {
  if (typeof value !== "object") return value === "" || value === 0 || value === false
  if (value === null) return true
  if (Array.isArray(value)) return value.length === 0
  for (const _ in value) return false
  return true
}

/** Fields that are written out even when they are empty count as left out too. */
const isMissing = (value: unknown): boolean => value === undefined || value === null || value === ""

/** Looks only at what is given and at what is written in any case: kinds have far more fields than objects. */
const structReader = (node: SchemaNode, readerOf: ReaderOf, defaults: TypeDefaults = {}): Read => {
  const { rule, constants } = defaults
  const plans = node.fields.map((field, place) => planOf(field, place, readerOf, constants?.[field.name]))
  const byName = new Map(plans.map((plan) => [plan.name, plan]))
  const always = plans.filter((plan) => plan.zero !== undefined || plan.constant !== undefined)
  const names = plans.map((plan) => plan.name)

  /** The stored form of a field that is given; `undefined` where it is left out. */
  const readField = (plan: FieldPlan, given: unknown, before: Fields | undefined, pass: Pass): unknown => {
    if (given === null) return plan.zero?.()
    if (plan.isText && typeof given === "string") return given === "" && plan.dropsEmpty ? undefined : given
    const read = (plan.read ??= readerOf(plan.node))
    const made = read(given, before === undefined ? undefined : before[plan.name], pass)
    if (plan.dropsEmpty) return isEmpty(made) ? undefined : made
    if (!plan.nullsEmpty || !isEmpty(made)) return made
    pass.emptied = true
    return pass.keepsEmpty ? made : null
  }

  return (value, previous, pass) => {
    if (value === previous && value !== undefined) {
      if (pass.counts) pass.keys += keysIn(value)
      return value
    }
    if (!isObject(value)) {
      pass.mismatch = true
      return value
    }
    const before = isObject(previous) ? previous : undefined
    const fields: Array<unknown> = new Array(names.length)
    let last = -1
    // Whether the value is its own stored form: then it needs no copy.
    let isStored = rule === undefined
    for (const key in value) {
      pass.keys++
      const given = value[key]
      const plan = byName.get(key)
      if (plan === undefined || given === undefined) {
        if (given !== undefined) pass.unknown = true
        isStored = false
        continue
      }
      const made = readField(plan, given, before, pass)
      if (made !== given || plan.place < last) isStored = false
      fields[plan.place] = made
      last = plan.place
    }
    for (const plan of always) {
      let made = fields[plan.place]
      if (made !== undefined && (plan.constant === undefined || !isMissing(made))) continue
      made ??= plan.zero?.()
      if (plan.constant !== undefined && isMissing(made)) made = typeof plan.constant === "function" ? plan.constant(value) : plan.constant
      fields[plan.place] = made
      isStored = false
    }
    const whole = isStored ? value : finished(names, fields, before, rule, pass)
    return before !== undefined && sameParts(whole, before) ? before : whole
  }
}

/** The fields as an object in declared order, with what depends on other fields. */
const finished = (names: ReadonlyArray<string>, fields: ReadonlyArray<unknown>, before: Fields | undefined, rule: Defaults | undefined, pass: Pass): Fields => {
  const out: Fields = {}
  for (let i = 0; i < names.length; i++) if (fields[i] !== undefined) out[names[i]!] = fields[i]
  // Rules rely on the types of fields: where one is wrong, the object is refused anyway.
  if (rule === undefined || pass.mismatch) return out
  rule(out, before)
  if (isOrdered(out, names)) return out
  const ordered: Fields = {}
  for (const name of names) if (out[name] !== undefined) ordered[name] = out[name]
  return ordered
}

const isOrdered = (out: Fields, names: ReadonlyArray<string>): boolean => {
  let i = 0
  for (const key in out) {
    while (i < names.length && names[i] !== key) i++
    if (i++ >= names.length) return false
  }
  return true
}
