import { create } from "@bufbuild/protobuf"
import { Idl, type TaskAction, TaskTemplates } from "@fairlead/core"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { limitsOf, makeConfig, PluginRegistry } from "../src/index.ts"
import { type Assignment, prepare, type Rejection } from "../src/Preparation.ts"
import { makeScriptedPlugin, quick } from "./scriptedPlugin.ts"

const registry = Effect.runSync(PluginRegistry.make({ plugins: [makeScriptedPlugin(() => quick).plugin] }))
const wire = (init: Parameters<typeof create<typeof Idl.TaskTemplateSchema>>[1] = {}): string =>
  TaskTemplates.encodeBase64(create(Idl.TaskTemplateSchema, { type: "container", target: { case: "container", value: { image: "img" } }, ...init }))

const valid: TaskAction.TaskActionSpec = {
  runName: "r1", project: "p", domain: "d", actionName: "a0", taskType: "container", taskTemplate: wire(), inputUri: "s3://b/in/inputs.pb", runOutputBase: "s3://b/out/"
}
const preparedOf = (spec: unknown, over: { readonly config?: Parameters<typeof makeConfig>[0]; readonly status?: unknown } = {}): Assignment | Rejection => {
  const config = makeConfig(over.config)
  const action = { metadata: { name: "r1-a0", namespace: "ns", uid: "12345678-9" }, spec, ...(over.status === undefined ? {} : { status: over.status }) }
  return prepare(action as TaskAction.TaskAction, registry, config, limitsOf(config))
}
const rejection = (spec: unknown, over: Parameters<typeof preparedOf>[1] = {}): Rejection => {
  const prepared = preparedOf(spec, over)
  if (prepared._tag === "Assignment") throw new Error("the spec was accepted")
  return prepared
}
const assignment = (spec: unknown, over: Parameters<typeof preparedOf>[1] = {}): Assignment => {
  const prepared = preparedOf(spec, over)
  if (prepared._tag === "Rejection") throw new Error(prepared.message)
  return prepared
}

describe("an action in the wire form", () => {
  it("is prepared with its plugin and its places", () => {
    expect(assignment(valid)).toMatchObject({
      id: { project: "p", domain: "d", run: "r1", action: "a0" },
      plugin: { id: "scripted" },
      inputPrefix: "s3://b/in",
      outputBase: "s3://b/out/",
      inputs: undefined,
      bounds: { maxAttempts: 1 }
    })
  })

  it.each(["runName", "project", "domain", "actionName", "taskType", "taskTemplate", "inputUri", "runOutputBase"] as const)("without %s is refused by that name", (field) => {
    for (const spec of [{ ...valid, [field]: "" }, Object.fromEntries(Object.entries(valid).filter(([key]) => key !== field))]) {
      const { reason, message } = rejection(spec)
      expect(reason).toBe("InvalidSpec")
      expect(message).toContain(field === "taskTemplate" ? "taskTemplate" : `spec.${field}`)
    }
  })

  it("is refused with all that is wrong at once", () => {
    const { message } = rejection({ ...valid, runName: "", inputUri: "", runOutputBase: "" })
    expect(message).toContain("spec.runName")
    expect(message).toContain("spec.inputUri")
    expect(message).toContain("spec.runOutputBase")
  })

  it.each([
    ["not base64", "###", "spec.taskTemplate"],
    ["not a template", "aGVsbG8gd29ybGQ=", "spec.taskTemplate"]
  ])("whose template is %s is refused with its size", (_, taskTemplate, text) => {
    expect(rejection({ ...valid, taskTemplate }).message).toContain(text)
  })

  it("whose outputs have no place is refused with the value", () => {
    expect(rejection({ ...valid, runOutputBase: "nowhere" }).message).toBe('spec.runOutputBase: "nowhere" is not a URI with a scheme; write for example s3://bucket/folder or file:///folder')
  })

  it("takes retries, pauses and bounds from its template", () => {
    const taskTemplate = wire({ metadata: {
      retries: { retries: 3, backoff: { base: { seconds: 2n }, factor: 3, cap: { seconds: 10n } } },
      timeout: { seconds: 90n, nanos: 500_000_000 },
      timeouts: { queuedTimeout: { seconds: 5n }, deadline: { seconds: 600n } }
    } })
    const { bounds } = assignment({ ...valid, taskTemplate })
    expect(bounds).toMatchObject({ maxAttempts: 4, runningTimeout: 90_500, queuedTimeout: 5000, deadline: 600_000 })
    expect([1, 2, 3].map(bounds.retryDelay)).toEqual([2000, 6000, 10_000])
  })

  it("takes bounds from the configuration where its template has none", () => {
    expect(assignment(valid, { config: { runningTimeout: "1 hour", deadline: "1 day" } }).bounds).toMatchObject({ runningTimeout: 3_600_000, deadline: 86_400_000 })
  })
})

describe("an action in the form for people", () => {
  const readable = { runName: "r1", project: "p", domain: "d", actionName: "a0", task: { container: { image: "img" } } }

  it("may leave its places to the configuration", () => {
    expect(assignment(readable, { config: { dataRoot: "file:///data/" } })).toMatchObject({
      outputBase: "file:///data/ns/p/d/r1/12345678",
      inputs: { literals: {} }
    })
    expect(rejection(readable).message).toContain("spec.runOutputBase")
  })

  it("is refused with the field and the value of every fault", () => {
    const { message } = rejection({ ...readable, task: { container: { image: "img" }, retries: -1, timeout: "soon" } }, { config: { dataRoot: "file:///data" } })
    expect(message).toContain("spec.task.retries")
    expect(message).toContain("-1")
    expect(message).toContain("spec.task.timeout")
    expect(message).toContain("soon")
  })
})

describe("an object that nobody checked", () => {
  it.each([undefined, null, 7, "spec", []])("with %j for a spec is refused, not fatal", (spec) => {
    expect(rejection(spec)).toMatchObject({ reason: "InvalidSpec", isStatusCorrupt: false })
  })

  it("with a corrupt status is refused and the status not believed", () => {
    expect(rejection(valid, { status: { conditions: "many", phaseHistory: 3 } })).toMatchObject({ isStatusCorrupt: true })
  })

  it("with a type that nobody registered for is PluginNotFound", () => {
    expect(rejection({ ...valid, taskType: "spark" })).toMatchObject({ reason: "PluginNotFound" })
  })
})

