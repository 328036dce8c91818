import type { KubeObject } from "@fairlead/kube"
import { assert, constantFrom, dictionary, property } from "fast-check"
import { describe, expect, it } from "vitest"
import { applyBuiltin, type ApplyWrite } from "../../src/apply/Apply.ts"
import { update } from "../../src/apply/ManagedFields.ts"
import * as Builtin from "../../src/builtin/Builtin.ts"
import { PatchError } from "../../src/patch/PatchError.ts"

const schema = Builtin.schemaOf("", "v1", "ConfigMap")!
const deploymentSchema = Builtin.schemaOf("apps", "v1", "Deployment")!

const write = (manager: string, more: Partial<ApplyWrite> = {}): ApplyWrite => ({
  schema,
  apiVersion: "v1",
  kind: "ConfigMap",
  subresource: "",
  manager,
  now: "2026-01-01T00:00:00Z",
  force: false,
  ...more
})

const config = (data: Record<string, string> | undefined, metadata: object = {}): object =>
  ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", ...metadata }, ...(data === undefined ? {} : { data }) })

const applied = (live: KubeObject | undefined, wanted: object, by: ApplyWrite): KubeObject => {
  const result = applyBuiltin(live, wanted, by)
  if (result instanceof PatchError) throw new Error(result.message)
  return live === undefined ? { ...result, metadata: { ...result.metadata, uid: "u" } } : result
}

const refused = (live: KubeObject | undefined, wanted: unknown, by: ApplyWrite): PatchError => {
  const result = applyBuiltin(live, wanted, by)
  if (!(result instanceof PatchError)) throw new Error("was not refused")
  return result
}

const dataOf = (object: KubeObject): unknown => (object as { readonly data?: unknown }).data

