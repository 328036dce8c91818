/** Schemas as authors of definitions write them, right ones and wrong ones. */
import type { Chance } from "./chance.ts"

type Schema = Record<string, unknown>

const formats = ["date-time", "date", "byte", "uuid", "int32", "int64", "double", "ipv4", "cidr", "duration", "email", "hostname", "nonsense", "password", "uri", "mac", "float", "binary", "isbn", "hexcolor", "k8s-short-name", "k8s-long-name", "creditcard", "bsonobjectid", "datetime"]
const patterns = ["^[a-z]+$", "a|b", "^(", "\\d{2,3}", "[^x]*", "(?i)abc", "a{1001}", "(?=a)", "*", "\\p{L}+"]
const names = ["a", "b", "c", "name", "type", "value", "replicas", "a-b", "x.y", "$ref", "if", "spec", "metadata", "kind"]

const anyValue = (chance: Chance, depth = 0): unknown =>
  chance.pick<() => unknown>([
    () => chance.pick(["", "a", "abc", "ABC", "2026-01-01", "1h", "10.0.0.1", "aGk=", "日本"]),
    () => chance.pick([0, 1, -1, 5, 100, 2147483648, 1.5, -0.5, 1e20]),
    () => chance.pick([true, false]),
    () => null,
    () => (depth > 2 ? [] : chance.list(3, () => anyValue(chance, depth + 1))),
    () => (depth > 2 ? {} : Object.fromEntries(chance.list(3, () => [chance.pick(names), anyValue(chance, depth + 1)])))
  ])()

/** A value that mostly fits the schema. */
export const valueFor = (chance: Chance, schema: Schema, wrong = 12): unknown => {
  if (wrong > 0 && chance.oneIn(wrong)) return anyValue(chance)
  if (Array.isArray(schema["enum"]) && schema["enum"].length > 0 && !chance.oneIn(4)) return chance.pick(schema["enum"])
  if (schema["x-kubernetes-int-or-string"] === true) return chance.pick<unknown>([1, "1", "50%", -1])
  switch (schema["type"]) {
    case "string":
      return textFor(chance, schema)
    case "integer":
      return chance.pick([0, 1, 2, 3, 5, 7, 10, -1, 100, 3000000000])
    case "number":
      return chance.pick([0, 1, 2.5, 3, 5, 7.25, 10, -1.5, 100, 1e10])
    case "boolean":
      return chance.oneIn(2)
    case "array":
      return chance.list(4, () => valueFor(chance, (schema["items"] as Schema | undefined) ?? {}, wrong))
    case "object": {
      const properties = (schema["properties"] as Record<string, Schema> | undefined) ?? {}
      const fields: Record<string, unknown> = {}
      for (const [name, property] of Object.entries(properties)) if (!chance.oneIn(4)) fields[name] = valueFor(chance, property, wrong)
      const values = schema["additionalProperties"]
      if (typeof values === "object" && values !== null) for (const key of chance.some(["k1", "k2", "a", "0"], 3)) fields[key] = valueFor(chance, values as Schema, wrong)
      if (chance.oneIn(10)) fields[chance.pick(["unknown", "x"])] = anyValue(chance)
      return fields
    }
    default:
      return anyValue(chance)
  }
}

const textFor = (chance: Chance, { format }: Schema): string => {
  const byFormat: Record<string, ReadonlyArray<string>> = {
    "date-time": ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5+02:00", "2026-01-01", "2026-13-01T00:00:00Z"],
    date: ["2026-01-01", "2026-02-30", "01-01-2026"],
    byte: ["aGk=", "aGk", "!", ""],
    uuid: ["123e4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000", "xyz"],
    ipv4: ["10.0.0.1", "::1", "1.2.3"],
    cidr: ["10.0.0.0/8", "10.0.0.0/33", "::/0"],
    duration: ["1h", "1h30m", "5 s", "1d", "-1s", "x"],
    email: ["a@b.c", "a", "A <a@b.c>"],
    hostname: ["a.b", "-a", "a_b", "A"],
    uri: ["http://a/b", "a b", "/x"],
    mac: ["00:00:5e:00:53:01", "0-0"],
    hexcolor: ["#fff", "fff", "#12345g"],
    creditcard: ["4111111111111111", "1"],
    isbn: ["0306406152", "1"],
    bsonobjectid: ["507f1f77bcf86cd799439011", "1"],
    "k8s-short-name": ["abc", "A", "a.b"],
    "k8s-long-name": ["abc.def", "A", "a..b"]
  }
  return chance.pick(byFormat[format as string] ?? ["", "a", "abc", "abcdef", "ABC", "日本語", "12", "a\nb", "x".repeat(12), "\u{1F600}\u{1F600}"])
}

