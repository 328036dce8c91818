/**
 * Tells what is wrong with a value in the original's words and order: first the type, then `anyOf`, `oneOf`, `allOf` and
 * `not`, then what strings, numbers, lists and objects are checked for. Slow and thorough; `Validity.ts` answers first.
 */
import type { StatusCause } from "@fairlead/kube"
import { goQuote } from "../builtin/GoText.ts"
import { type Fields, isObject } from "../builtin/Sharing.ts"
import { requiredValue, tooLongValue } from "../FieldCause.ts"
import { goRegex } from "../cel/regex/GoRegex.ts"
import { childField, invalid, invalidText, noField, tooMany, unsupported, wrongType } from "./Causes.ts"
import type { Correlation } from "./Correlation.ts"
import { formatTest } from "./Formats.ts"
import { numberProblems } from "./NumberChecks.ts"
import { itemsOf, propertyNames, type SchemaProps, valueSchemaOf } from "./SchemaProps.ts"
import { enumHas, formatOf, isInt64, jsonTypeOf, lengthOf, typesOf } from "./ValueChecks.ts"

/** What a schema found: its causes, and how many of its checks were made, by which the best of several is chosen. */
interface Findings {
  readonly causes: Array<StatusCause>
  matches: number
}

/** Finds violations below one place. */
export class Violations {
  /** Field of the value that the paths in messages start from; empty for the whole object. */
  private readonly root: string

  constructor(root = "") {
    this.root = root
  }

  /** What is wrong with `value`; what stood there before and did not change may be wrong if `correlation` is given. */
  find(schema: SchemaProps, value: unknown, correlation?: Correlation): ReadonlyArray<StatusCause> {
    return this.visit(schema, value, "", correlation).causes
  }

  private field(path: string): string {
    const name = path.startsWith(".") ? path.slice(1) : path
    return name === "" ? (this.root === "" ? noField : this.root) : childField(this.root, name)
  }

  /** Errors that have no field of their own stand at the root. */
  private general(text: string): StatusCause {
    return invalid(this.root === "" ? noField : this.root, "", text)
  }

  private visit(schema: SchemaProps, value: unknown, path: string, correlation: Correlation | undefined): Findings {
    const found = this.check(schema, value, path, correlation)
    return found.causes.length > 0 && correlation?.unchanged === true ? { causes: [], matches: found.matches } : found
  }

  private check(schema: SchemaProps, value: unknown, path: string, correlation: Correlation | undefined): Findings {
    const found: Findings = { causes: [], matches: 0 }
    const { causes } = found
    const types = typesOf(schema)
    const format = formatOf(schema)
    if (value === null) {
      if (types.length > 0 && !types.includes("null") && schema.nullable !== true) causes.push(this.wrongType(path, types.join(), "null"))
      else found.matches++
      this.checkEnum(schema, value, path, causes)
      return found
    }
    if (types.length > 0 || format !== "") found.matches += 1 + this.checkType(types, format, value, path, causes)
    add(found, this.junctors(schema, value, path))
    found.matches++
    if (typeof value === "string") found.matches += this.checkString(schema, format, value, path, causes)
    if (typeof value === "number") {
      causes.push(...numberProblems(schema, value, path).map(({ text, isGeneral, shown }) => (isGeneral ? this.general(text) : invalidText(this.field(path), shown, text))))
      found.matches += 2
    }
    if (Array.isArray(value)) {
      add(found, this.list(schema, value, path, correlation))
      found.matches++
    }
    this.checkEnum(schema, value, path, causes)
    found.matches++
    if (isObject(value)) {
      add(found, this.object(schema, value, path, correlation))
      found.matches++
    }
    found.matches++
    return found
  }

  private wrongType(path: string, expected: string, actual: string): StatusCause {
    return wrongType(this.field(path), actual, `${path} in body must be of type ${expected}: ${goQuote(actual)}`)
  }

  private checkType(types: ReadonlyArray<string>, format: string, value: unknown, path: string, causes: Array<StatusCause>): number {
    const actual = jsonTypeOf(value)
    const takesNumbers = types.includes("number") || types.includes("integer")
    const whole = typeof value === "number" && isInt64(value)
    const fits = types.includes(actual) || (whole && takesNumbers)
    const isText = typeof value === "string" || Array.isArray(value)
    if (!isText && format !== "" && !fits) {
      const given = typeof value !== "number" ? "" : isInt64(value) ? "int64" : "float64"
      if (given !== format) {
        causes.push(this.wrongType(path, format, given))
        return 0
      }
    }
    if ((!takesNumbers && format !== "" && isText) || fits) return 1
    causes.push(this.wrongType(path, types.join(), actual))
    return 0
  }

  private checkEnum(schema: SchemaProps, value: unknown, path: string, causes: Array<StatusCause>): void {
    if (schema.enum === undefined || schema.enum.length === 0 || enumHas(schema.enum, value)) return
    const texts = schema.enum.map((it) => (typeof it === "string" ? it : JSON.stringify(it)))
    causes.push(unsupported(this.field(path), value, texts))
  }

