import { describe, expect, it } from "vitest"
import type { ApiResponse } from "../../src/index.ts"
import { makeServer } from "../makeServer.ts"

const text = { type: "string" }

const spec = {
  type: "object",
  properties: {
    map: { type: "object", additionalProperties: text },
    inner: { type: "object", properties: { deep: { type: "object", properties: { x: text } } } },
    items: { type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], items: { type: "object", required: ["name"], properties: { name: text } } },
    list: { type: "array", items: text }
  }
}

const definition = {
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", kind: "Widget" },
    versions: [{
      name: "v1", served: true, storage: true, subresources: { status: {} },
      schema: { openAPIV3Schema: { type: "object", properties: { spec, status: { type: "object", properties: { phase: text } } } } }
    }]
  }
}

const withWidgets = () => {
  const { server } = makeServer()
  const at = { group: "example.com", version: "v1", plural: "widgets", namespace: "default", name: "a" } as const
  server.handle({ verb: "create", group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions", body: definition })
  const widget = (rest: object): object => ({ apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "a" }, ...rest })
  const apply = (manager: string, fields: object): ApiResponse => server.handle({ verb: "patch", patchType: "apply", ...at, body: widget({ spec: fields }), query: { fieldManager: manager } })
  return { server, at, widget, apply }
}

const specOf = ({ body }: ApiResponse): unknown => (body as { readonly spec?: unknown }).spec

/** Checked against sigs.k8s.io/structured-merge-diff 6.3.2 and k8s.io/apiserver 0.36.2. */
describe("apply of custom resources", () => {
  it("leaves a map empty that another manager owns, when it takes out the last key", () => {
    const { apply } = withWidgets()
    apply("one", { map: { k: "1" }, inner: { deep: { x: "1" } } })
    apply("two", { map: {}, inner: { deep: {} } })
    expect(specOf(apply("one", { list: ["a"] }))).toEqual({ map: {}, inner: { deep: {} }, list: ["a"] })
  })

  it("refuses null where none may stand, which other writes drop", () => {
    const { apply, server, at, widget } = withWidgets()
    const { code, body } = apply("one", { map: null })
    expect([code, (body as { readonly message: string }).message]).toEqual([
      422, 'Widget.example.com "a" is invalid: spec.map: Invalid value: "null": spec.map in body must be of type object: "null"'
    ])
    const { name: _, ...collection } = at
    expect(specOf(server.handle({ verb: "create", ...collection, body: widget({ spec: { map: null } }) }))).toEqual({})
  })

  it("forgets all owners after a write of the status whose other parts cannot be read", () => {
    const { apply, server, at, widget } = withWidgets()
    const { metadata } = apply("one", { items: [{ name: "i" }] }).body as { readonly metadata: object }
    const { body } = server.handle({ verb: "update", ...at, subresource: "status", body: { ...widget({ spec: { items: [{}] }, status: { phase: "x" } }), metadata } })
    expect(body).toMatchObject({ spec: { items: [{ name: "i" }] }, status: { phase: "x" } })
    expect((body as { readonly metadata: object }).metadata).not.toHaveProperty("managedFields")
  })
})
