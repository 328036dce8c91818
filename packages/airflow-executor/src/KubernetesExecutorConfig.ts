/** What a single task asks of its pod: the `executor_config` of both dialects. */
import { Data, Result } from "effect"
import type { Pod, Volume, VolumeMount } from "@fairlead/kube"

/** An `executor_config` that cannot be used. Airflow raises a `TypeError` or an `AirflowConfigException` for it. */
export class ExecutorConfigInvalid extends Data.TaggedError("ExecutorConfigInvalid")<{ readonly description: string }> {
  override get message(): string {
    return this.description
  }
}

/** Fields of Airflow 1.10, in the order of its constructor. */
export interface KubernetesExecutorConfigFields {
  readonly image: string | undefined
  readonly imagePullPolicy: string | undefined
  readonly requestMemory: string | undefined
  readonly requestCpu: string | undefined
  readonly limitMemory: string | undefined
  readonly limitCpu: string | undefined
  readonly limitGpu: string | undefined
  readonly gcpServiceAccountKey: string | undefined
  readonly nodeSelectors: { readonly [name: string]: string } | undefined
  readonly affinity: unknown
  readonly annotations: { readonly [name: string]: string }
  readonly volumes: ReadonlyArray<Volume>
  readonly volumeMounts: ReadonlyArray<VolumeMount>
  readonly tolerations: unknown
  readonly labels: { readonly [name: string]: string }
}

/** Field → name in a dictionary of Python, in the order of the constructor. */
const fieldNames = {
  image: "image",
  imagePullPolicy: "image_pull_policy",
  requestMemory: "request_memory",
  requestCpu: "request_cpu",
  limitMemory: "limit_memory",
  limitCpu: "limit_cpu",
  limitGpu: "limit_gpu",
  gcpServiceAccountKey: "gcp_service_account_key",
  nodeSelectors: "node_selectors",
  affinity: "affinity",
  annotations: "annotations",
  volumes: "volumes",
  volumeMounts: "volume_mounts",
  tolerations: "tolerations",
  labels: "labels"
} as const satisfies { readonly [K in keyof KubernetesExecutorConfigFields]: string }

const containers = { annotations: {}, volumes: [], volumeMounts: [], labels: {} } as const

/** `KubernetesExecutorConfig` of Airflow 1.10. Never shares or changes what it was made from. */
export class KubernetesExecutorConfig {
  readonly fields: KubernetesExecutorConfigFields

  constructor(fields: Partial<KubernetesExecutorConfigFields> = {}) {
    const all = Object.keys(fieldNames).map((name) => [name, fields[name as keyof KubernetesExecutorConfigFields] ?? containers[name as keyof typeof containers]])
    this.fields = Object.fromEntries(all) as KubernetesExecutorConfigFields
  }

  /**
   * Reads the part `KubernetesExecutor` of a dictionary. Nothing at all is an empty configuration; unknown names are
   * ignored, as there; what is no dictionary is refused.
   */
  static fromDict(dict: unknown): Result.Result<KubernetesExecutorConfig, ExecutorConfigInvalid> {
    if (dict === undefined || dict === null) return Result.succeed(new KubernetesExecutorConfig())
    if (!isRecord(dict)) return Result.fail(new ExecutorConfigInvalid({ description: `an executor_config must be a dictionary, but is ${kindOf(dict)}` }))
    const part = dict["KubernetesExecutor"] ?? {}
    if (!isRecord(part)) return Result.fail(new ExecutorConfigInvalid({ description: `"KubernetesExecutor" of an executor_config must be a dictionary, but is ${kindOf(part)}` }))
    return Result.succeed(new KubernetesExecutorConfig(Object.fromEntries(
      Object.entries(fieldNames).map(([field, name]) => [field, part[name] ?? undefined])
    )))
  }

  /** Every field under its name of Python. */
  asDict(): { readonly [name: string]: unknown } {
    return Object.fromEntries(Object.entries(fieldNames).map(([field, name]) => [name, this.fields[field as keyof KubernetesExecutorConfigFields]]))
  }

  /** All fields in words, as Airflow's `__repr__`. */
  toString(): string {
    return `KubernetesExecutorConfig(${Object.entries(this.asDict()).map(([name, value]) => `${name}=${JSON.stringify(value) ?? "None"}`).join(", ")})`
  }
}

/** What the provider reads from an `executor_config`. */
export interface PodOverride {
  readonly podOverride: Pod | undefined
  readonly podTemplateFile: string | undefined
}

/**
 * The provider's `PodGenerator.from_obj`: `pod_override` holds a pod, `pod_template_file` a path. Both kinds of
 * configuration at once are refused, as is the legacy kind alone.
 */
export const podOverrideOf = (dict: unknown): Result.Result<PodOverride, ExecutorConfigInvalid> => {
  const refuse = (description: string): Result.Result<never, ExecutorConfigInvalid> => Result.fail(new ExecutorConfigInvalid({ description }))
  if (dict === undefined || dict === null) return Result.succeed({ podOverride: undefined, podTemplateFile: undefined })
  if (!isRecord(dict) || "spec" in dict) return refuse(`an executor_config must be a dictionary with "pod_override", but is ${isRecord(dict) ? "a pod" : kindOf(dict)}`)
  const { KubernetesExecutor: legacy, pod_override: podOverride, pod_template_file: podTemplateFile, ...rest } = dict
  if (hasContent(legacy) && hasContent(podOverride)) return refuse(`an executor_config may not have both "KubernetesExecutor" and "pod_override"; use "pod_override" alone`)
  if (hasContent(legacy)) return refuse(`"KubernetesExecutor" in an executor_config is of Airflow 1.10; give a pod as "pod_override"`)
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) return refuse(`an executor_config has "pod_override" and "pod_template_file", but no "${unknown}"`)
  if (podTemplateFile !== undefined && typeof podTemplateFile !== "string") return refuse(`"pod_template_file" must be a path, but is ${kindOf(podTemplateFile)}`)
  if (hasContent(podOverride) && !isRecord(podOverride)) return refuse(`"pod_override" must be a pod, but is ${kindOf(podOverride)}`)
  return Result.succeed({ podOverride: hasContent(podOverride) ? (podOverride as unknown as Pod) : undefined, podTemplateFile: podTemplateFile as string | undefined })
}

const isRecord = (value: unknown): value is { readonly [name: string]: unknown } => typeof value === "object" && value !== null && !Array.isArray(value)
const hasContent = (value: unknown): boolean => value !== undefined && value !== null && !(isRecord(value) && Object.keys(value).length === 0)
const kindOf = (value: unknown): string => (Array.isArray(value) ? "a list" : value === null ? "nothing" : `a ${typeof value}`)
