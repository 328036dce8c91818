/** Which replica set of a deployment gets which size next. Pure. */
import type { Deployment, ReplicaSet } from "@fairlead/kube"
import { availableOf, byAge, desiredKey, fenceposts, isRolling, mostKey, newReplicas, replicasOf, sum } from "./deploymentFacts.ts"

/** A new size for a set. */
export interface Resize {
  readonly set: ReplicaSet
  readonly replicas: number
}

/** True when the deployment's size has changed since its sets were last sized. */
export const isScaling = (deployment: Deployment, sets: ReadonlyArray<ReplicaSet>): boolean =>
  sets.some((it) => replicasOf(it) > 0 && it.metadata.annotations?.[desiredKey] !== undefined && Number(it.metadata.annotations[desiredKey]) !== replicasOf(deployment))

/** Brings the sets to the deployment's new size, each by its share. */
export const proportional = (deployment: Deployment, newest: ReplicaSet | undefined, old: ReadonlyArray<ReplicaSet>): ReadonlyArray<Resize> => {
  const wanted = replicasOf(deployment)
  const all = newest === undefined ? old : [...old, newest]
  const active = all.filter((it) => replicasOf(it) > 0)
  const single = active.length > 1 ? undefined : (active[0] ?? newest ?? byAge(old).at(-1))
  if (single !== undefined) return resize(single, wanted)
  if (newest !== undefined && isSaturated(newest, wanted)) return active.filter((it) => it !== newest).flatMap((it) => resize(it, 0))
  if (!isRolling(deployment)) return []
  const total = sum(all, replicasOf)
  const allowed = wanted > 0 ? wanted + fenceposts(deployment).surge : 0
  const toAdd = allowed - total
  const ordered = bySize(active, toAdd > 0)
  let added = 0
  const sizes = ordered.map((set) => {
    const share = toAdd === 0 ? 0 : bounded(fraction(deployment, set), toAdd - added)
    added += share
    return replicasOf(set) + share
  })
  if (sizes.length > 0) sizes[0] = Math.max(0, sizes[0]! + toAdd - added)
  return ordered.flatMap((set, at) => resize(set, sizes[at]!))
}

const bounded = (share: number, left: number): number => (left > 0 ? Math.min(share, left) : Math.max(share, left))

const resize = (set: ReplicaSet, replicas: number): ReadonlyArray<Resize> => (replicasOf(set) === replicas ? [] : [{ set, replicas }])

const isSaturated = (set: ReplicaSet, wanted: number): boolean =>
  replicasOf(set) === wanted && Number(set.metadata.annotations?.[desiredKey]) === wanted && availableOf(set) === wanted

/** The biggest first; of equal ones the newer first when growing and the older first when shrinking. */
const bySize = (sets: ReadonlyArray<ReplicaSet>, grows: boolean): ReadonlyArray<ReplicaSet> =>
  (grows ? [...byAge(sets)].reverse() : [...byAge(sets)]).sort((a, b) => replicasOf(b) - replicasOf(a))

const fraction = (deployment: Deployment, set: ReplicaSet): number => {
  const wanted = replicasOf(deployment)
  if (wanted === 0) return -replicasOf(set)
  const before = Number(set.metadata.annotations?.[mostKey] ?? 0) || (deployment.status?.replicas ?? 0)
  if (before === 0) return 0
  return Math.round((replicasOf(set) * (wanted + fenceposts(deployment).surge)) / before) - replicasOf(set)
}

/** The next step of a rolling update: grow the newest, or else shrink the others as far as enough pods stay available. */
export const rollingStep = (deployment: Deployment, newest: ReplicaSet, old: ReadonlyArray<ReplicaSet>): ReadonlyArray<Resize> => {
  const all = [...old, newest]
  const wanted = replicasOf(deployment)
  const next = replicasOf(newest) > wanted ? wanted : replicasOf(newest) === wanted ? wanted : newReplicas(deployment, all, replicasOf(newest))
  const grown = resize(newest, next)
  return grown.length > 0 ? grown : shrinkOld(deployment, newest, old)
}

const shrinkOld = (deployment: Deployment, newest: ReplicaSet, old: ReadonlyArray<ReplicaSet>): ReadonlyArray<Resize> => {
  const all = [...old, newest]
  const least = replicasOf(deployment) - fenceposts(deployment).unavailable
  const spare = sum(all, replicasOf) - least - (replicasOf(newest) - availableOf(newest))
  if (spare <= 0) return []
  const sizes = new Map(byAge(old).map((it) => [it, replicasOf(it)]))
  let cleaned = 0
  for (const [set, size] of sizes) {
    const unhealthy = Math.min(spare - cleaned, Math.max(0, size - availableOf(set)))
    cleaned += unhealthy
    sizes.set(set, size - unhealthy)
  }
  let removable = sum(all, availableOf) - least
  for (const [set, size] of sizes) {
    if (removable <= 0) break
    const fewer = Math.min(size, removable)
    removable -= fewer
    sizes.set(set, size - fewer)
  }
  return [...sizes].flatMap(([set, size]) => resize(set, size))
}

/** Old sets without pods that exceed the history, the oldest revision first. */
export const forgettable = (deployment: Deployment, old: ReadonlyArray<ReplicaSet>): ReadonlyArray<ReplicaSet> => {
  const limit = deployment.spec?.revisionHistoryLimit ?? 10
  const idle = old.filter((it) => it.metadata.deletionTimestamp === undefined)
  const excess = idle.length - limit
  if (excess <= 0) return []
  const revision = (it: ReplicaSet): number => Number(it.metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0)
  return [...idle].sort((a, b) => revision(a) - revision(b)).slice(0, excess)
    .filter((it) => (it.status?.replicas ?? 0) === 0 && replicasOf(it) === 0 && (it.metadata.generation ?? 0) <= (it.status?.observedGeneration ?? 0))
}
