/** The status of a deployment: counts, and whether it gets on. Pure. */
import { type Deployment, KubeTime, type ReplicaSet } from "@fairlead/kube"
import { availableOf, fenceposts, replicasOf, sum } from "./deploymentFacts.ts"

export type DeploymentStatus = Exclude<Deployment["status"], undefined>
export type DeploymentCondition = Exclude<DeploymentStatus["conditions"], undefined>[number]

export const conditionNamed = (conditions: ReadonlyArray<DeploymentCondition> | undefined, type: string): DeploymentCondition | undefined => conditions?.find((it) => it.type === type)

/** Puts a condition into a list. The same status and reason change nothing; the same status keeps the time of the last change. */
export const withCondition = (
  conditions: ReadonlyArray<DeploymentCondition>,
  { message, reason, status, type }: { readonly type: string; readonly status: string; readonly reason: string; readonly message: string },
  now: number
): ReadonlyArray<DeploymentCondition> => {
  const before = conditionNamed(conditions, type)
  if (before?.status === status && before.reason === reason) return conditions
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime! : KubeTime.format(now)
  return [...conditions.filter((it) => it !== before), { type, status, lastUpdateTime: KubeTime.format(now), lastTransitionTime, reason, message }]
}

/** Counts the pods of all sets, and says whether enough are available. */
export const countsOf = (deployment: Deployment, all: ReadonlyArray<ReplicaSet>, newest: ReplicaSet | undefined, now: number): DeploymentStatus => {
  const available = sum(all, availableOf)
  const counts = {
    ...(deployment.metadata.generation === undefined ? {} : { observedGeneration: deployment.metadata.generation }),
    replicas: sum(all, ({ status }) => status?.replicas ?? 0),
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: sum(all, ({ status }) => status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(all, replicasOf) - available)
  }
  const isEnough = available >= replicasOf(deployment) - fenceposts(deployment).unavailable
  const conditions = withCondition(deployment.status?.conditions ?? [], isEnough
    ? { type: "Available", status: "True", reason: "MinimumReplicasAvailable", message: "Deployment has minimum availability." }
    : { type: "Available", status: "False", reason: "MinimumReplicasUnavailable", message: "Deployment does not have minimum availability." }, now)
  return {
    ...Object.fromEntries(Object.entries(counts).filter(([name, value]) => value !== 0 || name === "observedGeneration")),
    terminatingReplicas: sum(all, ({ status }) => status?.terminatingReplicas ?? 0),
    ...(deployment.status?.collisionCount === undefined ? {} : { collisionCount: deployment.status.collisionCount }),
    conditions
  }
}

/** True when all pods are of the newest set and available. */
export const isComplete = (deployment: Deployment, status: DeploymentStatus): boolean => {
  const wanted = replicasOf(deployment)
  return (status.updatedReplicas ?? 0) === wanted && (status.replicas ?? 0) === wanted && (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
}

const hasProgressed = (before: DeploymentStatus, after: DeploymentStatus): boolean => {
  const old = (it: DeploymentStatus): number => (it.replicas ?? 0) - (it.updatedReplicas ?? 0)
  return (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) || old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) || (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
}

const hasDeadline = ({ spec }: Deployment): boolean => spec?.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== 2 ** 31 - 1

/** When the deployment will have made no progress for too long; `undefined` when that cannot happen now. */
export const deadlineOf = (deployment: Deployment, status: DeploymentStatus): number | undefined => {
  const progressing = conditionNamed(status.conditions, "Progressing")
  if (!hasDeadline(deployment) || progressing === undefined || ["NewReplicaSetAvailable", "ProgressDeadlineExceeded", "DeploymentPaused"].includes(progressing.reason ?? "")) return undefined
  return isComplete(deployment, status) ? undefined : Date.parse(progressing.lastUpdateTime!) + deployment.spec!.progressDeadlineSeconds! * 1000
}

/** Adds how the rollout gets on. */
export const withProgress = (deployment: Deployment, counts: DeploymentStatus, sets: ReadonlyArray<ReplicaSet>, newest: ReplicaSet | undefined, now: number): DeploymentStatus => {
  let conditions = counts.conditions ?? []
  const current = conditionNamed(deployment.status?.conditions, "Progressing")
  const subject = newest === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newest.metadata.name}"`
  const isDone = (counts.replicas ?? 0) === (counts.updatedReplicas ?? 0) && current?.reason === "NewReplicaSetAvailable"
  if (hasDeadline(deployment) && !isDone) {
    const deadline = deadlineOf(deployment, { ...counts, conditions: deployment.status?.conditions ?? [] })
    if (isComplete(deployment, counts)) {
      conditions = withCondition(conditions, { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable", message: `${subject} has successfully progressed.` }, now)
    } else if (hasProgressed(deployment.status ?? {}, counts)) {
      // Progress moves the time of the last update even when nothing else changes.
      const others = conditions.filter((it) => it.type !== "Progressing")
      const lastTransitionTime = current?.status === "True" ? current.lastTransitionTime! : KubeTime.format(now)
      conditions = [...others, { type: "Progressing", status: "True", lastUpdateTime: KubeTime.format(now), lastTransitionTime, reason: "ReplicaSetUpdated", message: `${subject} is progressing.` }]
    } else if (deadline !== undefined && now >= deadline) {
      conditions = withCondition(conditions, { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: `${subject} has timed out progressing.` }, now)
    }
  }
  return { ...counts, conditions: withFailure(conditions, sets, newest, now) }
}

const withFailure = (conditions: ReadonlyArray<DeploymentCondition>, sets: ReadonlyArray<ReplicaSet>, newest: ReplicaSet | undefined, now: number): ReadonlyArray<DeploymentCondition> => {
  const found = [...(newest === undefined ? [] : [newest]), ...sets].flatMap((it) => it.status?.conditions ?? []).find((it) => it.type === "ReplicaFailure" && it.status === "True")
  return found === undefined
    ? conditions.filter((it) => it.type !== "ReplicaFailure")
    : withCondition(conditions, { type: "ReplicaFailure", status: "True", reason: found.reason ?? "", message: found.message ?? "" }, now)
}
