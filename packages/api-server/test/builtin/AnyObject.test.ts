import type { KubeObject, StatusCause } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { applyBuiltin } from "../../src/apply/Apply.ts"
import { update, type FieldWrite } from "../../src/apply/ManagedFields.ts"
import { PatchError } from "../../src/patch/PatchError.ts"
import { strategicPatch } from "../../src/patch/StrategicPatch.ts"
import { addedFields } from "../../src/apply/AddedFields.ts"
import { compare } from "../../src/apply/Compare.ts"
import { fieldsOf, mergeOver, problemsOf } from "../../src/apply/Configuration.ts"
import { createdFields } from "../../src/apply/CreatedFields.ts"
import { unionRoot } from "../../src/apply/FieldSet.ts"
import { ordered } from "../../src/apply/PathElement.ts"
import * as Builtin from "../../src/builtin/Builtin.ts"
import type { SchemaNode } from "../../src/builtin/SchemaNode.ts"
import type { Fields } from "../../src/builtin/Sharing.ts"
import * as Validation from "../../src/builtin/validation/Validation.ts"
import * as Warnings from "../../src/builtin/warnings/Warnings.ts"
import { anyValue } from "./anyValue.ts"

/** Kinds that have a body of their own, once each. */
const kinds = Builtin.resources().filter(({ group, verbs }) => verbs.includes("update") && group !== "apiextensions.k8s.io")

/** Writes both objects in turn, plainly and by apply, and takes the first one back. */
const owned = (old: Fields, object: Fields, write: FieldWrite): void => {
  const stored = update(undefined, { ...old, metadata: { ...(old["metadata"] as object), uid: "u" } } as unknown as KubeObject, write)
  const changed = update(stored, { ...object, metadata: { ...(object["metadata"] as object), uid: "u" } } as unknown as KubeObject, write)
  const back = update(changed, stored, { ...write, manager: "n" })
  expect(new Set(back.metadata.managedFields?.map(({ manager }) => manager)).size).toBeLessThanOrEqual(2)
  const { managedFields: _, ...metadata } = object["metadata"] as Fields
  const applied = applyBuiltin(stored, { ...object, metadata }, { ...write, force: true })
  if (applied instanceof PatchError) expect(applied.message).not.toBe("")
}

/** What comparing a new object with an empty one finds, path by path. */
const createdSlowly = (schema: SchemaNode, object: Fields): string => {
  const { added, modified } = compare(schema, Builtin.emptyOf(schema), object)
  return JSON.stringify(ordered(unionRoot(modified, added)))
}

const seeds = [1, 2, 3, 4, 5, 6, 7, 8]

describe("whatever an object says", () => {
  it.each(kinds.map((kind) => [kind.kind, kind] as const))("a %s is decoded, checked and merged without failing", (_, { group, version, plural, kind, subresources }) => {
    const schema = Builtin.schemaOf(group, version, kind)!
    const objects = seeds.map((seed) => ({ ...(anyValue(schema, seed) as object), apiVersion: group === "" ? version : `${group}/${version}`, kind }))
    const decoded = objects.map((object) => Builtin.decode(schema, object)).filter(({ problem }) => problem === undefined).map(({ object }) => object)
    expect(decoded.length).toBeGreaterThan(0)
    decoded.forEach((object, i) => {
      const before = structuredClone(object)
      const old = decoded[(i + 1) % decoded.length] as Fields
      const causes: Array<StatusCause> = []
      Validation.create(group, plural, object, causes)
      for (const name of [undefined, ...subresources.map((one) => one.name)]) {
        Validation.update(group, plural, name, object, old, causes)
        Warnings.onUpdate(group, plural, name, object, old)
      }
      Warnings.onCreate(group, plural, object)
      expect(causes.filter(({ message }) => !/^(Invalid|Required|Duplicate|Unsupported|Forbidden|Not found|Too)/.test(message ?? ""))).toEqual([])
      if (problemsOf(schema, object) === undefined) expect(Object.keys(fieldsOf(schema, object))).not.toEqual([])
      expect(Builtin.decode(schema, object, { previous: object }).object).toBe(object)
      mergeOver(schema, old, object)
      addedFields(schema, object)
      expect(JSON.stringify(ordered(createdFields(schema, Builtin.emptyOf(schema) as Fields, object)))).toBe(createdSlowly(schema, object))
      strategicPatch(old, object, schema)
      expect(object).toEqual(before)
      owned(old, object, { schema, apiVersion: String(object["apiVersion"]), kind, subresource: "", manager: "m", now: "2026-01-01T00:00:00Z" })
    })
  })
})
