/** Which pods a job wants to make or to lose. Pure. */
import type { ObjectMeta, Pod, PodTemplateSpec } from "@fairlead/kube"
import { byLeastLoss, isActive } from "../podFacts.ts"
import { endedAt, remaining } from "./jobBackOff.ts"
import { completionIndexKey, indexOf } from "./jobIndexes.ts"
import { failureVerdict, hasFailed, waitsForEnd } from "./jobPolicies.ts"
import { failureCountKey, ignoredFailureCountKey, isIndexed, isSuspended, type JobView, numberIn, trackingFinalizer } from "./jobView.ts"

/** What to do with the pods now. */
export type PodPlan =
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Delete"; readonly pods: ReadonlyArray<Pod> }
  /** `indexes` of an indexed job, otherwise so many times `undefined`. */
  | { readonly _tag: "Create"; readonly indexes: ReadonlyArray<number | undefined> }
  /** New pods are wanted, but only after so many milliseconds. */
  | { readonly _tag: "Wait"; readonly millis: number }

const roundMost = 500

/** Fits the number of pods to what is left to do. */
export const planPods = (view: JobView): PodPlan => {
  const { active, spec, succeeded } = view
  if (isSuspended(spec)) return active.length === 0 ? { _tag: "Nothing" } : { _tag: "Delete", pods: active }
  const parallelism = spec.parallelism ?? 1
  const wanted = spec.completions === undefined
    ? succeeded > 0 ? active.length : parallelism
    : Math.max(0, Math.min(spec.completions - succeeded, parallelism))
  const surplus = surplusPods(view, Math.max(0, active.length - wanted))
  if (surplus.length > 0) return { _tag: "Delete", pods: surplus.slice(0, roundMost) }
  const missing = Math.min(roundMost, wanted - active.length - (waitsForEnd(spec) ? view.terminating : 0))
  if (missing <= 0) return { _tag: "Nothing" }
  const wait = spec.backoffLimitPerIndex === undefined ? remaining(view.backOff, view.now) : 0
  if (wait > 0) return { _tag: "Wait", millis: wait }
  if (!isIndexed(spec)) return { _tag: "Create", indexes: Array.from({ length: missing }, () => undefined) }
  const pending = pendingIndexes(view, missing)
  if (spec.backoffLimitPerIndex === undefined) return pending.length === 0 ? { _tag: "Nothing" } : { _tag: "Create", indexes: pending }
  const waits = pending.map((it) => indexWait(view, it))
  const now = pending.filter((_, at) => waits[at] === 0)
  if (now.length > 0) return { _tag: "Create", indexes: now }
  return pending.length === 0 ? { _tag: "Nothing" } : { _tag: "Wait", millis: Math.min(...waits) }
}

/** Doubles and indexes that do not exist first, then those whose loss hurts least. */
const surplusPods = ({ active, spec }: JobView, least: number): ReadonlyArray<Pod> => {
  const wrong: Array<Pod> = []
  let left: Array<Pod> = [...active].sort(byLeastLoss())
  if (isIndexed(spec)) {
    const best = new Map<number, Pod>()
    for (const pod of left) {
      const index = indexOf(pod)
      if (index !== undefined && index < (spec.completions ?? 0)) best.set(index, pod)
    }
    const kept = new Set(best.values())
    wrong.push(...left.filter((it) => !kept.has(it)))
    left = left.filter((it) => kept.has(it))
  }
  return [...wrong, ...left.slice(0, Math.max(0, least - wrong.length))]
}

const pendingIndexes = ({ indexes, pods, spec }: JobView, most: number): ReadonlyArray<number> => {
  const taken = new Set([...indexes!.succeeded, ...(indexes!.failed ?? [])])
  for (const pod of pods) {
    const index = indexOf(pod)
    if (index !== undefined && (isActive(pod) || (waitsForEnd(spec) && pod.metadata.deletionTimestamp !== undefined && !hasFailed(spec, pod)))) taken.add(index)
  }
  const pending: Array<number> = []
  for (let index = 0; index < (spec.completions ?? 0) && pending.length < most; index++) if (!taken.has(index)) pending.push(index)
  return pending
}

const indexWait = ({ indexes, now }: JobView, index: number): number => {
  const kept = indexes!.kept.get(index)
  if (kept === undefined) return 0
  const failures = numberIn(kept, failureCountKey) + numberIn(kept, ignoredFailureCountKey) + 1
  return remaining({ failures, lastFailureAt: endedAt(kept, now) }, now)
}

/** The template and the metadata of the next pod. */
export const nextPod = ({ indexes, job, spec }: JobView, index: number | undefined): { readonly template: PodTemplateSpec; readonly metadata: Partial<ObjectMeta> } => {
  const { template } = spec
  const { annotations, finalizers = [], labels } = (template.metadata ?? {}) as Partial<ObjectMeta>
  const tracked = finalizers.includes(trackingFinalizer) ? finalizers : [...finalizers, trackingFinalizer]
  if (index === undefined) return { template, metadata: { finalizers: tracked } }
  const podSpec = template.spec!
  const name = `${job.metadata.name}-${index}`
  const numbered = {
    ...template,
    spec: {
      ...podSpec,
      hostname: name,
      containers: podSpec.containers.map(withIndex),
      ...(podSpec.initContainers === undefined ? {} : { initContainers: podSpec.initContainers.map(withIndex) })
    }
  }
  const counts = spec.backoffLimitPerIndex === undefined ? {} : failureCounts(spec, indexes!.kept.get(index))
  const metadata = {
    generateName: `${name.slice(0, 57)}-`,
    finalizers: tracked,
    labels: { ...labels, [completionIndexKey]: String(index) },
    annotations: { ...annotations, [completionIndexKey]: String(index), ...counts }
  }
  return { template: numbered, metadata }
}

const indexVariable = "JOB_COMPLETION_INDEX"

const withIndex = (container: Exclude<PodTemplateSpec["spec"], undefined>["containers"][number]) =>
  container.env?.some((it) => it.name === indexVariable) === true ? container : {
    ...container,
    env: [...(container.env ?? []), { name: indexVariable, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${completionIndexKey}']` } } }]
  }

const failureCounts = (spec: JobView["spec"], kept: Pod | undefined): { readonly [key: string]: string } => {
  if (kept === undefined) return { [failureCountKey]: "0" }
  const isIgnored = failureVerdict(spec, kept).action === "Ignore"
  const failures = numberIn(kept, failureCountKey) + (isIgnored ? 0 : 1)
  const ignored = numberIn(kept, ignoredFailureCountKey) + (isIgnored ? 1 : 0)
  return { [failureCountKey]: String(failures), ...(ignored === 0 ? {} : { [ignoredFailureCountKey]: String(ignored) }) }
}
