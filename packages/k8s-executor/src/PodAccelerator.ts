/** GPUs and other accelerators: under which name they are asked for, and on which nodes they are. */
import { Idl } from "@fairlead/core"
import type { PodSpec } from "@fairlead/kube"
import type { NodeRequirement, PodToleration } from "./internal/podParts.ts"
import type { AcceleratorDeviceClass } from "./PodAcceleratorConfig.ts"
import type { PodPluginConfig } from "./PodPluginConfig.ts"
import { requireOfNodes, tolerate } from "./PodScheduling.ts"

/** Label with the number of compute slices of a partition, for whoever counts fractions of a GPU. */
export const partitionSlicesLabel = "platform.union.ai/gpu-partition-slices"

/** All about one class of devices. */
export type Accelerator = AcceleratorDeviceClass & {
  readonly resourceName: string
  readonly deviceNodeLabel: string
  readonly partitionSizeNodeLabel: string
}

/** The configured accelerators, prepared once for all tasks. */
export interface Accelerators {
  /** Settings for a device; those for GPUs when none is named or its class is not configured. */
  readonly of: (accelerator: Idl.GPUAccelerator | undefined) => Accelerator
  /** Value of the node label of a device; devices that are not configured are labelled with their own name. */
  readonly deviceLabel: (device: string) => string
  /** Names of all resources that are accelerators. */
  readonly resourceNames: ReadonlySet<string>
}

const classNames = new Map<number, string>(Object.entries(Idl.GPUAccelerator_DeviceClass).map(([name, number]) => [number, name]))

/** Names of classes and devices may be written in any case: configuration files do not keep it. */
const upperKeys = <A>(map: { readonly [key: string]: A }): ReadonlyMap<string, A> =>
  new Map(Object.entries(map).map(([key, value]) => [key.toUpperCase(), value]))

/** Prepares the configured accelerators. */
export const makeAccelerators = (config: PodPluginConfig): Accelerators => {
  const gpu: Accelerator = {
    resourceName: config.gpuResourceName,
    deviceNodeLabel: config.gpuDeviceNodeLabel,
    partitionSizeNodeLabel: config.gpuPartitionSizeNodeLabel,
    ...(config.gpuUnpartitionedNodeSelectorRequirement === undefined
      ? {}
      : { unpartitionedNodeSelectorRequirement: config.gpuUnpartitionedNodeSelectorRequirement }),
    ...(config.gpuUnpartitionedToleration === undefined ? {} : { unpartitionedToleration: config.gpuUnpartitionedToleration })
  }
  const classes = upperKeys(config.acceleratorDeviceClasses)
  const devices = upperKeys(config.acceleratorDevices)
  const merged = new Map([...classes].map(([name, it]): [string, Accelerator] => [name, { ...gpu, ...it }]))
  return {
    of: (accelerator) => (accelerator === undefined ? gpu : (merged.get(classNames.get(accelerator.deviceClass) ?? "") ?? gpu)),
    deviceLabel: (device) => devices.get(device.toUpperCase()) ?? device,
    resourceNames: new Set([gpu.resourceName, ...[...merged.values()].map((it) => it.resourceName)])
  }
}

/** True when any container of the pod asks for an accelerator. */
const usesAccelerator = (spec: PodSpec, { resourceNames }: Accelerators): boolean =>
  [...(spec.initContainers ?? []), ...spec.containers].some(({ resources }) =>
    Object.keys({ ...resources?.requests, ...resources?.limits }).some((name) => resourceNames.has(name)))

/** Sends a pod to nodes with the device and the partition that the task names. Nothing happens twice. */
export const selectAcceleratorNodes = (spec: PodSpec, accelerator: Idl.GPUAccelerator, accelerators: Accelerators): PodSpec => {
  if (!usesAccelerator(spec, accelerators)) return spec
  const settings = accelerators.of(accelerator)
  const requirements: Array<NodeRequirement> = []
  const tolerations: Array<PodToleration> = []
  const dedicated = (key: string, value: string): void => {
    requirements.push({ key, operator: "In", values: [value] })
    tolerations.push({ key, value, operator: "Equal", effect: "NoSchedule" })
  }
  if (accelerator.device !== "") dedicated(settings.deviceNodeLabel, accelerators.deviceLabel(accelerator.device))
  const partition = accelerator.partitionSizeValue
  if (partition.case === "partitionSize") dedicated(settings.partitionSizeNodeLabel, partition.value)
  if (partition.case === "unpartitioned" && partition.value) {
    requirements.push(settings.unpartitionedNodeSelectorRequirement ?? { key: settings.partitionSizeNodeLabel, operator: "DoesNotExist" })
    if (settings.unpartitionedToleration !== undefined) tolerations.push(settings.unpartitionedToleration)
  }
  if (requirements.length === 0) return spec
  return {
    ...spec,
    affinity: requireOfNodes(spec.affinity, ...requirements),
    tolerations: tolerations.reduce(tolerate, spec.tolerations ?? [])
  }
}

/** Number of compute slices of a partition such as `3g.20gb`; `undefined` for sizes of another form. */
export const partitionSlices = (accelerator: Idl.GPUAccelerator): string | undefined =>
  accelerator.partitionSizeValue.case === "partitionSize"
    ? /^(\d+)g\.\d+gb$/.exec(accelerator.partitionSizeValue.value)?.[1]
    : undefined

/** Extended resources of a task: overrides replace accelerator and shared memory one by one. */
export const extendedResources = (
  template: Idl.ExtendedResources | undefined,
  overrides: Idl.ExtendedResources | undefined
): Pick<Idl.ExtendedResources, "gpuAccelerator" | "sharedMemory"> => ({
  gpuAccelerator: overrides?.gpuAccelerator ?? template?.gpuAccelerator,
  sharedMemory: overrides?.sharedMemory ?? template?.sharedMemory
})
