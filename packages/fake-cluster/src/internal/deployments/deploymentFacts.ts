/** What a deployment asks for, and how its replica sets are told apart. Pure. */
import { type Deployment, jsonEqual, type PodTemplateSpec, type ReplicaSet } from "@fairlead/kube"

export const hashLabel = "pod-template-hash"
export const revisionKey = "deployment.kubernetes.io/revision"
export const revisionHistoryKey = "deployment.kubernetes.io/revision-history"
export const desiredKey = "deployment.kubernetes.io/desired-replicas"
export const mostKey = "deployment.kubernetes.io/max-replicas"

export const replicasOf = (it: Deployment | ReplicaSet): number => it.spec?.replicas ?? 1
export const sum = (sets: ReadonlyArray<ReplicaSet>, of: (set: ReplicaSet) => number): number => sets.reduce((total, it) => total + of(it), 0)
export const availableOf = ({ status }: ReplicaSet): number => status?.availableReplicas ?? 0
export const isRolling = ({ spec }: Deployment): boolean => (spec?.strategy?.type ?? "RollingUpdate") === "RollingUpdate"

/** How many pods there may be beyond those asked for, and how many may be missing. Of the two one is never 0. */
export const fenceposts = (deployment: Deployment): { readonly surge: number; readonly unavailable: number } => {
  if (!isRolling(deployment) || replicasOf(deployment) === 0) return { surge: 0, unavailable: isRolling(deployment) ? 0 : replicasOf(deployment) }
  const { maxSurge = "25%", maxUnavailable = "25%" } = deployment.spec?.strategy?.rollingUpdate ?? {}
  const replicas = replicasOf(deployment)
  const surge = shareOf(maxSurge, replicas, Math.ceil)
  const unavailable = shareOf(maxUnavailable, replicas, Math.floor)
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, replicas) }
}

/** A number, or a percentage of `whole`. */
export const shareOf = (part: number | string, whole: number, round: (share: number) => number): number =>
  typeof part === "number" ? part : round((whole * Number.parseInt(part, 10)) / 100)

/** The set that is made of the deployment's present template; of several the oldest. */
export const newSetOf = (deployment: Deployment, sets: ReadonlyArray<ReplicaSet>): ReplicaSet | undefined =>
  byAge(sets).find((it) => jsonEqual(plain(it.spec?.template), plain(deployment.spec?.template)))

/** Oldest first. */
export const byAge = (sets: ReadonlyArray<ReplicaSet>): ReadonlyArray<ReplicaSet> =>
  [...sets].sort((a, b) => compareTexts(a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? "") || compareTexts(a.metadata.name ?? "", b.metadata.name ?? ""))

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The template without the label that tells the sets of one deployment apart. */
const plain = (template: PodTemplateSpec | undefined): unknown => {
  const { creationTimestamp: _, labels, ...metadata } = (template?.metadata ?? {}) as { labels?: { [key: string]: string }; creationTimestamp?: unknown }
  const { [hashLabel]: __, ...others } = labels ?? {}
  return { ...template, metadata: { ...metadata, ...(Object.keys(others).length === 0 ? {} : { labels: others }) } }
}

const alphabet = "bcdfghjklmnpqrstvwxz2456789"

/** A short text that follows from a template, in letters that spell nothing. */
export const hashOf = (value: unknown, collisions: number): string => {
  const text = `${JSON.stringify(value)}${collisions === 0 ? "" : `#${collisions}`}`
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return Array.from(String(hash >>> 0), (digit) => alphabet[digit.charCodeAt(0) % alphabet.length]!).join("")
}

export const revisionOf = ({ metadata }: Deployment | ReplicaSet): number => Number(metadata.annotations?.[revisionKey] ?? 0) || 0

/** How many pods the newest set should have while the others still have theirs. */
export const newReplicas = (deployment: Deployment, all: ReadonlyArray<ReplicaSet>, newest: number): number => {
  const wanted = replicasOf(deployment)
  if (!isRolling(deployment)) return wanted
  const most = wanted + fenceposts(deployment).surge
  const current = sum(all, replicasOf)
  return current >= most ? newest : newest + Math.min(most - current, Math.max(0, wanted - newest))
}

/** Annotations of the deployment that its sets take over. */
export const copiedAnnotations = ({ metadata }: Deployment): { readonly [key: string]: string } =>
  Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([key]) => !own.has(key)))

const own: ReadonlySet<string> = new Set(["kubectl.kubernetes.io/last-applied-configuration", revisionKey, revisionHistoryKey, desiredKey, mostKey, "deprecated.deployment.rollback.to"])

/** What the sets remember of the size of the deployment. */
export const sizeAnnotations = (deployment: Deployment): { readonly [key: string]: string } => ({
  [desiredKey]: String(replicasOf(deployment)),
  [mostKey]: String(replicasOf(deployment) + fenceposts(deployment).surge)
})
