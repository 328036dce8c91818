/** Values of JSON as expressions see them where no schema tells their types, and values of expressions as JSON. */
import { Duration, ListValue, MapValue, Optional, Timestamp, Uint, type Value } from "../../cel/values/Value.ts"
import { durationText, timestampText } from "../../cel/functions/Times.ts"
import { toBase64 } from "../../internal/base64.ts"

type Json = { readonly [key: string]: unknown }

class JsonList extends ListValue {
  private readonly json: ReadonlyArray<unknown>

  constructor(json: ReadonlyArray<unknown>) {
    super()
    this.json = json
  }

  get size(): number {
    return this.json.length
  }

  at(index: number): Value {
    return fromJson(this.json[index])
  }
}

class JsonMap extends MapValue {
  private readonly json: Json

  constructor(json: Json) {
    super()
    this.json = json
  }

  get size(): number {
    return Object.keys(this.json).length
  }

  find(key: Value): Value | undefined {
    if (typeof key !== "string" || !Object.hasOwn(this.json, key)) return undefined
    const found = this.json[key]
    return found === undefined ? undefined : fromJson(found)
  }

  keys(): ReadonlyArray<Value> {
    return Object.keys(this.json)
  }
}

/** A value of JSON; whole numbers are ints. */
export const fromJson = (json: unknown): Value => {
  switch (typeof json) {
    case "string":
    case "boolean":
      return json
    case "number":
      return Number.isInteger(json) ? BigInt(json) : json
    case "object":
      return json === null ? null : Array.isArray(json) ? new JsonList(json) : new JsonMap(json as Json)
    default:
      return null
  }
}

/** The JSON of a value; throws for values that have none. */
export const toJson = (value: Value): unknown => {
  if (value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "number") return value
  if (typeof value === "bigint") return Number(value)
  if (value instanceof Uint) return Number(value.value)
  if (value instanceof ListValue) return value.items().map(toJson)
  if (value instanceof MapValue) return Object.fromEntries(value.keys().map((key) => [keyOf(key), toJson(value.find(key) ?? null)]))
  if (value instanceof Optional) return value.value === undefined ? null : toJson(value.value)
  if (value instanceof Timestamp) return timestampText(value)
  if (value instanceof Duration) return durationText(value)
  if (value instanceof Uint8Array) return toBase64(value)
  throw new Error("the value has no form in JSON")
}

const keyOf = (key: Value): string => {
  if (typeof key === "string") return key
  throw new Error(`map key ${String(key)} is not a string`)
}