/** How often something is wrong: one of so many. */
export interface SchemaOptions {
  readonly wrong: number
  readonly rules?: (chance: Chance, schema: Schema) => ReadonlyArray<object>
}

/** A schema of at most `depth` levels. */
export const anySchema = (chance: Chance, depth: number, options: SchemaOptions): Schema => {
  const types = depth > 0 ? ["string", "integer", "number", "boolean", "array", "object", "object", "mixed", "loose"] : ["string", "integer", "number", "boolean", "mixed"]
  const type = chance.pick(types)
  const wrong = (): boolean => options.wrong > 0 && chance.oneIn(options.wrong)
  const schema: Schema = type === "mixed" ? { "x-kubernetes-int-or-string": true } : type === "loose" ? { type: "object", "x-kubernetes-preserve-unknown-fields": true } : { type }
  if (wrong()) delete schema["type"]
  if (wrong()) schema["type"] = chance.pick(["", "null", "text", "string", "object", "array"])
  if (chance.oneIn(5)) schema["nullable"] = true
  if (chance.oneIn(6)) schema["description"] = "text"
  validations(chance, schema, type)
  if (type === "array") lists(chance, schema, depth, options)
  if (type === "object" || type === "loose") objects(chance, schema, depth, options)
  if (wrong()) mistakes(chance, schema)
  if (options.rules !== undefined && chance.oneIn(3)) schema["x-kubernetes-validations"] = options.rules(chance, schema)
  if (depth > 0 && chance.oneIn(6)) junctors(chance, schema, depth, options)
  if (chance.oneIn(6) && schema["x-kubernetes-validations"] === undefined) schema["default"] = valueFor(chance, schema, options.wrong * 2)
  return schema
}

const validations = (chance: Chance, schema: Schema, type: string): void => {
  if (type === "string") {
    if (chance.oneIn(3)) schema["format"] = chance.pick(formats)
    if (chance.oneIn(4)) schema["maxLength"] = chance.pick([0, 1, 3, 5, 10])
    if (chance.oneIn(5)) schema["minLength"] = chance.pick([0, 1, 2, 4])
    if (chance.oneIn(5)) schema["pattern"] = chance.pick(patterns.filter((_, i) => i !== 2 && i < 6))
    if (chance.oneIn(6)) schema["enum"] = chance.pick<unknown>([["a", "b"], ["abc"], ["", "a"], ["a", "a"]])
  }
  if (type === "integer" || type === "number") {
    if (chance.oneIn(3)) schema["format"] = chance.pick(["int32", "int64", "double", "float", "date"])
    if (chance.oneIn(3)) schema["minimum"] = chance.pick([0, 1, -5, 2.5])
    if (chance.oneIn(3)) schema["maximum"] = chance.pick([0, 5, 10, 99.5])
    if (chance.oneIn(6)) schema["exclusiveMinimum"] = true
    if (chance.oneIn(6)) schema["exclusiveMaximum"] = true
    if (chance.oneIn(6)) schema["multipleOf"] = chance.pick([2, 5, 0.5, 1.1])
    if (chance.oneIn(8)) schema["enum"] = [1, 5, 7]
  }
}

const lists = (chance: Chance, schema: Schema, depth: number, options: SchemaOptions): void => {
  if (!(options.wrong > 0 && chance.oneIn(options.wrong))) schema["items"] = anySchema(chance, depth - 1, options)
  if (chance.oneIn(4)) schema["maxItems"] = chance.pick([0, 1, 2, 5])
  if (chance.oneIn(5)) schema["minItems"] = chance.pick([0, 1, 3])
  if (chance.oneIn(3)) {
    const kind = chance.pick(options.wrong > 0 ? ["atomic", "set", "map", "bag"] : ["atomic", "set", "map"])
    if (kind === "map") {
      const key = chance.pick(["name", "type"])
      schema["items"] = { type: "object", properties: { [key]: { type: "string" }, value: { type: "integer" } }, required: [key] }
      schema["x-kubernetes-list-map-keys"] = options.wrong > 0 && chance.oneIn(5) ? chance.pick<unknown>([[], ["name", "name"], ["other"]]) : [key]
      if (options.wrong > 0 && chance.oneIn(4)) delete (schema["items"] as Schema)["required"]
    }
    if (kind === "set" && options.wrong === 0) schema["items"] = { type: chance.pick(["string", "integer"]) }
    schema["x-kubernetes-list-type"] = kind
  }
}

