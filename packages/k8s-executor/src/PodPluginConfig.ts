/** Settings of the pod plugin: what every task pod gets, and how patient its phases are read. */
import { Quantity } from "@fairlead/kube"
import { Effect, Schema } from "effect"
import { AcceleratorDeviceClass, acceleratorDevices, acceleratorDeviceClasses, NodeSelectorRequirement, Toleration } from "./PodAcceleratorConfig.ts"

/** A field that may be left out; `value` is in the form of a configuration file. */
const withDefault = <S extends Schema.Constraint>(schema: S, value: S["Encoded"]) =>
  Schema.withDecodingDefaultKey<S>(Effect.succeed(value))(schema)

const Strings = Schema.Record(Schema.String, Schema.String)
const Names = Schema.Array(Schema.String)
/** Part of a Kubernetes object as it stands in YAML; the API server checks it. */
const KubeFields = Schema.Record(Schema.String, Schema.Unknown)
const QuantityText = Schema.String.check(Schema.makeFilter((text: string) => {
  const problem = Quantity.problemOf(text)
  return problem === undefined ? undefined : `"${text}" is no quantity such as 500m or 128Mi: ${problem}`
}))

/** The containers that bring inputs as files and take outputs from files. */
export const CopilotConfig = Schema.Struct({
  image: withDefault(Schema.String, "fairlead:latest"),
  /** What runs in that image; Flyte's is `["/bin/flyte-copilot"]`. Storage flags belong here too, credentials never. */
  command: withDefault(Names, ["fairlead", "copilot"]),
  namePrefix: withDefault(Schema.String, "flyte-copilot-"),
  inputVolumeName: withDefault(Schema.String, "flyte-inputs"),
  outputVolumeName: withDefault(Schema.String, "flyte-outputs"),
  cpu: withDefault(QuantityText, "500m"),
  memory: withDefault(QuantityText, "128Mi"),
  /** How long outputs may take to upload; also how long the pod may take to end. */
  timeout: withDefault(Schema.DurationFromString, "1 hour"),
  /**
   * How to find out that the uploader is watching, e.g. `tcpSocket`: Kubernetes starts the task only then, so that one which
   * ends at once cannot end its uploader first. Flyte's image answers no probe.
   */
  startupProbe: Schema.optionalKey(KubeFields),
  /** Secret with the storage configuration, mounted into the copilot containers alone. */
  storageConfigSecretName: Schema.optionalKey(Schema.String)
})
export type CopilotConfig = typeof CopilotConfig.Type

/** A link to the logs of a task. `uri` may hold `{{ .podName }}`, `{{ .namespace }}` and the like. */
export const LogLink = Schema.Struct({
  name: Schema.String,
  uri: Schema.String,
  linkType: withDefault(Schema.Literals(["external", "dashboard", "ide"]), "external"),
  messageFormat: withDefault(Schema.Literals(["unknown", "csv", "json"]), "json"),
  showWhilePending: withDefault(Schema.Boolean, false),
  hideOnceFinished: withDefault(Schema.Boolean, false)
})
export type LogLink = typeof LogLink.Type

/**
 * What is added to the security contexts of a pod where the task says nothing.
 *
 * `none`: nothing, as Flyte does. `baseline`: the runtime's seccomp profile, no privilege escalation. `restricted`: all
 * that the Pod Security Standard of that name asks for; images that run as root then do not start.
 */
export const SecurityLevel = Schema.Literals(["none", "baseline", "restricted"])

