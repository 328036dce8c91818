import type { KubeObject } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { settle, update, type FieldWrite } from "../../src/apply/ManagedFields.ts"
import { builtinResets } from "../../src/apply/ResetFields.ts"
import * as Builtin from "../../src/builtin/Builtin.ts"

const schema = Builtin.schemaOf("", "v1", "ConfigMap")!
const podSchema = Builtin.schemaOf("", "v1", "Pod")!

const write = (manager: string, second = 0, more: Partial<FieldWrite> = {}): FieldWrite => ({
  schema,
  apiVersion: "v1",
  kind: "ConfigMap",
  subresource: "",
  manager,
  now: `2026-01-01T00:00:0${second}Z`,
  ...more
})

const configMap = (data: Record<string, string> | undefined, metadata: object = {}): KubeObject =>
  ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "n", ...metadata }, ...(data === undefined ? {} : { data }) }) as KubeObject

const stored = (object: KubeObject): KubeObject => ({ ...object, metadata: { ...object.metadata, uid: "u" } })

/** What an update with these fields makes of a stored object. */
const change = (from: KubeObject, data: Record<string, string> | undefined, by: FieldWrite): KubeObject =>
  update(from, { ...configMap(data), metadata: from.metadata }, by)

const owners = (object: KubeObject): ReadonlyArray<string> =>
  (object.metadata.managedFields ?? []).map((entry) => `${entry.manager} ${entry.time?.slice(17, 19)} ${JSON.stringify(entry.fieldsV1)}`)

