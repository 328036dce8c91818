/** What executors that died have left: pods that have ended, pods of runs that have, and Secrets that no pod has. */
import { Effect } from "effect"
import { identityOf } from "../AirflowKubernetesScheduler.ts"
import { adoptCompletedPods, type AdoptionContext, lateOrphans, listWorkloadSecrets } from "./adoption.ts"
import type { Chores } from "./chores.ts"
import { sweepSecrets, type WorkloadSecrets } from "./workloadSecrets.ts"

export interface SweepContext extends AdoptionContext {
  readonly chores: Chores
  readonly secrets: WorkloadSecrets
  /** Whether it can be known who lives; then this executor cleans up behind others, whatever it runs itself. */
  readonly hasLease: boolean
  /** Whether it has workloads in Secrets itself. */
  readonly hasWorkloads: boolean
  readonly wallMillis: number
}

/** `before` is what the last sweep answered. */
export const sweep = Effect.fnUntraced(function*(context: SweepContext, before: ReadonlySet<string>) {
  let seen = before
  if (context.hasLease) {
    seen = yield* adoptCompletedPods(context, before)
    for (const pod of yield* lateOrphans(context)) context.chores.add({ _tag: "Revoke", pod: identityOf(pod) })
  }
  if (context.hasWorkloads || context.hasLease) yield* sweepSecrets({ ...context, getPod: context.scheduler.getPod }, (yield* listWorkloadSecrets(context)) ?? [])
  return seen
})
