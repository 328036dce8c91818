import { describe, expect, it } from "vitest"
import { makeServer } from "../makeServer.ts"

const crds = { group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions" } as const
const widgets = { group: "example.com", version: "v1", plural: "widgets", namespace: "default" } as const

const definitionOf = (schema: object): object => ({
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", kind: "Widget" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }]
  }
})

const ofSpec = (spec: object): object => definitionOf({ type: "object", properties: { spec } })

const textsOf = ({ body }: { readonly body: unknown }): ReadonlyArray<string> =>
  ((body as { readonly details?: { readonly causes?: ReadonlyArray<{ readonly field: string; readonly message: string }> } }).details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`)

/** What is wrong with a definition. */
const defining = (spec: object): ReadonlyArray<string> => textsOf(makeServer().server.handle({ verb: "create", ...crds, body: ofSpec(spec) }))

/** What is wrong with an object; with `old`, which was stored before the schema was there, taking its place. */
const writing = (spec: object, value: unknown, old?: unknown): ReadonlyArray<string> => {
  const { server } = makeServer()
  const objectOf = (it: unknown): object => ({ apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "a" }, spec: it })
  if (old === undefined) {
    expect(server.handle({ verb: "create", ...crds, body: ofSpec(spec) }).code).toBe(201)
    return textsOf(server.handle({ verb: "create", ...widgets, body: objectOf(value) }))
  }
  server.handle({ verb: "create", ...crds, body: definitionOf({ type: "object", "x-kubernetes-preserve-unknown-fields": true }) })
  const { body: stored } = server.handle({ verb: "create", ...widgets, body: objectOf(old) }) as { body: { metadata: object } }
  const { body: definition } = server.handle({ verb: "get", ...crds, name: "widgets.example.com" }) as { body: { metadata: object } }
  expect(server.handle({ verb: "update", ...crds, name: "widgets.example.com", body: { ...ofSpec(spec), metadata: definition.metadata } }).code).toBe(200)
  return textsOf(server.handle({ verb: "update", ...widgets, name: "a", body: { ...objectOf(value), metadata: stored.metadata } }))
}

const path = "spec.validation.openAPIV3Schema.properties[spec]"

/** Checked against k8s.io/apiextensions-apiserver 0.36.2. */
describe("defaults of schemas", () => {
  it("may be anything where integers or strings are wanted", () => {
    expect(defining({ "x-kubernetes-int-or-string": true, default: [-1] })).toEqual([])
  })

  it("are held against formats that mean nothing for values", () => {
    expect(defining({ type: "number", allOf: [{ format: "double" }, {}], default: -1.5 })).toEqual([
      `${path}.default: Invalid value: "float64":  in body must be of type double: "float64"`,
      `${path}.default: Invalid value: "": "" must validate all the schemas (allOf)`
    ])
  })

  it("show numbers as they were compared", () => {
    expect(defining({ type: "number", maximum: 0, default: 1e20 })).toEqual([`${path}.default: Invalid value: 1e+20:  in body should be less than or equal to 0`])
    expect(defining({ type: "number", multipleOf: 0.5, default: 5 })).toEqual([`${path}.default: Invalid value: 0: factor MultipleOf declared for  must be positive: 0`])
    expect(defining({ type: "integer", maximum: 99.5, default: 3e9 })).toContain(`${path}.default: Invalid value: 3e+09:  in body should be less than or equal to 99.5`)
  })
})

describe("values of custom resources", () => {
  it("are no integers beyond 64 bits", () => {
    expect(writing({ type: "string" }, 1e20)).toEqual(['spec: Invalid value: "number": spec in body must be of type string: "number"'])
    expect(writing({ "x-kubernetes-int-or-string": true }, 1e20)).toEqual(['spec: Invalid value: "number": spec in body must be of type integer,string: "number"'])
  })

  it("may not stay wrong below a junctor because they did not change", () => {
    const spec = {
      type: "object",
      properties: { kept: { type: "object", "x-kubernetes-preserve-unknown-fields": true }, value: { type: "integer" } },
      oneOf: [{ properties: { kept: { required: ["x"] } } }, { properties: { value: { enum: [7] } } }]
    }
    expect(writing(spec, { kept: {}, value: 7 }, { kept: {}, value: 2 })).toEqual([])
    expect(writing(spec, { kept: {}, value: 3 }, { kept: {}, value: 2 })).toEqual([
      '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid',
      'spec.value: Unsupported value: 3: supported values: "7"'
    ])
  })

  it("count as changed where items of a map have no key", () => {
    const spec = { type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], items: { type: "object", required: ["name"], properties: { name: { type: "string" } } } }
    expect(writing(spec, [{}], [{}])).toEqual(["spec[0].name: Required value"])
  })

  it("that an older schema let in are told to rules that look at them", () => {
    const spec = { type: "object", properties: { a: { type: "object", properties: {}, "x-kubernetes-validations": [{ rule: "self == oldSelf" }] }, b: { type: "integer" } } }
    expect(writing(spec, { a: {}, b: 1 }, { a: 5, b: 1 })).toEqual([
      'spec.a: Invalid value: "object": invalid data, expected a map for the provided schema with type=object evaluating rule: self == oldSelf'
    ])
  })

  it("of the formats byte and duration are read as formats read them", () => {
    const rule = (text: string, rule: string): object => ({ type: "string", format: text, maxLength: 20, "x-kubernetes-validations": [{ rule }] })
    expect(writing(rule("duration", "self == duration('36h')"), "1 day and 12 hours")).toEqual([])
    expect(writing(rule("byte", "self.size() == 3"), "++++")).toEqual([
      'spec: Invalid value: "string": Invalid byte formatted string ++++: illegal base64 data at input byte 0 evaluating rule: self.size() == 3'
    ])
  })
})

describe("rules", () => {
  const answers = (rule: string): string | undefined => writing({ type: "object", properties: { n: { type: "integer" }, s: { type: "string", maxLength: 9 } }, "x-kubernetes-validations": [{ rule }] }, { n: 5, s: "abc" })[0]
  it.each([
    ["[duration('1s'), duration('2s')].sum() == duration('3s')", undefined],
    ["dyn(optional.of(1))[0] == 1", "failed rule: dyn(optional.of(1))[0] == 1"],
    ["size(dyn(self.n)) == 1", "'no such overload: size': call arguments did not match a supported operator, function or macro signature for rule: size(dyn(self.n)) == 1"],
    ["dyn(self.n).startsWith('a')", "'no such overload': call arguments did not match a supported operator, function or macro signature for rule: dyn(self.n).startsWith('a')"],
    ["dyn(self.n).all(x, true)", "got 'types.Int', expected iterable type evaluating rule: dyn(self.n).all(x, true)"],
    ["dyn(self.s)[0] == 1", "no such key: 0 evaluating rule: dyn(self.s)[0] == 1"],
    ["dyn(self.s) * 2 == 2", "'no such overload': call arguments did not match a supported operator, function or macro signature for rule: dyn(self.s) * 2 == 2"],
    ["[dyn(1), dyn('a')].sum() == 3", "'no such overload': call arguments did not match a supported operator, function or macro signature for rule: [dyn(1), dyn('a')].sum() == 3"]
  ])("%s", (rule, detail) => {
    if (detail === undefined) expect(answers(rule)).toBeUndefined()
    else expect(answers(rule)).toContain(detail)
  })
})
