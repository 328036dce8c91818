/** Says in disruption budgets how many of their pods may be evicted. */
import { Controller, type Informer, type ReconcileRequest, Result, Source } from "@fairlead/controller"
import { jsonEqual, KubeClient, type KubeError, type KubeObject, KubeResource, KubeTime, type OwnerReference, type Pod, Selector } from "@fairlead/kube"
import { Clock, Effect, Result as Outcome } from "effect"
import type { ResourceDirectory } from "./internal/resourceDirectory.ts"

interface Budget extends KubeObject {
  readonly spec?: {
    readonly minAvailable?: number | string
    readonly maxUnavailable?: number | string
    readonly selector?: Selector.LabelSelectorObject
  }
  readonly status?: {
    readonly conditions?: ReadonlyArray<Condition>
    readonly currentHealthy?: number
    readonly desiredHealthy?: number
    readonly disruptedPods?: { readonly [name: string]: string }
    readonly disruptionsAllowed?: number
    readonly expectedPods?: number
    readonly observedGeneration?: number
  }
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly lastTransitionTime: string
  readonly reason: string
  readonly message: string
  readonly observedGeneration: number
}

/** Where budgets are. */
export const resource = KubeResource.make("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")

/** An evicted pod that is not gone after so long counts again. */
const evictionMillis = 120_000

/** Runs until interrupted. */
export const run = Effect.fnUntraced(function*(pods: Informer<Pod>, directory: ResourceDirectory): Effect.fn.Return<never, never, KubeClient> {
  const client = yield* KubeClient
  const budgets = directory.kinds().find((it) => it.resource.plural === resource.plural)!.informer as Informer<Budget>
  const budgetsOf = (pod: Pod): ReadonlyArray<ReconcileRequest> => budgets.store.size === 0 ? [] :
    budgets.store.list().filter((budget) => budget.metadata.namespace === pod.metadata.namespace && selects(budget, pod))
      .map(({ metadata }) => ({ namespace: metadata.namespace, name: metadata.name! }))
  return yield* Controller.run({
    name: "disruption",
    workers: 5,
    shutdownTimeout: 0,
    queue: { backoffMin: 100, backoffMax: 60_000 },
    caches: [pods],
    sources: [Source.of(budgets), Source.mapped(pods, budgetsOf)],
    reconcile: ({ name, namespace }) => {
      const budget = budgets.store.get(namespace, name)
      if (budget === undefined) return Effect.succeed(Result.done)
      return judge(client, directory, budget, pods.store.list().filter((pod) => pod.metadata.namespace === namespace && selects(budget, pod)))
    }
  })
})

const selects = ({ spec }: Budget, pod: Pod): boolean => {
  const selector = Selector.fromLabelSelector(spec?.selector)
  return Outcome.isSuccess(selector) && selector.success.matches(pod.metadata.labels)
}

const isReady = (pod: Pod): boolean => pod.status?.conditions?.some(({ status, type }) => type === "Ready" && status === "True") ?? false

const judge = Effect.fnUntraced(function*(
  client: KubeClient["Service"],
  directory: ResourceDirectory,
  budget: Budget,
  pods: ReadonlyArray<Pod>
): Effect.fn.Return<Result, KubeError.KubeError> {
  const now = yield* Clock.currentTimeMillis
  const disrupted = Object.entries(budget.status?.disruptedPods ?? {}).filter(([name, since]) =>
    Date.parse(since) + evictionMillis >= now && pods.some(({ metadata }) => metadata.name === name && metadata.deletionTimestamp === undefined))
  const evicted = new Set(disrupted.map(([name]) => name))
  const currentHealthy = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && !evicted.has(pod.metadata.name!) && isReady(pod)).length
  const wanted = expectation(directory, budget, pods)
  const { conditions: _, disruptedPods: __, ...before } = budget.status ?? {}
  const generation = budget.metadata.generation ?? 0
  const status = typeof wanted === "string"
    ? { ...before, disruptionsAllowed: 0, conditions: conditionsOf(budget, now, "SyncFailed", wanted, before.observedGeneration ?? 0) }
    : statusOf(budget, now, currentHealthy, wanted, generation)
  const next = { ...status, ...(disrupted.length === 0 ? {} : { disruptedPods: Object.fromEntries(disrupted) }) }
  if (!jsonEqual(budget.status, next)) {
    yield* client.update(resource, { ...budget, status: next }, { subresource: "status" }).pipe(
      Effect.catchIf((error) => error.reason._tag === "NotFound", () => Effect.void)
    )
  }
  return disrupted.length === 0 ? Result.done : Result.requeueAfter(Math.min(...disrupted.map(([, since]) => Date.parse(since))) + evictionMillis + 1 - now)
})

