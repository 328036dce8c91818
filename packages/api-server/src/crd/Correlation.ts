/** Pairs the values of an updated object with those that stood in their place before. */
import { jsonEqual } from "@fairlead/kube"
import { isObject } from "../builtin/Sharing.ts"
import type { Structural } from "./Structural.ts"

/** A value with the one that it takes the place of. What was not there before has no correlation. */
export class Correlation {
  readonly value: unknown
  readonly old: unknown
  private readonly schema: Structural
  /** Made when first asked for: most objects are valid, and nobody asks. */
  private children: Map<string | number, Correlation | undefined> | undefined
  private same: boolean | undefined
  private oldByKey: Map<string, unknown> | undefined

  constructor(value: unknown, old: unknown, schema: Structural) {
    this.value = value
    this.old = old
    this.schema = schema
  }

  /** The correlation of the value at a key; `undefined` where there is none or the schema does not tell. */
  key(name: string): Correlation | undefined {
    const children = (this.children ??= new Map())
    if (!children.has(name)) children.set(name, this.findKey(name))
    return children.get(name)
  }

  /** The correlation of an item: only items of `map` lists have one. */
  index(i: number): Correlation | undefined {
    const children = (this.children ??= new Map())
    if (!children.has(i)) children.set(i, this.findIndex(i))
    return children.get(i)
  }

  /** Whether nothing changed. Fields that the schema does not know count as changed. */
  get unchanged(): boolean {
    return (this.same ??= this.compare())
  }

  private findKey(name: string): Correlation | undefined {
    const { value, old } = this
    if (!isObject(value) || !isObject(old) || !Object.hasOwn(value, name) || !Object.hasOwn(old, name)) return undefined
    const schema = this.schema.child(name)
    return schema === undefined ? undefined : new Correlation(value[name], old[name], schema)
  }

  private findIndex(i: number): Correlation | undefined {
    const { value, old, schema } = this
    if (!Array.isArray(value) || !Array.isArray(old) || schema.listType !== "map" || schema.items === undefined) return undefined
    this.oldByKey ??= byKey(old, schema.listKeys)
    const key = keyOf(value[i], schema.listKeys)
    const before = key === undefined ? undefined : this.oldByKey.get(key)
    return before === undefined || before === null ? undefined : new Correlation(value[i], before, schema.items)
  }

  private compare(): boolean {
    const { value, old } = this
    if (value === old && !needsLook(value, this.schema)) return true
    if (Array.isArray(value) && Array.isArray(old)) return this.compareLists(value, old)
    if (!isObject(value) || !isObject(old)) return value === old
    const keys = Object.keys(value)
    return keys.length === Object.keys(old).length && keys.every((key) => this.key(key)?.unchanged ?? false)
  }

  private compareLists(value: ReadonlyArray<unknown>, old: ReadonlyArray<unknown>): boolean {
    if (value.length !== old.length) return false
    if (this.schema.listType !== "map") return jsonEqual(value, old)
    return value.every((_, i) => this.index(i)?.unchanged ?? false)
  }
}

/** Whether a value may count as changed though it is the same: fields without a schema do, and items of `map` lists without a key. */
const needsLook = (value: unknown, schema: Structural): boolean => {
  if (Array.isArray(value)) return schema.listType === "map"
  if (!isObject(value)) return false
  return Object.keys(value).some((key) => {
    const child = schema.child(key)
    return child === undefined || needsLook(value[key], child)
  })
}

const byKey = (list: ReadonlyArray<unknown>, keys: ReadonlyArray<string>): Map<string, unknown> => {
  const found = new Map<string, unknown>()
  for (const item of list) {
    const key = keyOf(item, keys)
    if (key !== undefined && !found.has(key)) found.set(key, item)
  }
  return found
}

/** The key of a list item as a text; `undefined` if a part is missing or no scalar. */
export const keyOf = (item: unknown, keys: ReadonlyArray<string>): string | undefined => {
  if (!isObject(item)) return undefined
  const parts: Array<unknown> = []
  for (const key of keys) {
    const part = item[key]
    if (part === undefined || part === null || typeof part === "object") return undefined
    parts.push(part)
  }
  return JSON.stringify(parts)
}
