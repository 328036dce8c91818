import { create } from "@bufbuild/protobuf"
import { Idl, type TaskResources } from "@fairlead/core"
import type { Container } from "@fairlead/kube"
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { podBuildSettings } from "../src/PodBuild.ts"
import { containerContext, prepare } from "../src/PodContainers.ts"
import { podPluginDefaults } from "../src/PodPluginConfig.ts"
import { buildContext, metadata } from "./support/fixtures.ts"

const settings = podBuildSettings(podPluginDefaults)
const tpu = create(Idl.GPUAcceleratorSchema, { device: "tpu-v4", deviceClass: Idl.GPUAccelerator_DeviceClass.GOOGLE_TPU })
const nothing = { requests: {}, limits: {} }

const prepared = (
  container: Partial<Container>,
  options: { readonly primary?: boolean; readonly overrides?: TaskResources; readonly platform?: TaskResources; readonly accelerator?: Idl.GPUAccelerator } = {}
): Container => {
  const own = metadata({
    overrides: { ...metadata().overrides, resources: options.overrides ?? nothing },
    platformResources: options.platform ?? nothing
  })
  const context = containerContext(buildContext({ metadata: own }), options.accelerator, settings)
  return Result.getOrThrow(prepare({ name: "main", ...container }, options.primary ?? true, context))
}
const both = (amounts: Record<string, string>) => ({ requests: amounts, limits: amounts })

it("fills templates in command and args in, and adds 13 variables and the task's own", () => {
  const container = prepared({ command: ["{{ .Input }}"], args: ["{{ .OutputPrefix }}"] })
  expect([container.command, container.args]).toEqual([["s3://bucket/in/inputs.pb"], ["s3://bucket/ab/out/a0/1"]])
  expect(container.env).toHaveLength(13 + 2)
})

describe("resources", () => {
  it.each<readonly [string, Partial<TaskResources>, TaskResources, TaskResources, Partial<TaskResources>]>([
    ["what the container asks for and the platform's default for the rest", { requests: { cpu: "1" }, limits: { cpu: "10" } },
      { requests: { memory: "2" }, limits: {} }, { requests: { memory: "2" }, limits: { memory: "20" } },
      { requests: { cpu: "1", memory: "2" }, limits: { cpu: "10", memory: "2" } }],
    ["overrides, lowered to the platform's limit", { requests: { cpu: "1" }, limits: { cpu: "10" } },
      { requests: { memory: "2" }, limits: { memory: "200" } }, { requests: {}, limits: { memory: "20" } },
      { requests: { cpu: "1", memory: "2" }, limits: { cpu: "10", memory: "20" } }],
    ["the container's own, lowered to the platform's limit", both({ cpu: "100" }), nothing,
      { requests: { cpu: "1", memory: "2" }, limits: { cpu: "10", memory: "20" } }, both({ cpu: "10", memory: "2" })]
  ])("of the primary container: %s", (_name, resources, overrides, platform, expected) => {
    expect(prepared({ resources }, { overrides, platform }).resources).toEqual(expected)
  })

  it("of other containers are not overridden", () => {
    expect(prepared({ resources: both({ cpu: "2", memory: "1" }) }, { primary: false, overrides: both({ cpu: "9" }) }).resources).toEqual(both({ cpu: "2", memory: "1" }))
  })

  it("keep claims", () => {
    expect(prepared({ resources: { claims: [{ name: "device" }] } }).resources?.claims).toEqual([{ name: "device" }])
  })

  const base = { requests: { cpu: "2", memory: "4Gi" }, limits: { cpu: "4", memory: "8Gi" } }
  const withBase = (amounts: Record<string, string>) => ({ requests: { ...base.requests, ...amounts }, limits: { ...base.limits, ...amounts } })

  it.each<readonly [string, TaskResources, TaskResources, Idl.GPUAccelerator | undefined, TaskResources]>([
    ["an overriding gpu becomes the GPU's name", nothing, both({ gpu: "1" }), undefined, both({ cpu: "1000m", memory: "1024Mi", "nvidia.com/gpu": "1" })],
    ["an overriding gpu of a TPU task becomes the TPU's name", nothing, { requests: { gpu: "1" }, limits: {} }, tpu, both({ cpu: "1000m", memory: "1024Mi", "google.com/tpu": "1" })],
    ["it is added to what the container asks for", base, both({ gpu: "2" }), undefined, withBase({ "nvidia.com/gpu": "2" })],
    ["it replaces the container's gpu", withBase({ gpu: "1" }), both({ gpu: "4" }), undefined, withBase({ "nvidia.com/gpu": "4" })],
    ["it replaces the container's gpu under its full name too", withBase({ gpu: "2" }), both({ "nvidia.com/gpu": "4" }), undefined, withBase({ "nvidia.com/gpu": "4" })],
    ["it replaces the TPU task's gpu", withBase({ gpu: "1" }), both({ gpu: "8" }), tpu, withBase({ "google.com/tpu": "8" })],
    ["the container's gpu of a TPU task becomes the TPU's name", both({ gpu: "2" }), nothing, tpu, both({ cpu: "1000m", memory: "1024Mi", "google.com/tpu": "2" })]
  ])("of accelerators: %s", (_name, resources, overrides, accelerator, expected) => {
    expect(prepared({ resources }, { overrides, ...(accelerator === undefined ? {} : { accelerator }) }).resources).toEqual(expected)
  })
})