describe("applyBuiltin", () => {
  it("creates an object and its owner", () => {
    const object = applied(undefined, config({ a: "1" }), write("one"))
    expect(dataOf(object)).toEqual({ a: "1" })
    expect(object.metadata.managedFields).toEqual([{
      manager: "one", operation: "Apply", apiVersion: "v1", time: "2026-01-01T00:00:00Z", fieldsType: "FieldsV1", fieldsV1: { "f:data": { "f:a": {} } }
    }])
  })

  it("removes what its owner no longer names, and leaves the rest", () => {
    const first = applied(undefined, config({ a: "1", b: "1" }), write("one"))
    const second = applied(first, config({ c: "1" }), write("two"))
    expect(dataOf(applied(second, config({ a: "1" }), write("one")))).toEqual({ a: "1", c: "1" })
  })

  it("keeps what another one applies too", () => {
    const first = applied(undefined, config({ a: "1", b: "1" }), write("one"))
    const second = applied(first, config({ b: "1" }), write("two"))
    const third = applied(second, config({ a: "1" }), write("one"))
    expect(dataOf(third)).toEqual({ a: "1", b: "1" })
    expect(third.metadata.managedFields?.map(({ manager, fieldsV1, time }) => [manager, fieldsV1, time])).toEqual([
      ["two", { "f:data": { "f:b": {} } }, undefined],
      ["one", { "f:data": { "f:a": {} } }, "2026-01-01T00:00:00Z"]
    ])
  })

  it("gives no time to who only comes to own what is there already", () => {
    const first = applied(undefined, config({ a: "1" }), write("one"))
    const second = applied(first, config({ a: "1" }), write("two", { now: "2026-01-01T00:00:09Z" }))
    expect(second.metadata.managedFields?.map(({ manager, time }) => [manager, time])).toEqual([["two", undefined], ["one", "2026-01-01T00:00:00Z"]])
  })

  it("refuses to change what others own, field by field", () => {
    const first = applied(undefined, config({ a: "1", b: "1" }), write("one"))
    const error = refused(first, config({ a: "2", b: "2" }), write("two"))
    expect([error.code, error.reason]).toEqual([409, "Conflict"])
    expect(error.message).toBe("Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.a\n- .data.b")
    expect(error.causes).toEqual([
      { reason: "FieldManagerConflict", message: "conflict with \"one\"", field: ".data.a" },
      { reason: "FieldManagerConflict", message: "conflict with \"one\"", field: ".data.b" }
    ])
  })

  it("takes fields from their owners by force", () => {
    const first = applied(undefined, config({ a: "1", b: "1" }), write("one"))
    const second = applied(first, config({ a: "2" }), write("two", { force: true }))
    expect(dataOf(second)).toEqual({ a: "2", b: "1" })
    expect(second.metadata.managedFields?.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
      ["one", { "f:data": { "f:b": {} } }],
      ["two", { "f:data": { "f:a": {} } }]
    ])
  })

  it("conflicts with a plain update, telling when it was made", () => {
    const live = update(undefined, config({ a: "1" }) as unknown as KubeObject, write("kubectl"))
    const error = refused({ ...live, metadata: { ...live.metadata, uid: "u" } }, config({ a: "2" }), write("two"))
    expect(error.message).toBe("Apply failed with 1 conflict: conflict with \"kubectl\" using v1: .data.a")
  })

  it("does not conflict over values that are the same", () => {
    const first = applied(undefined, config({ a: "1" }), write("one"))
    expect(applied(first, config({ a: "1" }), write("two")).metadata.managedFields).toHaveLength(2)
  })

  it("merges lists by their keys", () => {
    const spec = (containers: ReadonlyArray<object>): object => ({
      apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "d" },
      spec: { selector: { matchLabels: { a: "b" } }, template: { metadata: { labels: { a: "b" } }, spec: { containers } } }
    })
    const by = (manager: string): ApplyWrite => write(manager, { schema: deploymentSchema, apiVersion: "apps/v1", kind: "Deployment" })
    const first = applied(undefined, spec([{ name: "a", image: "1" }, { name: "b", image: "1" }]), by("one"))
    const second = applied(first, spec([{ name: "c", image: "1" }]), by("two"))
    const names = (object: KubeObject): ReadonlyArray<string> =>
      (object as unknown as { spec: { template: { spec: { containers: ReadonlyArray<{ name: string }> } } } }).spec.template.spec.containers.map(({ name }) => name)
    expect(names(second)).toEqual(["a", "b", "c"])
    expect(names(applied(second, spec([{ name: "b", image: "1" }]), by("one")))).toEqual(["b", "c"])
  })

  it.each([
    ["another kind", { apiVersion: "v1", kind: "Secret", metadata: { name: "a" } }, 400, "invalid object type: /v1, Kind=Secret"],
    ["managedFields", config({}, { managedFields: [] }), 400, "metadata.managedFields must be nil"],
    [
      "a field of the wrong type",
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: "x" },
      500,
      "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .data: expected map, got &{x}"
    ],
    [
      "an unknown field",
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, dat: {} },
      500,
      "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .dat: field not declared in schema"
    ]
  ])("refuses a configuration with %s", (_, wanted, code, message) => {
    const error = refused(undefined, wanted, write("one"))
    expect([error.code, error.message]).toEqual([code, message])
  })

  it("changes nothing the second time, and removes its fields with an empty configuration", () => {
    const entries = dictionary(constantFrom("a", "b", "c", "d"), constantFrom("1", "2"), { maxKeys: 4 })
    assert(property(entries, entries, (ours, theirs) => {
      const start = applied(undefined, config(theirs), write("other"))
      const once = applied(start, config(ours), write("us", { force: true }))
      const twice = applied(once, config(ours), write("us"))
      expect(twice).toEqual(once)
      expect(dataOf(once) ?? {}).toEqual({ ...theirs, ...ours })
      const left = applied(once, config(undefined), write("us"))
      const kept = Object.fromEntries(Object.entries(theirs).filter(([key, value]) => ours[key] === undefined || ours[key] === value))
      expect(dataOf(left) ?? {}).toEqual(kept)
      expect(left.metadata.managedFields?.some(({ manager }) => manager === "us") ?? false).toBe(false)
    }))
  })
})
