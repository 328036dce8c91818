/** Reads a command with its configuration into a job. Pure. */
import { Result } from "effect"
import type { CommandOptions } from "../KubernetesExecutor.ts"
import { KubernetesExecutorConfig, podOverrideOf } from "../KubernetesExecutorConfig.ts"
import type { KubernetesJob, TaskCommand } from "../KubernetesJob.ts"
import { buildPod, type PodFactoryOptions } from "../PodFactory.ts"
import type { TaskKey } from "../TaskKey.ts"

/** The job, or what is wrong with its configuration. What a task says of its pod is tried out at once. */
export const readCommand = (
  pods: PodFactoryOptions,
  key: TaskKey,
  command: TaskCommand,
  { executorConfig, image, priority, queue }: CommandOptions
): KubernetesJob | { readonly problem: string } => {
  const plain: KubernetesJob = { key, command, podOverride: undefined, podTemplateFile: undefined, executorConfig: undefined, image, queue: queue ?? "default", priority: priority ?? 0 }
  if (pods.config.dialect === "contrib") {
    return Result.match(KubernetesExecutorConfig.fromDict(executorConfig), {
      onFailure: (error) => ({ problem: error.message }),
      onSuccess: (fields) => ({ ...plain, executorConfig: fields })
    })
  }
  return Result.match(podOverrideOf(executorConfig), {
    onFailure: (error) => ({ problem: error.message }),
    onSuccess: (override) => {
      const job = { ...plain, ...override }
      const problem = override.podOverride === undefined && override.podTemplateFile === undefined ? undefined : problemOf(pods, job)
      return problem === undefined ? job : { problem }
    }
  })
}

const problemOf = (pods: PodFactoryOptions, job: KubernetesJob): string | undefined => {
  try {
    buildPod({ ...pods, mutationHook: undefined }, { job, runId: "", number: 0, failures: 0 })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
