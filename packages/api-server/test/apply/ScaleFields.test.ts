import type { ManagedFieldsEntry } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { fromScale, toScale } from "../../src/apply/ScaleFields.ts"

const entry = (manager: string, fieldsV1: NonNullable<ManagedFieldsEntry["fieldsV1"]>, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({
  manager, operation: "Update", apiVersion: "apps/v1", time: "2026-01-01T00:00:00Z", fieldsType: "FieldsV1", fieldsV1, ...more
})

const path = ["f:spec", "f:replicas"]
const replicas = { "f:spec": { "f:replicas": {} } }

describe("ScaleFields", () => {
  it("shows a scale only who owns the replicas", () => {
    const entries = [entry("one", { "f:spec": { "f:replicas": {}, "f:paused": {} } }), entry("two", { "f:metadata": { "f:labels": {} } })]
    expect(toScale(entries, path)).toEqual([entry("one", replicas, { apiVersion: "autoscaling/v1" })])
  })

  it("moves the replicas to who wrote the scale, without a time, and leaves the other fields of the one before", () => {
    const entries = [entry("one", { "f:spec": { "f:replicas": {}, "f:paused": {} } })]
    const scale = [entry("two", replicas, { apiVersion: "autoscaling/v1", subresource: "scale" })]
    const { time: _, ...untimed } = entry("two", replicas, { subresource: "scale" })
    expect(fromScale(entries, scale, path, "apps/v1")).toEqual([untimed, entry("one", { "f:spec": { "f:paused": {} } })])
  })
})