  private checkString(schema: SchemaProps, format: string, value: string, path: string, causes: Array<StatusCause>): number {
    const { maxLength, minLength, pattern } = schema
    let matches = 1
    if (maxLength !== undefined && lengthOf(value) > maxLength) causes.push(tooLongValue(this.field(path), maxLength))
    else if (minLength !== undefined && lengthOf(value) < minLength) {
      causes.push(invalid(this.field(path), value, `${path} in body should be at least ${minLength} chars long`))
    } else if (pattern !== undefined && pattern !== "" && !goRegex(pattern).test(value)) {
      causes.push(invalid(this.field(path), value, `${path} in body should match '${pattern}'`))
    }
    const test = formatTest(format)
    if (test !== undefined) {
      matches++
      if (!test(value)) causes.push(wrongType(this.field(path), value, `${path} in body must be of type ${format}: ${goQuote(value)}`))
    }
    return matches
  }

  private list(schema: SchemaProps, value: ReadonlyArray<unknown>, path: string, correlation: Correlation | undefined): Findings {
    const found: Findings = { causes: [], matches: 1 }
    const items = itemsOf(schema)
    const { minItems, maxItems } = schema
    const { length } = value
    if (items !== undefined) value.forEach((item, i) => add(found, this.visit(items, item, `${path}[${i}]`, correlation?.index(i))))
    if (minItems !== undefined && length < minItems) found.causes.push(invalid(this.field(path), length, `${path} in body should have at least ${minItems} items`))
    if (maxItems !== undefined && length > maxItems) found.causes.push(tooMany(this.field(path), length, maxItems))
    return found
  }

  private object(schema: SchemaProps, value: Fields, path: string, correlation: Correlation | undefined): Findings {
    const found: Findings = { causes: [], matches: 0 }
    const { minProperties, maxProperties, properties = {}, additionalProperties } = schema
    const keys = Object.keys(value).sort()
    if (minProperties !== undefined && keys.length < minProperties) {
      found.causes.push(invalid(this.field(path), keys.length, `${path} in body should have at least ${minProperties} properties`))
    }
    if (maxProperties !== undefined && keys.length > maxProperties) found.causes.push(tooMany(this.field(path), keys.length, maxProperties))
    const others = keys.filter((key) => !Object.hasOwn(properties, key))
    const values = valueSchemaOf(schema)
    if (additionalProperties === false) {
      for (const key of others) found.causes.push(invalid(this.field(path), key, `${path}.${key} in body is a forbidden property`))
    } else if (values !== undefined) {
      for (const key of others) add(found, this.visit(values, value[key], `${path}.${key}`, correlation?.key(key)))
    }
    for (const name of propertyNames(schema)) {
      if (!Object.hasOwn(value, name)) continue
      const ownType = path === "" && this.root === "" && (name === "apiVersion" || name === "kind")
      add(found, this.visit(properties[name]!, value[name], path === "" ? name : `${path}.${name}`, ownType ? undefined : correlation?.key(name)))
    }
    for (const name of schema.required ?? []) {
      if (!Object.hasOwn(value, name)) found.causes.push(requiredValue(this.field(`${path}.${name}`)))
    }
    return found
  }

  /** Here nothing wrong may stay because it did not change. */
  private junctors(schema: SchemaProps, value: unknown, path: string): Findings {
    const found: Findings = { causes: [], matches: 1 }
    const visit = (part: SchemaProps): Findings => this.check(part, value, path, undefined)
    if (schema.anyOf !== undefined && schema.anyOf.length > 0) this.anyOf(schema.anyOf, path, visit, found)
    if (schema.oneOf !== undefined && schema.oneOf.length > 0) this.oneOf(schema.oneOf, path, visit, found)
    if (schema.allOf !== undefined && schema.allOf.length > 0) {
      const results = schema.allOf.map(visit)
      for (const result of results) add(found, result)
      const valid = results.filter(isValid).length
      if (valid < results.length) found.causes.push(this.general(`${goQuote(path)} must validate all the schemas (allOf)${valid === 0 ? ". None validated" : ""}`))
    }
    if (schema.not !== undefined && isValid(visit(schema.not))) found.causes.push(this.general(`${goQuote(path)} must not validate the schema (not)`))
    return found
  }

  private anyOf(parts: ReadonlyArray<SchemaProps>, path: string, visit: (part: SchemaProps) => Findings, found: Findings): void {
    let best: Findings | undefined
    for (const part of parts) {
      const result = visit(part)
      if (isValid(result)) return add(found, result)
      if (best === undefined || result.matches > best.matches) best = result
    }
    found.causes.push(this.general(`${goQuote(path)} must validate at least one schema (anyOf)`))
    if (best !== undefined) add(found, best)
  }

  private oneOf(parts: ReadonlyArray<SchemaProps>, path: string, visit: (part: SchemaProps) => Findings, found: Findings): void {
    let best: Findings | undefined
    let valid = 0
    let firstValid: Findings | undefined
    for (const part of parts) {
      const result = visit(part)
      if (isValid(result)) {
        valid++
        best = undefined
        firstValid ??= result
      } else if (valid === 0 && (best === undefined || result.matches > best.matches)) best = result
    }
    if (valid === 1) return add(found, firstValid!)
    const count = valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`
    found.causes.push(this.general(`${goQuote(path)} must validate one and only one schema (oneOf). ${count}`))
    if (best !== undefined) add(found, best)
  }
}

const isValid = ({ causes }: Findings): boolean => causes.length === 0

/** Takes over what another check found; the same text is not said twice. */
const add = (found: Findings, more: Findings): void => {
  for (const cause of more.causes) {
    if (!found.causes.some(({ field, message }) => field === cause.field && message === cause.message)) found.causes.push(cause)
  }
  found.matches += more.matches
}