describe("update", () => {
  it("gives a new object's fields to who creates it", () => {
    const created = update(undefined, configMap({ a: "1" }, { labels: { x: "y" } }), write("one"))
    expect(created.metadata.managedFields).toEqual([{
      manager: "one",
      operation: "Update",
      apiVersion: "v1",
      time: "2026-01-01T00:00:00Z",
      fieldsType: "FieldsV1",
      fieldsV1: { "f:data": { ".": {}, "f:a": {} }, "f:metadata": { "f:labels": { ".": {}, "f:x": {} } } }
    }])
  })

  it("lets new objects of one form share their entry, unless writer or time differ", () => {
    const entriesOf = (data: Record<string, string>, by: FieldWrite): unknown => update(undefined, configMap(data), by).metadata.managedFields
    const first = entriesOf({ a: "1" }, write("one"))
    expect(entriesOf({ a: "2" }, write("one"))).toBe(first)
    expect(entriesOf({ a: "1" }, write("one", 1))).toEqual([{ ...(first as ReadonlyArray<object>)[0], time: "2026-01-01T00:00:01Z" }])
    expect(entriesOf({ a: "1" }, write("two"))).toEqual([{ ...(first as ReadonlyArray<object>)[0], manager: "two" }])
    expect(entriesOf({ b: "1" }, write("one"))).toMatchObject([{ fieldsV1: { "f:data": { ".": {}, "f:b": {} } } }])
  })

  it("gives changed fields to the writer and takes them from the one before", () => {
    const first = stored(update(undefined, configMap({ a: "1", b: "1" }), write("one")))
    const second = change(first, { a: "1", b: "2" }, write("two", 1))
    expect(owners(second)).toEqual(["one 00 {\"f:data\":{\".\":{},\"f:a\":{}}}", "two 01 {\"f:data\":{\"f:b\":{}}}"])
  })

  it("forgets who owned a field that is gone, and owners with nothing left", () => {
    const first = stored(update(undefined, configMap({ a: "1" }), write("one")))
    const second = change(first, { a: "2" }, write("two", 1))
    expect(owners(change(second, undefined, write("three", 2)))).toEqual([])
  })

  it("keeps the list of entries as it is when nothing changes", () => {
    const first = stored(update(undefined, configMap({ a: "1" }), write("one")))
    const same = update(first, { ...first, metadata: { ...first.metadata } }, write("two", 5))
    expect(same.metadata.managedFields).toBe(first.metadata.managedFields)
  })

  it("never changes what it is given", () => {
    const first = stored(update(undefined, configMap({ a: "1" }), write("one")))
    const before = structuredClone(first)
    change(first, { b: "1" }, write("two", 1))
    expect(first).toEqual(before)
  })

  it("keeps a writer through a subresource apart from the same one without", () => {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "n", uid: "u" }, spec: { containers: [{ name: "c", image: "i" }] }, status: {} }
    const base = { schema: podSchema, kind: "Pod" }
    const created = update(undefined, pod as unknown as KubeObject, write("one", 0, base))
    const running = { ...created, status: { phase: "Running" } } as KubeObject
    const resets = builtinResets("", "pods", "status", true)
    const next = update(created, running, write("one", 1, { ...base, subresource: "status", resets }))
    expect(next.metadata.managedFields?.map(({ manager, subresource }) => `${manager}/${subresource ?? ""}`)).toEqual(["one/", "one/status"])
    expect(next.metadata.managedFields?.[1]?.fieldsV1).toEqual({ "f:status": { "f:phase": {} } })
  })

  it("does not give fields to a writer that cannot change them", () => {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", uid: "u" }, spec: { containers: [{ name: "c", image: "i" }] }, status: { phase: "Running" } }
    const created = update(undefined, pod as unknown as KubeObject, write("one", 0, {
      schema: podSchema, kind: "Pod", resets: builtinResets("", "pods", "", true)
    }))
    expect(Object.keys(created.metadata.managedFields?.[0]?.fieldsV1 ?? {})).toEqual(["f:spec"])
  })

  it("names a writer without a name unknown", () => {
    expect(update(undefined, configMap({ a: "1" }), write("")).metadata.managedFields?.[0]?.manager).toBe("unknown")
  })

  it("folds the oldest writers into one when there are more than ten", () => {
    let object = stored(update(undefined, configMap({ f0: "1" }), write("w0")))
    const data: Record<string, string> = { f0: "1" }
    for (let i = 1; i <= 11; i++) {
      data[`f${i}`] = "1"
      object = change(object, { ...data }, write(`w${String(i).padStart(2, "0")}`, Math.min(9, i)))
    }
    const names = object.metadata.managedFields?.map(({ manager }) => manager) ?? []
    expect(names).toContain("ancient-changes")
    expect(names).toHaveLength(10)
    const folded = object.metadata.managedFields?.find(({ manager }) => manager === "ancient-changes")
    expect(folded?.fieldsV1).toEqual({ "f:data": { ".": {}, "f:f0": {}, "f:f1": {}, "f:f2": {} } })
  })

  it("starts over when the entries were cleared, until somebody applies", () => {
    const first = stored(update(undefined, configMap({ a: "1" }), write("one")))
    const cleared = update(first, { ...first, metadata: { ...first.metadata, managedFields: [] } }, write("two", 1))
    expect(cleared.metadata.managedFields).toBeUndefined()
    expect(change(cleared, { a: "2" }, write("two", 2)).metadata.managedFields).toBeUndefined()
  })

  it("believes the entries that a writer sends along", () => {
    const first = stored(update(undefined, configMap({ a: "1", b: "1" }), write("one")))
    const renamed = first.metadata.managedFields!.map((entry) => ({ ...entry, manager: "renamed" }))
    const next = update(first, { ...first, metadata: { ...first.metadata, managedFields: renamed } }, write("two", 1))
    expect(next.metadata.managedFields?.map(({ manager }) => manager)).toEqual(["renamed"])
  })

  it("owns list items by their keys", () => {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "i", ports: [{ containerPort: 80, protocol: "TCP" }] }] } }
    const created = update(undefined, pod as unknown as KubeObject, write("one", 0, { schema: podSchema, kind: "Pod" }))
    const container = { ".": {}, "f:image": {}, "f:name": {}, "f:ports": { ".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:containerPort": {}, "f:protocol": {} } } }
    expect(created.metadata.managedFields?.[0]?.fieldsV1).toEqual({ "f:spec": { "f:containers": { "k:{\"name\":\"c\"}": container } } })
  })
})

describe("settle", () => {
  it("gives back the stored object when only times differ", () => {
    const first = stored(update(undefined, configMap({ a: "1" }), write("one")))
    const entries = first.metadata.managedFields!.map((entry) => ({ ...entry, time: "2026-01-01T00:00:09Z" }))
    const next = { ...first, metadata: { ...first.metadata, managedFields: entries } }
    expect(settle(first, next).metadata.managedFields).toEqual(first.metadata.managedFields)
  })

  it("keeps new times when something else changed", () => {
    const first = stored(update(undefined, configMap({ a: "1" }), write("one")))
    const next = change(first, { a: "2" }, write("one", 9))
    expect(settle(first, next)).toEqual(next)
  })
})
