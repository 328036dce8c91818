/** Carries tasks out as batch Jobs, which bring their own retries, parallelism and deadlines. */
import { badTaskSpecification, Phase, type PluginError } from "@fairlead/core"
import { type Job, KubeResource, type PodSpec } from "@fairlead/kube"
import { Result } from "effect"
import type { BuildContext, KubeObjectPlugin, PhaseContext, PhaseReading } from "./KubeObjectPlugin.ts"
import { buildPod, type BuiltPod, type PodBuildOptions, type PodBuildSettings, podBuildSettings } from "./PodBuild.ts"
import { needsInputs } from "./PodPlugin.ts"
import { type PodPluginConfig, podPluginDefaults } from "./PodPluginConfig.ts"
import { timeOf } from "./PodTimes.ts"

/** Name of the plugin and of the task type that it carries out. */
export const id = "job"

/** Longest name of a Job: its pods carry it as the value of a label. */
const nameLengthMax = 63

/** Fields of a Job that a task may set in `custom`; the others are the platform's. */
const settings = [
  "parallelism",
  "completions",
  "completionMode",
  "backoffLimit",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
  "activeDeadlineSeconds",
  "podFailurePolicy",
  "successPolicy",
  "podReplacementPolicy"
] as const

type JobSpec = NonNullable<Job["spec"]>

const settingsOf = (custom: { readonly [key: string]: unknown } | undefined): Result.Result<Partial<JobSpec>, PluginError> => {
  const unknown = Object.keys(custom ?? {}).find((key) => !(settings as ReadonlyArray<string>).includes(key))
  return unknown === undefined
    ? Result.succeed((custom ?? {}) as Partial<JobSpec>)
    : Result.fail(badTaskSpecification(id, `custom.${unknown} is no field of a Job that a task may set; allowed are ${settings.join(", ")}`))
}

const toJob = ({ annotations, labels, spec }: BuiltPod, own: Partial<JobSpec>, { metadata }: BuildContext): Job => {
  // Retries are the engine's, which counts and reports them, unless the task leaves them to the Job.
  const backoffLimit = own.backoffLimit ?? 0
  const { "flyte.org/managed": _managed, ...taskLabels } = metadata.labels
  return {
    metadata: { labels: {}, annotations: {} },
    spec: {
      ...own,
      backoffLimit,
      template: {
        // The pods belong to the Job; without the managed label the engine does not even look at them.
        metadata: { labels: { ...labels, ...taskLabels }, annotations: { ...annotations, ...metadata.annotations } } as object,
        spec: spec as PodSpec
      }
    }
  }
}

const build = (context: BuildContext, pods: PodBuildSettings): Result.Result<Job, PluginError> =>
  Result.flatMap(settingsOf(context.template.custom), (own) =>
    Result.map(buildPod(id, context, pods), (pod) => toJob(pod, own, context)))

const conditionOf = (job: Job, type: string) => job.status?.conditions?.find((it) => it.type === type && it.status === "True")

/** Reads the phase of a Job from its conditions, and while it has none from its counts of pods. */
export const readJob = (job: Job, context: Pick<PhaseContext, "now">): PhaseReading => {
  const { active = 0, failed = 0, ready = 0, succeeded = 0 } = job.status ?? {}
  const end = conditionOf(job, "Complete") ?? conditionOf(job, "Failed")
  const occurredAt = timeOf(end?.lastTransitionTime) ?? timeOf(job.status?.startTime) ?? context.now
  const info = { occurredAt }
  if (end?.type === "Complete") return { phase: Phase.success(info) }
  if (end !== undefined) {
    const code = end.reason || "JobFailed"
    return { phase: Phase.retryableFailure({ code, message: end.message || `the Job failed: ${code}`, kind: "USER" }, { info }) }
  }
  const suspended = conditionOf(job, "Suspended")
  if (suspended !== undefined) return { phase: Phase.queued(0, suspended.message || "the Job is suspended", info) }
  const counts = `pods: ${active} active, ${succeeded} succeeded, ${failed} failed`
  if (ready > 0 || succeeded > 0) return { phase: Phase.running(0, counts, info) }
  return { phase: active > 0 ? Phase.initializing(0, counts, info) : Phase.queued(0, "the Job waits for its pods", info) }
}

const isTerminal = (job: Job): boolean => conditionOf(job, "Complete") !== undefined || conditionOf(job, "Failed") !== undefined

/** Makes the plugin, to be run by an `ObjectRunner`. Its pods are built like those of the pod plugin. */
export const make = (config: PodPluginConfig = podPluginDefaults, options: PodBuildOptions = {}): KubeObjectPlugin<Job> => {
  const pods = podBuildSettings(config, options)
  return {
    id,
    taskTypes: [id],
    resource: KubeResource.jobs,
    generatedNameMaxLength: nameLengthMax,
    needsInputs,
    build: (context) => build(context, pods),
    readPhase: readJob,
    isTerminal,
    outlivesTask: (job) => !isTerminal(job)
  }
}
