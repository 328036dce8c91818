/** Settings for GPUs and other accelerators, with the devices that are known without configuration. */
import { Schema } from "effect"

/** A toleration as in `spec.tolerations`. */
export const Toleration = Schema.Struct({
  key: Schema.optionalKey(Schema.String),
  operator: Schema.optionalKey(Schema.Literals(["Exists", "Equal"])),
  value: Schema.optionalKey(Schema.String),
  effect: Schema.optionalKey(Schema.Literals(["NoSchedule", "PreferNoSchedule", "NoExecute"])),
  tolerationSeconds: Schema.optionalKey(Schema.Int)
})
export type Toleration = typeof Toleration.Type

/** A requirement as in `matchExpressions` of a node selector term. */
export const NodeSelectorRequirement = Schema.Struct({
  key: Schema.String,
  operator: Schema.Literals(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]),
  values: Schema.optionalKey(Schema.Array(Schema.String))
})
export type NodeSelectorRequirement = typeof NodeSelectorRequirement.Type

/** What differs for one class of devices; what is left out comes from the settings for GPUs. */
export const AcceleratorDeviceClass = Schema.Struct({
  resourceName: Schema.optionalKey(Schema.String),
  deviceNodeLabel: Schema.optionalKey(Schema.String),
  partitionSizeNodeLabel: Schema.optionalKey(Schema.String),
  unpartitionedNodeSelectorRequirement: Schema.optionalKey(NodeSelectorRequirement),
  unpartitionedToleration: Schema.optionalKey(Toleration),
  /** A pod spec that pods with such a device start from; the task's own fields win. */
  podTemplateSpec: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
})
export type AcceleratorDeviceClass = typeof AcceleratorDeviceClass.Type

/** Flyte's device classes. */
export const acceleratorDeviceClasses: { readonly [name: string]: AcceleratorDeviceClass } = {
  NVIDIA_GPU: { resourceName: "nvidia.com/gpu" },
  GOOGLE_TPU: {
    resourceName: "google.com/tpu",
    deviceNodeLabel: "cloud.google.com/gke-tpu-accelerator",
    partitionSizeNodeLabel: "cloud.google.com/gke-tpu-topology"
  },
  AMAZON_NEURON: { resourceName: "aws.amazon.com/neuron" },
  AMD_GPU: { resourceName: "amd.com/gpu" },
  HABANA_GAUDI: { resourceName: "habana.ai/gaudi" }
}

/** Flyte's device names and the node labels that clouds give to them. */
export const acceleratorDevices: { readonly [device: string]: string } = {
  "A10": "nvidia-a10",
  "A10G": "nvidia-a10g",
  "A100": "nvidia-tesla-a100",
  "A100 80G": "nvidia-a100-80gb",
  "A100G": "nvidia-a100g",
  "B200": "nvidia-b200",
  "GB200": "nvidia-gb200",
  "H100": "nvidia-h100",
  "H100 80G": "nvidia-h100-80gb",
  "H100 MEGA 80G": "nvidia-h100-mega-80gb",
  "H200": "nvidia-h200",
  "K80": "nvidia-tesla-k80",
  "L4": "nvidia-l4",
  "L40S": "nvidia-l40s",
  "L4_VWS": "nvidia-l4-vws",
  "M60": "nvidia-tesla-m60",
  "P4": "nvidia-tesla-p4",
  "P100": "nvidia-tesla-p100",
  "RTX PRO 6000": "nvidia-rtx-pro-6000",
  "T4": "nvidia-tesla-t4",
  "V100": "nvidia-tesla-v100",
  "V5E": "tpu-v5-lite-podslice",
  "V5P": "tpu-v5p-slice",
  "V6E": "tpu-v6e-slice",
  "INF1": "aws-neuron-inf1",
  "INF2": "aws-neuron-inf2",
  "TRN1": "aws-neuron-trn1",
  "TRN1N": "aws-neuron-trn1n",
  "TRN2": "aws-neuron-trn2",
  "TRN2U": "aws-neuron-trn2u",
  "MI100": "amd-mi100",
  "MI210": "amd-mi210",
  "MI250": "amd-mi250",
  "MI250X": "amd-mi250x",
  "MI300A": "amd-mi300a",
  "MI300X": "amd-mi300x",
  "MI325X": "amd-mi325x",
  "MI350X": "amd-mi350x",
  "MI355X": "amd-mi355x",
  "GAUDI1": "habana-gaudi-dl1"
}
