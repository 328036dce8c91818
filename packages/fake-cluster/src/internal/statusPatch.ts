/** The smallest patch that brings a stored pod status up to date. */
import { jsonEqual, type PodCondition, type PodStatus } from "@fairlead/kube"
import { conditionIn } from "./podFacts.ts"
import type { KubeletStatus } from "./podStatus.ts"

/**
 * A strategic merge patch of `status`, or `undefined` when the stored status says the same already. Fields that a kubelet does not own
 * are left alone. Only the conditions that differ are in it: the merge goes by type and keeps the conditions of others.
 */
export const statusPatch = (stored: PodStatus | undefined, wanted: KubeletStatus): { readonly [field: string]: unknown } | undefined => {
  const before: PodStatus = stored ?? {}
  const patch: { -readonly [Field in keyof PodStatus]: unknown } = {}
  // By name, one after the other: a loop over the names costs several times as much.
  if (differs(wanted.observedGeneration, before.observedGeneration)) patch.observedGeneration = wanted.observedGeneration ?? null
  if (differs(wanted.phase, before.phase)) patch.phase = wanted.phase
  if (differs(wanted.reason, before.reason)) patch.reason = wanted.reason ?? null
  if (differs(wanted.message, before.message)) patch.message = wanted.message ?? null
  if (differs(wanted.hostIP, before.hostIP)) patch.hostIP = wanted.hostIP ?? null
  if (differs(wanted.hostIPs, before.hostIPs)) patch.hostIPs = wanted.hostIPs ?? null
  if (wanted.podIP !== undefined && differs(wanted.podIP, before.podIP)) patch.podIP = wanted.podIP
  if (wanted.podIPs !== undefined && differs(wanted.podIPs, before.podIPs)) patch.podIPs = wanted.podIPs
  if (differs(wanted.startTime, before.startTime)) patch.startTime = wanted.startTime ?? null
  if (differs(wanted.initContainerStatuses, before.initContainerStatuses)) patch.initContainerStatuses = wanted.initContainerStatuses ?? null
  if (differs(wanted.containerStatuses, before.containerStatuses)) patch.containerStatuses = wanted.containerStatuses ?? null
  const stale: Array<unknown> = []
  for (const it of wanted.conditions) {
    const before = conditionIn(stored?.conditions ?? [], it.type)
    if (before === undefined) stale.push(it)
    else if (before.status !== it.status || before.reason !== it.reason || before.message !== it.message) stale.push(conditionPatch(before, it))
  }
  if (stale.length > 0) patch.conditions = stale
  return Object.keys(patch).length === 0 ? undefined : patch
}

const differs = (next: unknown, before: unknown): boolean => next !== before && !jsonEqual(next, before)

/** A merge keeps what it is not told about, so a reason or message that went away is named as null. */
const conditionPatch = (before: PodCondition, wanted: PodCondition): unknown => {
  const losesReason = wanted.reason === undefined && before.reason !== undefined
  const losesMessage = wanted.message === undefined && before.message !== undefined
  return losesReason || losesMessage ? { ...wanted, ...(losesReason ? { reason: null } : {}), ...(losesMessage ? { message: null } : {}) } : wanted
}
