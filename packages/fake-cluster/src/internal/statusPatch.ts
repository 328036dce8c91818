/** The smallest patch that brings a stored pod status up to date. */
import type { PodCondition, PodStatus } from "@fairlead/kube"
import { conditionIn } from "./podFacts.ts"
import type { KubeletStatus } from "./podStatus.ts"

/** Fields of the status that a kubelet owns; it leaves the others alone. */
const fields = [
  "observedGeneration", "phase", "reason", "message", "hostIP", "hostIPs", "podIP", "podIPs", "startTime",
  "initContainerStatuses", "containerStatuses"
] as const

/**
 * A strategic merge patch of `status`, or `undefined` when the stored status says the same already. Only the conditions that
 * differ are in it: the merge goes by type and keeps the conditions of others.
 */
export const statusPatch = (stored: PodStatus | undefined, wanted: KubeletStatus): { readonly [field: string]: unknown } | undefined => {
  const patch: { [field: string]: unknown } = {}
  let isEmpty = true
  for (const field of fields) {
    const next = wanted[field]
    const before = stored?.[field]
    if (next === before || isSame(next, before)) continue
    if (next === undefined && (field === "podIP" || field === "podIPs")) continue
    patch[field] = next === undefined ? null : next
    isEmpty = false
  }
  const stale: Array<unknown> = []
  for (const it of wanted.conditions) {
    const before = conditionIn(stored?.conditions ?? [], it.type)
    if (before === undefined) stale.push(it)
    else if (before.status !== it.status || before.reason !== it.reason || before.message !== it.message) stale.push(conditionPatch(before, it))
  }
  if (stale.length > 0) {
    patch["conditions"] = stale
    isEmpty = false
  }
  return isEmpty ? undefined : patch
}

/** A merge keeps what it is not told about, so a reason or message that went away is named as null. */
const conditionPatch = (before: PodCondition, wanted: PodCondition): unknown => {
  const losesReason = wanted.reason === undefined && before.reason !== undefined
  const losesMessage = wanted.message === undefined && before.message !== undefined
  return losesReason || losesMessage ? { ...wanted, ...(losesReason ? { reason: null } : {}), ...(losesMessage ? { message: null } : {}) } : wanted
}

/** Equality of JSON values. */
export const isSame = (left: unknown, right: unknown): boolean => {
  if (left === right) return true
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false
    for (let i = 0; i < left.length; i++) if (!isSame(left[i], right[i])) return false
    return true
  }
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  for (const key of keys) if (!isSame((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key])) return false
  return true
}
