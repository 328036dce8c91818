import { describe, expect, it } from "vitest"
import { commonEnvironment, decorate, executionVariables, lastOfEachName, wantsConsoleUrl } from "../src/PodEnvironment.ts"
import { metadata, template } from "./support/fixtures.ts"

const execution = metadata({}, 2).taskExecutionId
const names = (env: ReadonlyArray<{ readonly name: string }>) => env.map((it) => it.name)
const nothing = { defaultEnvVars: {}, defaultEnvVarsFromEnv: {}, defaultEnvFromSecrets: [], defaultEnvFromConfigMaps: [] }

describe("executionVariables", () => {
  it("are 13 in a fixed order", () => {
    expect(names(executionVariables(execution, ""))).toEqual([
      "FLYTE_INTERNAL_EXECUTION_ID", "FLYTE_INTERNAL_EXECUTION_PROJECT", "FLYTE_INTERNAL_EXECUTION_DOMAIN", "_F_PN", "FLYTE_ATTEMPT_NUMBER",
      "FLYTE_INTERNAL_TASK_PROJECT", "FLYTE_INTERNAL_TASK_DOMAIN", "FLYTE_INTERNAL_TASK_NAME", "FLYTE_INTERNAL_TASK_VERSION",
      "FLYTE_INTERNAL_PROJECT", "FLYTE_INTERNAL_DOMAIN", "FLYTE_INTERNAL_NAME", "FLYTE_INTERNAL_VERSION"
    ])
  })

  it.each(["https://console", "https://console/", "https://console//"])("have the console's address %s as the sixth of 14", (url) => {
    const variables = executionVariables(execution, url)
    expect(variables).toHaveLength(14)
    expect(variables[5]).toEqual({
      name: "FLYTE_EXECUTION_URL",
      value: "https://console/projects/p/domains/d/executions/run1/nodeId/run1-a0-1/nodes"
    })
  })

  it("count attempts from 0 and take the pod's name from the pod", () => {
    const variables = executionVariables(execution, "")
    expect(variables[3]).toEqual({ name: "_F_PN", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } })
    expect(variables[4]).toEqual({ name: "FLYTE_ATTEMPT_NUMBER", value: "1" })
  })

  it("leave out the task that has no id, and everything without an execution", () => {
    expect(executionVariables({ ...execution, id: { ...execution.id, taskId: undefined } }, "")).toHaveLength(5)
    expect(executionVariables({ ...execution, id: { ...execution.id, nodeExecutionId: undefined } }, "")).toEqual([])
  })
})

it("wantsConsoleUrl needs any link type in the task's config", () => {
  expect(wantsConsoleUrl(template({ config: { link_type: "x" } }))).toBe(true)
  expect(wantsConsoleUrl(template())).toBe(false)
})

describe("commonEnvironment and decorate", () => {
  it("append the task's, the default and the engine's variables, maps sorted by name", () => {
    const common = commonEnvironment(
      { ...nothing, defaultEnvVars: { Z: "1", A: "2" }, defaultEnvVarsFromEnv: { HOME_OF_ENGINE: "HOME", MISSING: "NOPE" } },
      { HOME: "/engine" }
    )
    const { env } = decorate({ name: "c", env: [{ name: "x", value: "y" }] }, [{ name: "T", value: "t" }], common)
    expect(env).toEqual([
      { name: "x", value: "y" }, { name: "T", value: "t" }, { name: "A", value: "2" }, { name: "Z", value: "1" },
      { name: "HOME_OF_ENGINE", value: "/engine" }, { name: "MISSING", value: "" }
    ])
  })

  it("take optional sources from secrets, then from config maps, after the container's own", () => {
    const common = commonEnvironment({ ...nothing, defaultEnvFromSecrets: ["s"], defaultEnvFromConfigMaps: ["c"] }, {})
    expect(decorate({ name: "c", envFrom: [{ prefix: "P_" }] }, [], common).envFrom).toEqual([
      { prefix: "P_" }, { secretRef: { name: "s", optional: true } }, { configMapRef: { name: "c", optional: true } }
    ])
  })

  it("add no envFrom where there is none", () => {
    expect(decorate({ name: "c" }, [], commonEnvironment(nothing, {}))).not.toHaveProperty("envFrom")
  })
})

describe("lastOfEachName", () => {
  it("keeps the last of each name at its place", () => {
    const env = [{ name: "a", value: "1" }, { name: "b", value: "2" }, { name: "a", value: "3" }]
    expect(lastOfEachName(env)).toEqual([{ name: "b", value: "2" }, { name: "a", value: "3" }])
  })

  it("returns a list without repetitions as it is", () => {
    const env = [{ name: "a", value: "1" }]
    expect(lastOfEachName(env)).toBe(env)
  })
})
