/** What plugins for web APIs get to see of a task. */
import type { TaskExecutionContext } from "@fairlead/core"
import type { WebApiTask } from "../AsyncPlugin.ts"
import type { SecretGuard } from "./secretGuard.ts"

/** The task of a round; secrets that are read through it are watched. */
export const taskOf = ({ guard }: { readonly guard: SecretGuard }, context: TaskExecutionContext, key: string): WebApiTask => ({
  metadata: context.metadata,
  template: context.template,
  paths: context.paths,
  inputs: context.inputs,
  outcome: context.outcome,
  launch: context.launch,
  now: context.now,
  secrets: guard.watch(context.secrets),
  key
})
