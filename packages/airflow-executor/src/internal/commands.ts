/** Reads a command with its configuration into a job. Pure. */
import { Result } from "effect"
import type { KubeConfig } from "../KubeConfig.ts"
import type { CommandOptions } from "../KubernetesExecutor.ts"
import { KubernetesExecutorConfig, podOverrideOf } from "../KubernetesExecutorConfig.ts"
import type { KubernetesJob, TaskCommand } from "../KubernetesJob.ts"
import type { TaskKey } from "../TaskKey.ts"

/** The job, or what is wrong with its configuration. */
export const readCommand = (
  { dialect }: KubeConfig,
  key: TaskKey,
  command: TaskCommand,
  { executorConfig, image, priority, queue }: CommandOptions
): KubernetesJob | { readonly problem: string } => {
  const plain: KubernetesJob = { key, command, podOverride: undefined, podTemplateFile: undefined, executorConfig: undefined, image, queue: queue ?? "default", priority: priority ?? 0 }
  if (dialect === "contrib") {
    return Result.match(KubernetesExecutorConfig.fromDict(executorConfig), {
      onFailure: (error) => ({ problem: error.message }),
      onSuccess: (fields) => ({ ...plain, executorConfig: fields })
    })
  }
  return Result.match(podOverrideOf(executorConfig), {
    onFailure: (error) => ({ problem: error.message }),
    onSuccess: (override) => ({ ...plain, ...override })
  })
}
