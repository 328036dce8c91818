/** What is special about jobs: they make their own selector. */
import type { Job } from "@fairlead/kube"
import { type Draft, field } from "../Draft.ts"
import type { KindRules } from "../rest/KindRules.ts"
import { emptyStatus } from "./EmptyStatus.ts"

type JobSpec = NonNullable<Job["spec"]>

const prepareCreate = (draft: Draft, call: Parameters<KindRules["prepareCreate"]>[1]): void => {
  draft["status"] = emptyStatus(call.resource)
  const spec = field<JobSpec>(draft, "spec")
  if (spec?.template === undefined) return
  const labelled = spec.manualSelector === true ? spec : withSelector(spec, draft)
  draft["spec"] = labelled
  const labels = labelled.template.metadata?.labels
  const own = draft.metadata.labels
  // Labels that a job does not bring are those of its template: the very same map, so what is added to one shows in the other.
  if ((own === undefined || own === spec.template.metadata?.labels) && labels !== undefined) draft.metadata.labels = labels
}

const withSelector = (spec: JobSpec, { metadata: { name = "", uid = "" } }: Draft): JobSpec => {
  // What the job says itself is kept; validation refuses it when it contradicts.
  const labels = {
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
    "controller-uid": uid,
    "job-name": name,
    ...spec.template.metadata?.labels
  }
  return {
    ...spec,
    selector: { ...spec.selector, matchLabels: { "batch.kubernetes.io/controller-uid": uid, ...spec.selector?.matchLabels } },
    template: { ...spec.template, metadata: { ...spec.template.metadata, labels } }
  } as JobSpec
}

/** Hooks of jobs. */
export const jobRules: Partial<KindRules> = {
  orphanWarning:
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning",
  prepareCreate
}
