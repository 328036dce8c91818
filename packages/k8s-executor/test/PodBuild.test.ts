import { PluginError } from "@fairlead/core"
import type { PodTemplate } from "@fairlead/kube"
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import type { BuildContext } from "../src/KubeObjectPlugin.ts"
import { stamp } from "../src/ObjectMetadata.ts"
import { objectRunnerDefaults } from "../src/ObjectRunnerConfig.ts"
import { podPluginDefaults } from "../src/PodPluginConfig.ts"
import * as PodPlugin from "../src/PodPlugin.ts"
import type { PodTemplates } from "../src/PodTemplates.ts"
import { cases, type GoldenCase } from "./golden/cases.ts"
import { buildContext, containerTemplate, metadata, podTemplate } from "./support/fixtures.ts"

const templatesOf = (map: Readonly<Record<string, PodTemplate>> = {}): PodTemplates => ({ ready: () => true, find: (_namespace, name) => map[name] })
const pluginOf = (it: GoldenCase) => PodPlugin.make(it.config ?? podPluginDefaults, { podTemplates: templatesOf(it.podTemplates) })
const stamped = (it: GoldenCase) => {
  const plugin = pluginOf(it)
  const { context } = it
  return stamp(Result.getOrThrow(plugin.build(context)), context.objectName, 0, context.metadata, plugin, objectRunnerDefaults)
}
const ok = (context: Partial<BuildContext>, config = podPluginDefaults) => Result.getOrThrow(PodPlugin.make(config).build(buildContext(context)))
const fault = (context: Partial<BuildContext>, options = {}): PluginError => {
  const result = PodPlugin.make(podPluginDefaults, options).build(buildContext(context))
  if (Result.isSuccess(result)) throw new Error("built against expectation")
  return result.failure
}

describe("pods as golden files (`vitest -u` rewrites them)", () => {
  it.each(Object.keys(cases))("%s", async (name) => {
    await expect(`${JSON.stringify(stamped(cases[name]!), null, 2)}\n`).toMatchFileSnapshot(`golden/${name}.pod.json`)
  })
})

/** The same value with the keys of all maps in reverse order. */
const reversed = <A>(value: A): A => {
  if (Array.isArray(value)) return value.map(reversed) as A
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).reverse().map(([key, it]) => [key, reversed(it)])) as A
}

it("equal tasks give equal pods, whatever order their maps happen to have", () => {
  const env = { B: "2", A: "1", C: "3" }
  const resources = { requests: { memory: "1Gi", cpu: "1", "nvidia.com/gpu": "1" }, limits: {} }
  const config = { ...podPluginDefaults, defaultEnvVars: env, resourceTolerations: { cpu: [{ key: "c" }], memory: [{ key: "m" }], "nvidia.com/gpu": [{ key: "g" }] } }
  const build = (turn: <A>(value: A) => A) =>
    ok({ metadata: metadata({ environmentVariables: turn(env), overrides: { ...metadata().overrides, resources: turn(resources) } }) }, turn(config))
  expect(JSON.stringify(build(reversed).spec)).toBe(JSON.stringify(build((it) => it).spec))
})

describe("faults of tasks", () => {
  it("name the container and the field", () => {
    expect(fault({ template: podTemplate({ containers: [{ name: "main", resources: { limits: { cpu: "x" } } }] }) }))
      .toMatchObject({ code: "BadTaskSpecification", kind: "USER", retryable: false, description: expect.stringContaining('resources of container "main": limits.cpu is "x"') as string })
  })

  it("name the template that cannot be filled in", () => {
    expect(fault({ template: containerTemplate({ args: ["{{.TaskTemplatePath}}"] }) }).description).toMatch(/^args of container "run1-a0-0": /)
  })

  it("name the containers among which the primary one is missing", () => {
    expect(fault({ template: podTemplate({ containers: [{ name: "a" }, { name: "b" }] }) }).description)
      .toBe('the primary container "main" is not among the pod\'s containers: "a", "b"')
  })

  it("name the overrides", () => {
    expect(fault({ metadata: metadata({ overrides: { ...metadata().overrides, resources: { requests: { cpu: "lots" }, limits: {} } } }) }).description)
      .toContain('requests.cpu is "lots"')
  })
})

