import { describe, expect, it } from "vitest"
import * as Builtin from "../../src/builtin/Builtin.ts"

describe("Builtin", () => {
  it("lists resources in the order of discovery, the core group first", () => {
    const names = Builtin.resources().map(({ group, version, plural }) => `${group}/${version}/${plural}`)
    expect(names.slice(0, 3)).toEqual(["/v1/bindings", "/v1/componentstatuses", "/v1/configmaps"])
    expect(new Set(names).size).toBe(names.length)
    expect(names.indexOf("apps/v1/deployments")).toBeLessThan(names.indexOf("batch/v1/jobs"))
  })

  it("knows verbs, short names, categories and subresources", () => {
    const pods = Builtin.resources().find(({ group, plural }) => group === "" && plural === "pods")
    expect(pods).toMatchObject({ kind: "Pod", singular: "pod", namespaced: true, shortNames: ["po"], categories: ["all"] })
    expect(pods?.subresources.find(({ name }) => name === "eviction")).toMatchObject({ group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] })
  })

  it("has a schema for every resource and for the body of every subresource", () => {
    const bodies = Builtin.resources().flatMap((resource) => [resource, ...resource.subresources.filter(({ kind }) => !kind.endsWith("Options"))])
    const missing = bodies.filter(({ group, version, kind }) => Builtin.schemaOf(group, version, kind) === undefined)
    expect(missing).toEqual([])
  })

  it("has columns that say what they show", () => {
    const columns = Builtin.columns("", "v1", "pods")
    expect(columns.map(({ name, priority }) => `${name} ${priority}`)).toEqual([
      "Name 0", "Ready 0", "Status 0", "Restarts 0", "Age 0", "IP 1", "Node 1", "Nominated Node 1", "Readiness Gates 1"
    ])
    expect(columns[0]?.description).toMatch(/^Name must be unique within a namespace/)
  })

  it("knows how lists are merged", () => {
    const spec = Builtin.schemaOf("", "v1", "Pod")!.child("spec")!
    expect(spec.child("containers")).toMatchObject({ listType: "map", keys: ["name"] })
    expect(spec.child("containers")?.items?.child("ports")).toMatchObject({ listType: "map", keys: ["containerPort", "protocol"] })
    expect(spec.child("nodeSelector")).toMatchObject({ atomic: true })
  })

  it("shows what an empty object of a kind has", () => {
    expect(Builtin.emptyOf(Builtin.schemaOf("", "v1", "Service")!)).toEqual({ metadata: {}, spec: {}, status: { loadBalancer: {} } })
  })
})
