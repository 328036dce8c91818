/** What is special about pods. */
import { type KubeObject, KubeTime, type Pod, type PodCondition, type PodSpec } from "@fairlead/kube"
import { type Draft, field } from "../Draft.ts"
import { preparedPodSpec } from "../builtin/PodPreparation.ts"
import type { Call } from "../rest/Call.ts"
import type { KindRules } from "../rest/KindRules.ts"
import { keepOtherParts } from "../subresources/PodSpecParts.ts"
import { qualityOfService } from "./QualityOfService.ts"

const gracePeriod = (object: KubeObject, asked: number | undefined): number => {
  const pod = object as Pod
  if (!pod.spec?.nodeName) return 0
  const phase = pod.status?.phase
  if (phase === "Failed" || phase === "Succeeded") return 0
  const seconds = asked ?? pod.spec.terminationGracePeriodSeconds ?? 30
  return seconds < 0 ? 1 : seconds
}

const prepareCreate = (draft: Draft, call: Call): void => {
  const given = field<PodSpec>(draft, "spec")
  const spec = given === undefined ? { containers: [] } : preparedPodSpec(given, draft.metadata, call.warnings) as PodSpec
  if (spec !== given && given !== undefined) draft["spec"] = spec
  const qosClass = qualityOfService(spec)
  const isGated = (spec.schedulingGates ?? []).length > 0
  draft["status"] = isGated ? { phase: "Pending", conditions: [gated(KubeTime.format(call.server.now()))], qosClass } : { phase: "Pending", qosClass }
}

const gated = (now: string): PodCondition => ({
  type: "PodScheduled",
  status: "False",
  lastProbeTime: null as never,
  lastTransitionTime: now,
  reason: "SchedulingGated",
  message: "Scheduling is blocked due to non-empty scheduling gates"
})

/** The status is what was sent, but for the quality of service class; the spec and the owners stay. */
const prepareStatus = (draft: Draft, previous: KubeObject): void => {
  const old = previous as Pod
  draft["spec"] = old.spec
  const { ownerReferences, deletionTimestamp } = old.metadata
  // Looking first costs much less than deleting in vain.
  if (ownerReferences !== undefined) draft.metadata.ownerReferences = ownerReferences
  else if (draft.metadata.ownerReferences !== undefined) delete draft.metadata.ownerReferences
  if (deletionTimestamp === undefined && draft.metadata.deletionTimestamp !== undefined) delete draft.metadata.deletionTimestamp
  const status = field<NonNullable<Pod["status"]>>(draft, "status") ?? {}
  const qosClass = old.status?.qosClass
  if (!status.qosClass && qosClass !== undefined) draft["status"] = { ...status, qosClass }
}

/** Hooks of pods. */
export const podRules: Partial<KindRules> = {
  prepareCreate,
  prepareUpdate: keepOtherParts,
  prepareStatus,
  grace: gracePeriod
}