interface Expectation {
  readonly expectedPods: number
  readonly desiredHealthy: number
}

const statusOf = (budget: Budget, now: number, currentHealthy: number, { desiredHealthy, expectedPods }: Expectation, generation: number) => {
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy)
  return {
    conditions: conditionsOf(budget, now, disruptionsAllowed > 0 ? "SufficientPods" : "InsufficientPods", "", generation),
    currentHealthy,
    desiredHealthy,
    disruptionsAllowed,
    expectedPods,
    observedGeneration: generation
  }
}

const conditionType = "DisruptionAllowed"

const conditionsOf = ({ status }: Budget, now: number, reason: string, message: string, observedGeneration: number): ReadonlyArray<Condition> => {
  const value = reason === "SufficientPods" ? "True" : "False"
  const before = status?.conditions?.find(({ type }) => type === conditionType)
  const lastTransitionTime = before?.status === value ? before.lastTransitionTime : KubeTime.format(now)
  const condition = { type: conditionType, status: value, lastTransitionTime, reason, message, observedGeneration }
  return [...(status?.conditions ?? []).filter(({ type }) => type !== conditionType), condition]
}

/** How many pods there should be and how many of them healthy; a text says why that cannot be known. */
const expectation = (directory: ResourceDirectory, { spec }: Budget, pods: ReadonlyArray<Pod>): Expectation | string => {
  const { maxUnavailable, minAvailable } = spec ?? {}
  if (maxUnavailable === undefined && typeof minAvailable !== "string") return { expectedPods: minAvailable === undefined ? 0 : pods.length, desiredHealthy: minAvailable ?? 0 }
  const scale = scaleOf(directory, pods)
  if (typeof scale === "string") return scale
  const desired = maxUnavailable === undefined ? shareOf(minAvailable!, scale) : scale - shareOf(maxUnavailable, scale)
  return { expectedPods: scale, desiredHealthy: Math.max(0, desired) }
}

/** A number, or a percentage of `whole`, rounded up. */
const shareOf = (part: number | string, whole: number): number => (typeof part === "number" ? part : Math.ceil((whole * Number.parseInt(part, 10)) / 100))

/** Replicas of all the controllers behind the pods; pods without one count for nothing. */
const scaleOf = (directory: ResourceDirectory, pods: ReadonlyArray<Pod>): number | string => {
  const scales = new Map<string, number>()
  for (const pod of pods) {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true)
    if (owner === undefined) continue
    const top = topOf(directory, pod.metadata.namespace, owner)
    if (top === undefined) return `found no controllers for pod "${pod.metadata.name}"`
    if (typeof top === "string") return top
    scales.set(top.metadata.uid!, (top as Scaled).spec?.replicas ?? 1)
  }
  return [...scales.values()].reduce((sum, it) => sum + it, 0)
}

interface Scaled extends KubeObject {
  readonly spec?: { readonly replicas?: number }
}

const scalable = new Set(["ReplicaSet", "Deployment", "StatefulSet", "ReplicationController"])

/** The object whose replicas count: a deployment rather than its replica sets. */
const topOf = (directory: ResourceDirectory, namespace: string | undefined, owner: OwnerReference): KubeObject | string | undefined => {
  const kind = directory.kinds().find(({ resource: it }) => it.kind === owner.kind && KubeResource.apiVersionOf(it) === owner.apiVersion)
  const found = kind?.informer.store.get(namespace, owner.name)
  if (kind === undefined || found === undefined || found.metadata.uid !== owner.uid) return undefined
  if ((found as Scaled).spec?.replicas === undefined && !scalable.has(owner.kind)) {
    return `${kind.resource.plural}${kind.resource.group === "" ? "" : `.${kind.resource.group}`} does not implement the scale subresource`
  }
  const above = found.metadata.ownerReferences?.find(({ controller }) => controller === true)
  return owner.kind === "ReplicaSet" && above?.kind === "Deployment" ? topOf(directory, namespace, above) : found
}
