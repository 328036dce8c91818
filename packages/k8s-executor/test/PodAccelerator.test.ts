import { create, type MessageInitShape } from "@bufbuild/protobuf"
import { Idl } from "@fairlead/core"
import type { PodSpec } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { extendedResources, makeAccelerators, partitionSlices, selectAcceleratorNodes } from "../src/PodAccelerator.ts"
import { podPluginDefaults } from "../src/PodPluginConfig.ts"

const { AMAZON_NEURON, AMD_GPU, GOOGLE_TPU, HABANA_GAUDI, NVIDIA_GPU } = Idl.GPUAccelerator_DeviceClass
const device = (init: MessageInitShape<typeof Idl.GPUAcceleratorSchema>) => create(Idl.GPUAcceleratorSchema, init)
const podWith = (resources: object): PodSpec => ({ containers: [{ name: "main", resources }] })
const gpuPod = podWith({ limits: { "nvidia.com/gpu": "1" } })
const deviceLabel = "k8s.amazonaws.com/accelerator"
const sizeLabel = "k8s.amazonaws.com/gpu-partition-size"

const choose = (spec: PodSpec, accelerator: Idl.GPUAccelerator, config = podPluginDefaults) => {
  const chosen = selectAcceleratorNodes(spec, accelerator, makeAccelerators(config))
  return {
    terms: chosen.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms.map((it) => it.matchExpressions),
    tolerations: chosen.tolerations
  }
}
const dedicated = (key: string, value: string) => ({
  requirement: { key, operator: "In", values: [value] },
  toleration: { key, value, operator: "Equal", effect: "NoSchedule" }
})

describe("selectAcceleratorNodes", () => {
  it("does nothing for pods without accelerators", () => {
    const spec = podWith({ limits: { cpu: "1" } })
    expect(selectAcceleratorNodes(spec, device({ device: "A100" }), makeAccelerators(podPluginDefaults))).toBe(spec)
  })

  it.each([
    ["limits", gpuPod],
    ["requests", podWith({ requests: { "nvidia.com/gpu": "1" } })],
    ["init containers", { containers: [{ name: "main" }], initContainers: [{ name: "i", resources: { limits: { "nvidia.com/gpu": "1" } } }] }]
  ])("finds accelerators in %s", (_name, spec) => {
    expect(choose(spec, device({ device: "A100" })).terms).toHaveLength(1)
  })

  it("sends a device to its nodes and past their taint", () => {
    const { requirement, toleration } = dedicated(deviceLabel, "nvidia-tesla-a100")
    expect(choose(gpuPod, device({ device: "A100" }))).toEqual({ terms: [[requirement]], tolerations: [toleration] })
  })

  it("adds the size of a partition", () => {
    const gpu = dedicated(deviceLabel, "nvidia-tesla-a100")
    const size = dedicated(sizeLabel, "1g.5gb")
    expect(choose(gpuPod, device({ device: "A100", partitionSizeValue: { case: "partitionSize", value: "1g.5gb" } })))
      .toEqual({ terms: [[gpu.requirement, size.requirement]], tolerations: [gpu.toleration, size.toleration] })
  })

  const unpartitioned = device({ device: "A100", partitionSizeValue: { case: "unpartitioned", value: true } })

  it("keeps whole devices apart from partitions", () => {
    expect(choose(gpuPod, unpartitioned).terms?.[0]).toContainEqual({ key: sizeLabel, operator: "DoesNotExist" })
    expect(choose(gpuPod, unpartitioned).tolerations).toHaveLength(1)
  })

  it("takes requirement and toleration of whole devices from the configuration", () => {
    const config = {
      ...podPluginDefaults,
      gpuUnpartitionedNodeSelectorRequirement: { key: "gpu-whole", operator: "In", values: ["yes"] },
      gpuUnpartitionedToleration: { key: "gpu-whole", operator: "Exists" }
    } as const
    const chosen = choose(gpuPod, unpartitioned, config)
    expect(chosen.terms?.[0]).toContainEqual({ key: "gpu-whole", operator: "In", values: ["yes"] })
    expect(chosen.tolerations).toContainEqual({ key: "gpu-whole", operator: "Exists" })
  })

  it("says nothing of partitions when unpartitioned is false", () => {
    expect(choose(gpuPod, device({ device: "A100", partitionSizeValue: { case: "unpartitioned", value: false } })).terms?.[0]).toHaveLength(1)
  })

  it("goes into every alternative, and changes nothing the second time", () => {
    const alternatives: PodSpec = {
      ...gpuPod,
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [] }, { matchExpressions: [] }] } } }
    }
    const accelerators = makeAccelerators(podPluginDefaults)
    const once = selectAcceleratorNodes(alternatives, unpartitioned, accelerators)
    expect(once.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms.map((it) => it.matchExpressions?.length)).toEqual([2, 2])
    expect(selectAcceleratorNodes(once, unpartitioned, accelerators)).toEqual(once)
  })
})

