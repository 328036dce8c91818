/** The smallest patch that brings a stored pod status up to date. */
import type { PodCondition, PodStatus } from "@fairlead/kube"
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
  const conditions = wanted.conditions.flatMap((it) => conditionPatch(stored?.conditions ?? [], it))
  if (conditions.length > 0) {
    patch["conditions"] = conditions
    isEmpty = false
  }
  return isEmpty ? undefined : patch
}

/** A merge keeps what it is not told about, so a reason or message that went away is named as null. */
const conditionPatch = (stored: ReadonlyArray<PodCondition>, wanted: PodCondition): ReadonlyArray<unknown> => {
  const before = stored.find((it) => it.type === wanted.type)
  if (before === undefined) return [wanted]
  if (before.status === wanted.status && before.reason === wanted.reason && before.message === wanted.message) return []
  const reason = wanted.reason === undefined && before.reason !== undefined ? { reason: null } : {}
  const message = wanted.message === undefined && before.message !== undefined ? { message: null } : {}
  return [{ ...wanted, ...reason, ...message }]
}

/** Equality of JSON values. */
export const isSame = (left: unknown, right: unknown): boolean => {
  if (left === right) return true
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false
  if (Array.isArray(left) || Array.isArray(right)) {
    return Array.isArray(left) && Array.isArray(right) && left.length === right.length && left.every((it, at) => isSame(it, right[at]))
  }
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length &&
    keys.every((key) => isSame((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]))
}