describe("PodTemplates", () => {
  const named = containerTemplate({}, { metadata: { podTemplateName: "site" } })

  it("that a task names must exist", () => {
    expect(fault({ template: named })).toMatchObject({ code: "BadTaskSpecification", description: expect.stringContaining('PodTemplate "site" does not exist') as string })
  })

  it("may be unknown while the cache is still being filled, which is no fault of the task", () => {
    expect(fault({ template: named }, { podTemplates: { ready: () => false, find: () => undefined } })).toMatchObject({ code: "PodTemplatesNotSynced", retryable: true })
  })

  it("that only the configuration names may be missing", () => {
    expect(ok({}, { ...podPluginDefaults, defaultPodTemplateName: "site" }).spec?.containers).toHaveLength(1)
  })

  it("are the same after any number of pods", () => {
    const it = cases["container-on-pod-template"]!
    const before = structuredClone(it.podTemplates)
    const first = stamped(it)
    expect(stamped(it)).toEqual(first)
    expect(it.podTemplates).toEqual(before)
  })

  it("lie below those of device classes, and both below the task", () => {
    const gpu = { gpuAccelerator: { device: "T4" } }
    const config = { ...podPluginDefaults, acceleratorDeviceClasses: { NVIDIA_GPU: { podTemplateSpec: { schedulerName: "device", dnsPolicy: "Default", containers: [] } } } }
    const plugin = PodPlugin.make({ ...config, defaultPodTemplateName: "site" }, {
      podTemplates: templatesOf({ site: { metadata: {}, template: { spec: { schedulerName: "site", dnsPolicy: "None", hostname: "h", containers: [] } } } as never })
    })
    const spec = Result.getOrThrow(plugin.build(buildContext({ template: podTemplate({ containers: [{ name: "main" }], dnsPolicy: "ClusterFirst" }, { extendedResources: gpu }) }))).spec
    expect(spec).toMatchObject({ dnsPolicy: "ClusterFirst", schedulerName: "device", hostname: "h" })
  })
})

describe("default security contexts", () => {
  const config = { ...podPluginDefaults, securityLevel: "none", defaultPodSecurityContext: { runAsGroup: 1000 }, defaultSecurityContext: { readOnlyRootFilesystem: true } } as const

  it("are for pods and primary containers without one", () => {
    const spec = ok({ template: podTemplate({ containers: [{ name: "main" }, { name: "side" }] }) }, config).spec
    expect(spec?.securityContext).toEqual({ runAsGroup: 1000 })
    expect(spec?.containers.map((it) => it.securityContext)).toEqual([{ readOnlyRootFilesystem: true }, undefined])
  })

  it("take nothing from what a task sets", () => {
    const spec = ok({ template: podTemplate({ securityContext: { runAsUser: 1 }, containers: [{ name: "main", securityContext: { runAsUser: 2 } }] }) }, config).spec
    expect([spec?.securityContext, spec?.containers[0]?.securityContext]).toEqual([{ runAsUser: 1 }, { runAsUser: 2 }])
  })
})

describe("the annotation that makes the primary container's end the task's", () => {
  const annotated = (template: BuildContext["template"]) => ok({ template }).metadata.annotations?.["primary_container_name"]
  const two = { containers: [{ name: "main" }, { name: "other" }] }

  it.each([
    ["a single container", containerTemplate(), "run1-a0-0"],
    ["a raw container", containerTemplate({}, { type: "raw-container" }), undefined],
    ["several containers", podTemplate(two), undefined],
    ["several containers of a sidecar task", podTemplate(two, { type: "sidecar" }), "main"],
    ["several containers of a pod that names one itself", podTemplate(two, { target: { case: "k8sPod", value: { podSpec: two as never, primaryContainerName: "main" } } }), "main"]
  ])("on %s", (_name, template, expected) => {
    expect(annotated(template)).toBe(expected)
  })
})

it("asks for the inputs only when a command or an argument refers to one", () => {
  const needs = (template: BuildContext["template"]) => PodPlugin.needsInputs({ template, metadata: metadata() })
  expect(needs(containerTemplate({ args: ["{{ .inputs.x }}"] }))).toBe(true)
  expect(needs(containerTemplate({ args: ["{{ .Input }}"] }))).toBe(false)
  expect(needs(podTemplate({ containers: [{ name: "main", command: ["{{.Inputs.x}}"] }] }))).toBe(true)
  expect(needs(podTemplate({ containers: [{ name: "main" }] }))).toBe(false)
})
