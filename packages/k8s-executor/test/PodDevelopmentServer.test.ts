import type { PodSpec } from "@fairlead/kube"
import { expect, it } from "vitest"
import { probeEditor, wantsEditor } from "../src/PodDevelopmentServer.ts"

const editor = { name: "_F_E_VS", value: "true" }
const action = { name: "ACTION_NAME", value: "a0" }
const container = (name: string, ...env: ReadonlyArray<{ readonly name: string; readonly value: string }>) => ({ name, env })
const probed = (spec: PodSpec) => probeEditor(spec, "main").containers.map((it) => it.readinessProbe?.httpGet?.port)

it.each([["true", true], ["1", true], ["T", true], ["false", false], ["0", false], ["yes", false], ["", false]])("the value %j asks for an editor: %s", (value, expected) => {
  expect(wantsEditor([{ name: "_F_E_VS", value }])).toBe(expected)
})

it("probes port 6060 of actions and 8080 of older tasks", () => {
  expect(probed({ containers: [container("main", editor, action)] })).toEqual([6060])
  expect(probed({ containers: [container("main", editor)] })).toEqual([8080])
})

it("is patient with the server", () => {
  expect(probeEditor({ containers: [container("main", editor)] }, "main").containers[0]?.readinessProbe)
    .toEqual({ httpGet: { port: 8080 }, initialDelaySeconds: 15, periodSeconds: 5, failureThreshold: 50 })
})

it("probes a single container whatever its name, and of several the primary one", () => {
  expect(probed({ containers: [container("only", editor)] })).toEqual([8080])
  expect(probed({ containers: [container("other", editor), container("main", editor)] })).toEqual([undefined, 8080])
})

it("leaves other pods as they are", () => {
  const spec: PodSpec = { containers: [container("main", action)] }
  expect(probeEditor(spec, "main")).toBe(spec)
})
