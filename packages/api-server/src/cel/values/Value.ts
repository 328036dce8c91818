/** The values that expressions work with. */
import type { Type } from "../types/Type.ts"

/** An int is a bigint, a double a number. */
export type Value = null | boolean | bigint | number | string | Uint | Uint8Array | Duration | Timestamp | ListValue | MapValue | Optional | Opaque | Type

/** A number without sign. */
export class Uint {
  readonly value: bigint
  constructor(value: bigint) {
    this.value = value
  }
}

/** A length of time in nanoseconds. */
export class Duration {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

/** A moment in nanoseconds since 1970; `offset` is that of its clock in seconds, with which it is printed. */
export class Timestamp {
  readonly nanos: bigint
  readonly offset: number
  constructor(nanos: bigint, offset = 0) {
    this.nanos = nanos
    this.offset = offset
  }
}

/** Items in order. */
export abstract class ListValue {
  abstract readonly size: number
  abstract at(index: number): Value

  items(): ReadonlyArray<Value> {
    return Array.from({ length: this.size }, (_, index) => this.at(index))
  }

  /** The items of this list and those of another after them. */
  concat(other: ListValue): ListValue {
    return new ItemList([...this.items(), ...other.items()])
  }

  /** Says whether lists are equal where the order of items does not decide it. */
  sameAs(_other: ListValue): boolean | undefined {
    return undefined
  }
}

/** A list of values that are there. */
export class ItemList extends ListValue {
  private readonly values: ReadonlyArray<Value>

  constructor(values: ReadonlyArray<Value>) {
    super()
    this.values = values
  }

  get size(): number {
    return this.values.length
  }

  at(index: number): Value {
    return this.values[index]!
  }

  override items(): ReadonlyArray<Value> {
    return this.values
  }
}

/** Values under keys, or the fields of an object. */
export abstract class MapValue {
  abstract readonly size: number
  abstract find(key: Value): Value | undefined
  abstract keys(): ReadonlyArray<Value>

  /** Says whether maps are equal where comparing what is found under their keys does not decide it. */
  sameAs(_other: MapValue): boolean | undefined {
    return undefined
  }
}

/** A form of keys in which equal keys are the same. */
const keyText = (key: Value): string | undefined => {
  switch (typeof key) {
    case "string":
      return `s${key}`
    case "boolean":
      return `b${key}`
    case "bigint":
      return `n${key}`
    case "number":
      return Number.isInteger(key) ? `n${BigInt(key)}` : undefined
    default:
      return key instanceof Uint ? `n${key.value}` : undefined
  }
}

/** Whether a value may be a key. */
export const isKey = (key: Value): boolean => typeof key !== "number" && keyText(key) !== undefined

/** A map of values that are there. */
export class EntryMap extends MapValue {
  private readonly entries: ReadonlyMap<string, readonly [Value, Value]>

  constructor(entries: Iterable<readonly [Value, Value]>) {
    super()
    this.entries = new Map(Array.from(entries, (entry) => [keyText(entry[0])!, entry] as const))
  }

  get size(): number {
    return this.entries.size
  }

  find(key: Value): Value | undefined {
    const text = keyText(key)
    return text === undefined ? undefined : this.entries.get(text)?.[1]
  }

  keys(): ReadonlyArray<Value> {
    return Array.from(this.entries.values(), ([key]) => key)
  }

  /** The map with one more entry. */
  with(key: Value, value: Value): EntryMap {
    return new EntryMap([...this.entries.values(), [key, value]])
  }
}

/** An object that an expression makes, with the name of its type. */
export class StructValue extends EntryMap {
  readonly typeName: string

  constructor(typeName: string, fields: Iterable<readonly [string, Value]>) {
    super(fields)
    this.typeName = typeName
  }
}

/** A value that may be missing. */
export class Optional {
  static readonly none = new Optional(undefined)
  readonly value: Value | undefined
  constructor(value: Value | undefined) {
    this.value = value
  }
}

/** A value that only the functions of its type can look into. */
export abstract class Opaque {
  abstract readonly type: Type
  abstract equals(other: Value): boolean
  /** What counts as its length when functions that read it are weighed. */
  get size(): number {
    return 1
  }
}

/** An expression could not be carried out. */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError"
}

/** Gives up carrying out an expression. */
export const fail = (message: string): never => {
  throw new EvaluationError(message)
}
