/** What a job's rules say of a failed pod and of a set of completed indexes. */
import type { Job, Pod } from "@fairlead/kube"
import { isTerminating } from "../podFacts.ts"
import { parse } from "./jobIndexes.ts"

type JobSpec = Exclude<Job["spec"], undefined>
type Rule = Exclude<JobSpec["podFailurePolicy"], undefined>["rules"][number]

/** What becomes of the job when the pod fails. */
export interface FailureVerdict {
  readonly action: "FailJob" | "FailIndex" | "Ignore" | "Count"
  /** Why the job fails. */
  readonly message?: string
}

const count: FailureVerdict = { action: "Count" }

/** The first rule that fits a failed pod. */
export const failureVerdict = (spec: JobSpec, pod: Pod): FailureVerdict => {
  const rules = spec.podFailurePolicy?.rules ?? []
  for (const [at, rule] of rules.entries()) {
    const found = match(rule, pod)
    if (found === undefined || !actions.has(rule.action)) continue
    const action = rule.action as FailureVerdict["action"]
    return action === "FailJob" ? { action, message: `${found} matching FailJob rule at index ${at}` } : { action }
  }
  return count
}

const actions: ReadonlySet<string> = new Set(["FailJob", "FailIndex", "Ignore", "Count"])

const match = (rule: Rule, pod: Pod): string | undefined => {
  const { name, namespace } = pod.metadata
  if (rule.onExitCodes !== undefined) {
    const { containerName, operator, values } = rule.onExitCodes
    const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]
    const found = statuses.find(({ name: of, state }) => {
      const code = state?.terminated?.exitCode ?? 0
      return code !== 0 && (containerName === undefined || containerName === of) && values.includes(code) === (operator === "In")
    })
    return found === undefined ? undefined : `Container ${found.name} for pod ${namespace}/${name} failed with exit code ${found.state!.terminated!.exitCode}`
  }
  const patterns = rule.onPodConditions ?? []
  const found = (pod.status?.conditions ?? []).find(({ status, type }) => patterns.some((it) => it.type === type && it.status === status))
  return found === undefined ? undefined : `Pod ${namespace}/${name} has condition ${found.type}`
}

/** Replaces a pod only when it has failed for good, not while it is on its way out. */
export const waitsForEnd = ({ podFailurePolicy, podReplacementPolicy }: JobSpec): boolean => podReplacementPolicy === "Failed" || podFailurePolicy !== undefined

/** Whether the pod counts as failed: some that are deleted never get so far as to say it. */
export const hasFailed = (spec: JobSpec, pod: Pod): boolean =>
  pod.status?.phase === "Failed" || (!waitsForEnd(spec) && isTerminating(pod) && pod.status?.phase !== "Succeeded")

/** The rule of the success policy that is met, in words; `undefined` when none is. */
export const metSuccessRule = (spec: JobSpec, succeeded: ReadonlySet<number>): string | undefined => {
  const at = (spec.successPolicy?.rules ?? []).findIndex(({ succeededCount, succeededIndexes }) => {
    const wanted = succeededIndexes === undefined ? undefined : parse(succeededIndexes, spec.completions ?? 0)
    const found = wanted === undefined ? succeeded.size : [...wanted].filter((it) => succeeded.has(it)).length
    return found >= (succeededCount ?? wanted?.size ?? Infinity)
  })
  return at < 0 ? undefined : `Matched rules at index ${at}`
}
