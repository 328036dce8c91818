import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { type StructuralSchema, structuralSchema } from "../src/internal/structuralSchema.ts"
import { Task } from "../src/Task.ts"
import * as TaskActionCrd from "../src/TaskActionCrd.ts"

const [version] = TaskActionCrd.definition.spec.versions
const schema: StructuralSchema = version!.schema.openAPIV3Schema

/** The rules of a schema without its texts. */
const rules = (it: StructuralSchema): StructuralSchema => {
  const { description: _, ...rest } = it
  const inner = (fields: { readonly [name: string]: StructuralSchema } | undefined) =>
    fields === undefined ? undefined : Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, rules(field)]))
  return JSON.parse(JSON.stringify({
    ...rest,
    properties: inner(rest.properties),
    items: rest.items === undefined ? undefined : rules(rest.items),
    additionalProperties: rest.additionalProperties === undefined ? undefined : rules(rest.additionalProperties)
  })) as StructuralSchema
}

const string = { type: "string" } as const
const bytes = { type: "string", format: "byte" } as const
const time = { type: "string", format: "date-time" } as const
const int32 = { type: "integer", format: "int32" } as const
const upTo = (maxLength: number) => ({ type: "string", maxLength })
const between = (minLength: number, maxLength: number) => ({ type: "string", minLength, maxLength })

/** Rules of `spec` in Flyte's own definition. */
const flyteSpec = {
  actionName: between(1, 30),
  actionType: { type: "string", enum: ["task", "condition"] },
  cacheKey: upTo(256),
  conditionSpec: bytes,
  domain: between(1, 63),
  envVars: { type: "object", additionalProperties: string },
  group: upTo(256),
  inputUri: string,
  interruptible: { type: "boolean" },
  parentActionName: between(1, 30),
  project: between(1, 63),
  runName: between(1, 30),
  runOutputBase: string,
  shortName: upTo(63),
  taskTemplate: bytes,
  taskType: upTo(63)
}