/** All settings. Durations are written `"3 minutes"`; lists and maps of Kubernetes fields as in YAML manifests. */
export const PodPluginConfig = Schema.Struct({
  defaultEnvVars: withDefault(Strings, {}),
  /** Name of a variable in the pod → name of the variable of the engine's own environment that its value comes from. */
  defaultEnvVarsFromEnv: withDefault(Strings, {}),
  defaultEnvFromConfigMaps: withDefault(Names, []),
  defaultEnvFromSecrets: withDefault(Names, []),

  defaultCpus: withDefault(QuantityText, "1000m"),
  defaultMemory: withDefault(QuantityText, "1024Mi"),

  schedulerName: withDefault(Schema.String, ""),
  defaultTolerations: withDefault(Schema.Array(Toleration), []),
  defaultNodeSelector: withDefault(Strings, {}),
  defaultAffinity: Schema.optionalKey(KubeFields),
  interruptibleTolerations: withDefault(Schema.Array(Toleration), []),
  interruptibleNodeSelector: withDefault(Strings, {}),
  interruptibleNodeSelectorRequirement: Schema.optionalKey(NodeSelectorRequirement),
  nonInterruptibleNodeSelectorRequirement: Schema.optionalKey(NodeSelectorRequirement),
  /** Tolerations of pods that ask for a resource, by its name. */
  resourceTolerations: withDefault(Schema.Record(Schema.String, Schema.Array(Toleration)), {}),
  /** Extended resources whose name is also the key of a taint on the nodes that have them. */
  addTolerationsForExtendedResources: withDefault(Names, []),

  imagePullPolicy: Schema.optionalKey(Schema.Literals(["Always", "IfNotPresent", "Never"])),
  hostNetwork: Schema.optionalKey(Schema.Boolean),
  defaultPodDnsConfig: Schema.optionalKey(KubeFields),

  securityLevel: withDefault(SecurityLevel, "baseline"),
  defaultPodSecurityContext: Schema.optionalKey(KubeFields),
  /** For the primary container alone. */
  defaultSecurityContext: Schema.optionalKey(KubeFields),
  /** Gives task pods a token for the Kubernetes API. Tasks rarely need one, and whoever takes over a task has it too. */
  automountServiceAccountToken: withDefault(Schema.Boolean, false),

  /** PodTemplate for tasks that name none; there need not be one of this name. */
  defaultPodTemplateName: withDefault(Schema.String, ""),

  gpuResourceName: withDefault(Schema.String, "nvidia.com/gpu"),
  gpuDeviceNodeLabel: withDefault(Schema.String, "k8s.amazonaws.com/accelerator"),
  gpuPartitionSizeNodeLabel: withDefault(Schema.String, "k8s.amazonaws.com/gpu-partition-size"),
  gpuUnpartitionedNodeSelectorRequirement: Schema.optionalKey(NodeSelectorRequirement),
  gpuUnpartitionedToleration: Schema.optionalKey(Toleration),
  /** Device as tasks name it (in any case) → value of the device label of its nodes. */
  acceleratorDevices: withDefault(Strings, acceleratorDevices),
  /** What differs by device class: `NVIDIA_GPU`, `GOOGLE_TPU`, `AMAZON_NEURON`, `AMD_GPU`, `HABANA_GAUDI`. */
  acceleratorDeviceClasses: withDefault(Schema.Record(Schema.String, AcceleratorDeviceClass), acceleratorDeviceClasses),

  copilot: withDefault(CopilotConfig, {}),

  imagePullBackoffGracePeriod: withDefault(Schema.DurationFromString, "3 minutes"),
  createContainerErrorGracePeriod: withDefault(Schema.DurationFromString, "3 minutes"),
  createContainerConfigErrorGracePeriod: withDefault(Schema.DurationFromString, "0 minutes"),
  /** For reasons of waiting that are not known here; Flyte gives none. */
  unknownWaitingGracePeriod: withDefault(Schema.DurationFromString, "1 minute"),
  /** Longest time that a pod may be pending; 0 for no limit. */
  podPendingTimeout: withDefault(Schema.DurationFromString, "0 minutes"),

  logLinks: withDefault(Schema.Array(LogLink), []),
  /** Links that a task asks for by name, in `config.link_type`; `vscode` comes with the variable `_F_E_VS`. */
  dynamicLogLinks: withDefault(Schema.Record(Schema.String, LogLink), {})
})
export type PodPluginConfig = typeof PodPluginConfig.Type

/** The settings when nothing is configured. */
export const podPluginDefaults: PodPluginConfig = Schema.decodeSync(PodPluginConfig)({})