const objects = (chance: Chance, schema: Schema, depth: number, options: SchemaOptions): void => {
  const wrong = options.wrong > 0 && chance.oneIn(options.wrong)
  if (chance.oneIn(4) || wrong) schema["additionalProperties"] = chance.oneIn(6) ? chance.oneIn(2) : anySchema(chance, depth - 1, options)
  if (schema["additionalProperties"] === undefined || wrong) {
    const chosen = names.slice(0, 9).filter(() => chance.oneIn(3))
    schema["properties"] = Object.fromEntries(chosen.map((name) => [name, anySchema(chance, depth - 1, options)]))
    if (chance.oneIn(3)) schema["required"] = chance.some(chosen)
  }
  if (chance.oneIn(6)) schema["maxProperties"] = chance.pick([1, 2, 3])
  if (chance.oneIn(6)) schema["minProperties"] = chance.pick([0, 1, 2])
  if (chance.oneIn(8)) schema["x-kubernetes-map-type"] = chance.pick(options.wrong > 0 ? ["atomic", "granular", "set"] : ["atomic", "granular"])
  if (options.wrong > 0 && chance.oneIn(8)) schema["x-kubernetes-embedded-resource"] = true
}

const mistakes = (chance: Chance, schema: Schema): void => {
  const [name, value] = chance.pick<readonly [string, unknown]>([
    ["uniqueItems", true], ["$ref", "#/x"], ["definitions", { a: { type: "string" } }], ["dependencies", { a: ["b"] }], ["patternProperties", { a: {} }],
    ["id", "x"], ["$schema", "x"], ["additionalItems", true], ["x-kubernetes-list-type", "set"], ["x-kubernetes-map-type", "atomic"], ["x-kubernetes-int-or-string", true],
    ["x-kubernetes-preserve-unknown-fields", false], ["x-kubernetes-preserve-unknown-fields", true], ["x-kubernetes-embedded-resource", true], ["pattern", "^("],
    ["pattern", "(?=a)"], ["pattern", "a{1001}"], ["enum", []], ["items", [{ type: "string" }]], ["minLength", -1], ["maxLength", -1], ["minItems", -1], ["multipleOf", 0], ["multipleOf", -2],
    ["nullable", true], ["default", { a: 1 }], ["default", "x"], ["default", null], ["required", ["a", "a"]], ["required", ["missing"]], ["x-kubernetes-list-map-keys", ["a"]],
    ["externalDocs", { url: "x" }], ["example", 1], ["title", "x"], ["x-kubernetes-validations", []], ["minimum", 5], ["format", "int32"], ["items", { type: "string" }], ["properties", { metadata: { type: "object" } }],
    ["properties", { metadata: { type: "object", properties: { name: { type: "string", pattern: "a" }, labels: { type: "object" } } } }], ["maxItems", 2], ["maxLength", 2], ["maxProperties", 2]
  ])
  schema[name] = value
}

const junctors = (chance: Chance, schema: Schema, depth: number, options: SchemaOptions): void => {
  const part = (): Schema => {
    const whole = anySchema(chance, depth - 1, { wrong: options.wrong })
    if (options.wrong === 0 || !chance.oneIn(3)) strip(whole)
    return whole
  }
  const name = chance.pick(["allOf", "anyOf", "oneOf", "not"])
  schema[name] = name === "not" ? part() : [part(), part()]
}

/** Leaves only what says something about values. */
const strip = (schema: Schema): void => {
  for (const name of ["type", "nullable", "description", "default", "additionalProperties", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type", "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-validations"]) delete schema[name]
  if (schema["items"] !== undefined) strip(schema["items"] as Schema)
  for (const part of Object.values((schema["properties"] as Record<string, Schema> | undefined) ?? {})) strip(part)
}

/** A definition with one version of the schema. */
export const definitionOf = (spec: Schema, more: { readonly status?: Schema | undefined; readonly root?: Schema; readonly version?: object } = {}): object => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [{
      name: "v1",
      served: true,
      storage: true,
      ...(more.status === undefined ? {} : { subresources: { status: {} } }),
      schema: { openAPIV3Schema: { type: "object", properties: { spec, ...(more.status === undefined ? {} : { status: more.status }) }, ...more.root } },
      ...more.version
    }]
  }
})
