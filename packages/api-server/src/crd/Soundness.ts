/**
 * Tells in one pass whether a value is as its schema wants it: in normal form, valid, and without equal items in sets and maps. Most values are,
 * and then nobody has to look closer; where it says no, `Normalise.ts`, `Validity.ts` and `ListTypes.ts` find out what is the matter, if anything.
 */
import { type Fields, isObject } from "../builtin/Sharing.ts"
import { compileDuplicates, haveOwnTexts } from "./ListTypes.ts"
import { compileNormalise } from "./Normalise.ts"
import type { Structural } from "./Structural.ts"
import { compileValidity } from "./Validity.ts"

/**
 * What to look at in a value: at its fields, at its items, or at the value as a whole. All of one form, so that one look fits them all; texts and
 * integers of which little is asked, which most values are, need no call.
 */
interface Soundness {
  readonly shape: "fields" | "items" | "text" | "integer" | "scalar" | "whole"
  readonly test: (value: unknown) => boolean
  /** Integers between the two need no test. */
  readonly above: number
  readonly below: number
  readonly fields: ReadonlyMap<string, Soundness>
  /** For values of keys that are no fields; `undefined` where there may be none. */
  readonly others: Soundness | undefined
  /** Whether its object must have it. */
  readonly isRequired: boolean
  /** How many of the fields there must be. */
  readonly requiredCount: number
  readonly items: Soundness | undefined
  /** The key of a list that is a map. */
  readonly listKey: string | undefined
}

const noFields: ReadonlyMap<string, Soundness> = new Map()

const always = (): boolean => true

const base: Soundness = {
  shape: "whole",
  test: always,
  above: -(2 ** 31),
  below: 2 ** 31,
  fields: noFields,
  others: undefined,
  isRequired: false,
  requiredCount: 0,
  items: undefined,
  listKey: undefined
}

/** Compiles the look at values of a schema without embedded resources. */
const compileSoundness = (schema: Structural, isRequired = false): Soundness => ({ ...compileParts(schema) ?? compileScalar(schema) ?? compileWhole(schema), isRequired })

const compileParts = (schema: Structural): Soundness | undefined => {
  const { items, listKeys, listType, preserves, properties, props, type } = schema
  const { additionalProperties: values, required = [] } = props
  if (!isPlain(schema)) return undefined
  if (type === "object" && values === undefined && properties.size === 0 && required.length === 0 && preserves) return { ...base, test: isObject }
  if (type === "object" && typeof values !== "boolean" && required.every((name) => properties.has(name))) return compileFields(schema)
  if (type === "array" && items !== undefined && !preserves && (listType === "map" ? listKeys.length === 1 : listType !== "set")) {
    return { ...base, shape: "items", items: compileSoundness(items), listKey: listType === "map" ? listKeys[0] : undefined }
  }
  return undefined
}

const compileScalar = (schema: Structural): Soundness | undefined => {
  const { nullable, props, type } = schema
  if (nullable || !scalars.has(type)) return undefined
  const test = compileValidity(props)
  const { maximum: most, minimum: least, multipleOf } = props
  if (type === "string" && isPlain(schema) && texts.every((name) => props[name] === undefined)) return { ...base, shape: "text" }
  if (type !== "integer" || multipleOf !== undefined || props.enum !== undefined || !junctors.every((name) => props[name] === undefined)) return { ...base, shape: "scalar", test }
  return { ...base, shape: "integer", test, above: Math.max(base.above, least ?? base.above), below: Math.min(base.below, most ?? base.below) }
}

const compileWhole = (schema: Structural): Soundness => {
  const valid = compileValidity(schema.props)
  const [normalise, duplicates] = [compileNormalise(schema), compileDuplicates(schema)]
  return { ...base, test: (value) => value !== null && value !== undefined && valid(value) && normalise(value) === value && duplicates(value).length === 0 }
}

const scalars: ReadonlySet<string> = new Set(["string", "integer", "number", "boolean"])

/** Whether nothing is asked of an object or a list but what is asked of its parts. */
const isPlain = ({ nullable, props }: Structural): boolean => !nullable && !asking.some((name) => props[name] !== undefined)

const junctors = ["allOf", "anyOf", "oneOf", "not"] as const
const texts = ["minLength", "maxLength", "pattern"] as const
const asking = [...junctors, "enum", "format", "minItems", "maxItems", "minProperties", "maxProperties", "x-kubernetes-int-or-string"] as const

const compileFields = (schema: Structural): Soundness => {
  const { preserves, properties, props: { required = [] }, values } = schema
  const fields = new Map<string, Soundness>()
  for (const [name, child] of properties) fields.set(name, compileSoundness(child, required.includes(name) || child.default !== undefined))
  const requiredCount = [...fields.values()].filter((field) => field.isRequired).length
  const others = values !== undefined ? compileSoundness(values) : preserves ? base : undefined
  return { ...base, shape: "fields", fields, others, requiredCount }
}

const noParts: Fields = {}
const noItems: ReadonlyArray<unknown> = []

/** Whether a value is sound. Parts of `trusted` are passed over: it stood in the same place and was sound. */
const isSound = (soundness: Soundness, value: unknown, trusted: unknown): boolean => {
  switch (soundness.shape) {
    case "fields":
      return isObject(value) && areFieldsSound(soundness, value, isObject(trusted) ? trusted : noParts)
    case "items":
      return Array.isArray(value) && areItemsSound(soundness, value, Array.isArray(trusted) ? trusted : noItems)
    case "text":
      return typeof value === "string"
    case "integer":
      return typeof value === "number" && ((Number.isInteger(value) && value > soundness.above && value < soundness.below) || soundness.test(value))
    case "scalar":
      return typeof value !== "object" && soundness.test(value)
    default:
      return soundness.test(value)
  }
}

const areFieldsSound = ({ fields, others, requiredCount }: Soundness, value: Fields, trusted: Fields): boolean => {
  let found = 0
  for (const key in value) {
    const field = fields.get(key) ?? others
    if (field === undefined) return false
    if (field.isRequired) found++
    const part = value[key]
    if ((part === undefined || part !== trusted[key]) && !isSound(field, part, trusted[key])) return false
  }
  return found === requiredCount
}

const areItemsSound = ({ items, listKey }: Soundness, value: ReadonlyArray<unknown>, trusted: ReadonlyArray<unknown>): boolean => {
  for (let i = 0; i < value.length; i++) {
    const item = value[i]
    if ((item === undefined || item !== trusted[i]) && !isSound(items!, item, trusted[i])) return false
  }
  return listKey === undefined || haveOwnTexts(value as ReadonlyArray<Fields>, listKey)
}

/** A part of objects, such as their status. Remembers which values of it were found sound: most writes leave whole parts as they are. Only for values that never change. */
export class Part {
  private readonly soundness: Soundness
  private readonly known = new WeakSet<object>()

  constructor(schema: Structural) {
    this.soundness = compileSoundness(schema)
  }

  /** Whether a value was found sound. */
  isKnown(value: unknown): boolean {
    return typeof value === "object" && value !== null && this.known.has(value)
  }

  /** Whether a value is sound; `previous` stood in its place before. */
  isSound(value: unknown, previous: unknown): boolean {
    if (this.isKnown(value)) return true
    if (!isSound(this.soundness, value, this.isKnown(previous) ? previous : undefined)) return false
    if (typeof value === "object" && value !== null) this.known.add(value)
    return true
  }
}