/** Rules of `status` in Flyte's own definition. */
const flyteStatus = {
  attempts: int32,
  cacheStatus: int32,
  conditions: {
    type: "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["type"],
    items: {
      type: "object",
      required: ["lastTransitionTime", "message", "reason", "status", "type"],
      properties: {
        lastTransitionTime: time,
        message: upTo(32768),
        observedGeneration: { type: "integer", format: "int64", minimum: 0 },
        reason: { ...between(1, 1024), pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$" },
        status: { type: "string", enum: ["True", "False", "Unknown"] },
        type: {
          ...upTo(316),
          pattern: "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
        }
      }
    }
  },
  errorState: { type: "object", properties: { code: string, kind: string, message: string } },
  phaseHistory: {
    type: "array",
    items: { type: "object", required: ["occurredAt", "phase"], properties: { message: string, occurredAt: time, phase: string } }
  },
  pluginPhase: string,
  pluginPhaseVersion: int32,
  pluginState: bytes,
  pluginStateVersion: { type: "integer" },
  signalValue: bytes,
  signalledAt: time,
  signalledBy: string,
  stateJson: string,
  systemFailures: int32
}

/** Leaves out what we add to lines of the phase history. */
const withoutOurs = (it: StructuralSchema): StructuralSchema => {
  if (it.items?.properties === undefined) return it
  const { attempt: _1, sequence: _2, ...properties } = it.items.properties
  return { ...it, items: { ...it.items, properties } }
}

const spec = rules(schema.properties!["spec"]!)
const status = rules(schema.properties!["status"]!)

describe("definition", () => {
  it("validates every field of Flyte's spec as Flyte does", () => {
    const { task, ...rest } = spec.properties!
    expect(rest).toEqual(flyteSpec)
    expect(task?.type).toBe("object")
    expect(spec.required).toEqual(["actionName", "domain", "project", "runName"])
    expect(schema.required).toEqual(["spec"])
  })

  it.each(Object.entries(flyteStatus))("validates status.%s as Flyte does", (name, expected) => {
    expect(withoutOurs(status.properties![name]!)).toEqual(expected)
  })

  it("adds to the status only what is ours", () => {
    const ours = Object.keys(status.properties!).filter((name) => !Object.hasOwn(flyteStatus, name))
    expect(ours).toEqual(["delivered", "launches", "sequence", "systemFailureSince", "taskType"])
    expect(Object.keys(status.properties!["phaseHistory"]!.items!.properties!)).toEqual(["attempt", "message", "occurredAt", "phase", "sequence"])
    expect(status.required).toBeUndefined()
  })

  it("has the names, columns and subresources that Flyte's tools and kubectl read", () => {
    expect(TaskActionCrd.definition).toMatchObject({
      metadata: { name: "taskactions.flyte.org" },
      spec: { group: "flyte.org", scope: "Namespaced", names: { kind: "TaskAction", listKind: "TaskActionList", plural: "taskactions", singular: "taskaction", shortNames: ["ta"] } }
    })
    expect(version).toMatchObject({ name: "v1", served: true, storage: true, subresources: { status: {} } })
    expect(version!.additionalPrinterColumns.map((it) => `${it.name}${"priority" in it ? "*" : ""} ${it.jsonPath}`)).toEqual([
      "Run .spec.runName",
      "Action .spec.actionName",
      "TaskType .status.taskType",
      "Status .status.conditions[?(@.type=='Progressing')].reason",
      "Age .metadata.creationTimestamp",
      "Progressing* .status.conditions[?(@.type=='Progressing')].status",
      "Succeeded* .status.conditions[?(@.type=='Succeeded')].status",
      "Failed* .status.conditions[?(@.type=='Failed')].status"
    ])
  })

  it("is structural: every schema has a type, and free content says so", () => {
    const walk = (it: StructuralSchema, path: string): ReadonlyArray<string> => [
      ...(it.type === undefined && it["x-kubernetes-preserve-unknown-fields"] !== true ? [`${path}: no type`] : []),
      ...(it.properties !== undefined && it.additionalProperties !== undefined ? [`${path}: properties and additionalProperties`] : []),
      ...(it.type === "object" && path !== ".metadata" && [it.properties, it.additionalProperties, it["x-kubernetes-preserve-unknown-fields"]].every((each) => each === undefined)
        ? [`${path}: everything in it would be pruned`]
        : []),
      ...Object.entries(it.properties ?? {}).flatMap(([name, inner]) => walk(inner, `${path}.${name}`)),
      ...(it.items === undefined ? [] : walk(it.items, `${path}[]`)),
      ...(it.additionalProperties === undefined ? [] : walk(it.additionalProperties, `${path}.*`))
    ]
    expect(walk(schema, "")).toEqual([])
  })

  it("describes every field of the spec", () => {
    const described = Object.entries(schema.properties!["spec"]!.properties!).filter(([, it]) => it.description === undefined)
    expect(described.map(([name]) => name)).toEqual([])
  })
})

describe("structuralSchema", () => {
  it("keeps content that only the engine or a plugin knows", () => {
    const task = structuralSchema(Task)
    const free = { type: "object", "x-kubernetes-preserve-unknown-fields": true }
    expect([task.properties!["custom"], task.properties!["inputs"], task.properties!["pod"]!.properties!["spec"]].map((it) => rules(it!))).toEqual([free, free, free])
    expect(task.properties!["interface"]!.properties!["inputs"]).toMatchObject({ type: "object", additionalProperties: { type: "object", required: ["type"] } })
  })

  it("bounds a number by the tighter of two rules", () => {
    const number = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10 })).check(Schema.isLessThanOrEqualTo(5))
    expect(structuralSchema(number)).toEqual({ type: "integer", minimum: 1, maximum: 5 })
  })

  it("refuses what Kubernetes has no words for", () => {
    expect(() => structuralSchema(Schema.Struct({ a: Schema.Union([Schema.String, Schema.Int]) }))).toThrow('a custom resource cannot say "anyOf", which the schema at $.a uses')
  })
})