describe("names of devices", () => {
  it.each([["H100", "nvidia-h100"], ["h100", "nvidia-h100"], ["a100 80g", "nvidia-a100-80gb"], ["L40s", "nvidia-l40s"], ["l40S", "nvidia-l40s"], ["my-own", "my-own"]])("%s → %s", (name, label) => {
    expect(makeAccelerators(podPluginDefaults).deviceLabel(name)).toBe(label)
  })

  it("may be configured in any case, as configuration files keep none", () => {
    expect(makeAccelerators({ ...podPluginDefaults, acceleratorDevices: { "l40s": "x" } }).deviceLabel("L40s")).toBe("x")
  })
})

describe("classes of devices", () => {
  it.each([
    [NVIDIA_GPU, "nvidia.com/gpu"],
    [GOOGLE_TPU, "google.com/tpu"],
    [AMAZON_NEURON, "aws.amazon.com/neuron"],
    [AMD_GPU, "amd.com/gpu"],
    [HABANA_GAUDI, "habana.ai/gaudi"]
  ])("%i is offered as %s", (deviceClass, resourceName) => {
    expect(makeAccelerators(podPluginDefaults).of(device({ deviceClass })).resourceName).toBe(resourceName)
  })

  it("a task without a device gets the GPU's name", () => {
    expect(makeAccelerators({ ...podPluginDefaults, gpuResourceName: "gpus/x" }).of(undefined).resourceName).toBe("gpus/x")
  })

  it("TPUs have labels of their own", () => {
    const tpu = device({ device: "V5E", deviceClass: GOOGLE_TPU, partitionSizeValue: { case: "partitionSize", value: "2x2" } })
    expect(choose(podWith({ limits: { "google.com/tpu": "4" } }), tpu).terms).toEqual([[
      dedicated("cloud.google.com/gke-tpu-accelerator", "tpu-v5-lite-podslice").requirement,
      dedicated("cloud.google.com/gke-tpu-topology", "2x2").requirement
    ]])
  })

  it("what a class leaves out comes from the settings for GPUs, and class names count in any case", () => {
    const config = { ...podPluginDefaults, acceleratorDeviceClasses: { google_tpu: { deviceNodeLabel: "tpu-label" } } }
    const settings = makeAccelerators(config).of(device({ deviceClass: GOOGLE_TPU }))
    expect(settings).toMatchObject({ resourceName: "nvidia.com/gpu", deviceNodeLabel: "tpu-label", partitionSizeNodeLabel: sizeLabel })
  })

  it("a class that is not configured is treated like GPUs", () => {
    expect(makeAccelerators({ ...podPluginDefaults, acceleratorDeviceClasses: {} }).of(device({ deviceClass: AMD_GPU })).deviceNodeLabel).toBe(deviceLabel)
  })
})

it.each([["1g.5gb", "1"], ["3g.20gb", "3"], ["all", undefined], ["1g.5gb.me", undefined]])("a partition %s has %s slices", (size, slices) => {
  expect(partitionSlices(device({ partitionSizeValue: { case: "partitionSize", value: size } }))).toBe(slices)
})

describe("extendedResources", () => {
  const base = create(Idl.ExtendedResourcesSchema, { gpuAccelerator: { device: "A100" }, sharedMemory: { mountName: "shm" } })
  const over = create(Idl.ExtendedResourcesSchema, { gpuAccelerator: { device: "T4" } })

  it("replaces each part as a whole", () => {
    expect(extendedResources(base, over)).toMatchObject({ gpuAccelerator: { device: "T4" }, sharedMemory: { mountName: "shm" } })
  })

  it.each([[undefined, over, "T4"], [base, undefined, "A100"], [undefined, undefined, undefined]])("takes what there is", (template, overrides, expected) => {
    expect(extendedResources(template, overrides).gpuAccelerator?.device).toBe(expected)
  })
})
