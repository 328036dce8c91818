/** Takes over the pods of executors that are dead. */
import { type KubeError, type KubeList, type KubeObject, KubeResource, type KubeTransport, type Pod } from "@fairlead/kube"
import { Effect, Result, Schedule } from "effect"
import { type AirflowKubernetesScheduler, identityOf } from "../AirflowKubernetesScheduler.ts"
import type { KubeConfig } from "../KubeConfig.ts"
import type { AdoptionCandidate } from "../KubernetesExecutor.ts"
import { makeSafeLabelValue } from "../LabelValue.ts"
import { annotationsToKey, podMarks, type TaskKey, textOfKey } from "../TaskKey.ts"
import { isEnded, isRevoked } from "./audit.ts"
import { type ExecutorState, recoveredRun } from "./executorState.ts"
import type { Ownership } from "./ownership.ts"
import type { Run } from "./runTable.ts"

export interface AdoptionContext {
  readonly transport: KubeTransport["Service"]
  readonly scheduler: AirflowKubernetesScheduler
  readonly ownership: Ownership
  readonly state: ExecutorState
  readonly config: KubeConfig
  readonly worker: string
  /** Whether the task runs, as the database of Airflow has it. */
  readonly hasBegun: (key: TaskKey) => Effect.Effect<boolean>
  readonly now: number
}

/** Pods that are taken over at once: a scheduler with thousands of them must not keep the server from its other work. */
const adoptionsAtOnce = 16

const isDone = `${podMarks.done}!=True`
const isExecutorPod = `${podMarks.executor}=True`

/** The provider's `try_adopt_task_instances`; see `KubernetesExecutor`. One list for each executor that is asked about. */
export const tryAdopt = (context: AdoptionContext, candidates: ReadonlyArray<AdoptionCandidate>): Effect.Effect<ReadonlyArray<AdoptionCandidate>> =>
  Effect.gen(function*() {
    const { state } = context
    const isRunningHere = ({ key }: AdoptionCandidate): boolean => state.runs.ofKey(key) !== undefined
    const left = new Map(candidates.filter((it) => !isRunningHere(it)).map((it) => [textOfKey(it.key), it]))
    recoverOwn(context, left)
    const owners = [...new Set(candidates.flatMap(({ queuedBy }) => (queuedBy === undefined ? [] : [queuedBy])))]
    const claimed: Array<string> = []
    for (const owner of owners) {
      const isOf = ({ queuedBy }: AdoptionCandidate): boolean => queuedBy === owner
      if (makeSafeLabelValue(owner) === makeSafeLabelValue(context.worker)) continue
      if (!(yield* context.ownership.claim(owner))) {
        for (const [key, candidate] of left) if (isOf(candidate)) left.delete(key)
        continue
      }
      claimed.push(owner)
      yield* adoptPodsOf(context, owner, left)
    }
    yield* adoptEndedPods(context, left)
    // Until then nobody of them can come back to life and tell of what has just changed hands.
    for (const owner of claimed) yield* context.ownership.release(owner)
    for (const [key, { queuedBy }] of left) if (queuedBy !== undefined) state.foundNowhere(key)
    return Array.from(left.values())
  })

/** Tasks whose pods are this executor's already: from an adoption whose answers were lost. */
const recoverOwn = ({ now, scheduler: { kubeWatchers }, state }: AdoptionContext, left: Map<string, AdoptionCandidate>): void => {
  for (const { informer, report } of kubeWatchers) {
    for (const pod of informer.store.list()) {
      const key = Result.getOrUndefined(annotationsToKey(pod.metadata.annotations))
      if (key === undefined || pod.metadata.deletionTimestamp !== undefined || isRevoked(pod) || !left.delete(textOfKey(key))) continue
      state.runs.add(recoveredRun(key, pod, now))
      if (isEnded(pod)) report(pod)
    }
  }
}

/** The provider's `adopt_launched_task` for each pod of an owner. Takes what is settled out of `left`. */
const adoptPodsOf = Effect.fnUntraced(function*(context: AdoptionContext, owner: string, left: Map<string, AdoptionCandidate>) {
  const pods = yield* list(context, `${isExecutorPod},${podMarks.worker}=${makeSafeLabelValue(owner)},${isDone}`, "status.phase!=Succeeded")
  // Nobody knows which tasks have pods: better that they wait than that they run twice.
  if (pods === undefined) {
    for (const [key, { queuedBy }] of left) if (queuedBy === owner) left.delete(key)
    return
  }
  yield* Effect.forEach(pods, (pod) => {
    const key = Result.getOrUndefined(annotationsToKey(pod.metadata.annotations))
    const of = `the pod ${pod.metadata.namespace}/${pod.metadata.name} of ${owner}`
    // Taken out before it is there: of two pods of one task, one is adopted.
    if (key === undefined || !left.delete(textOfKey(key))) return Effect.logWarning(`${of} is for no task that is to be adopted`)
    const comesBack = Effect.sync(() => void left.set(textOfKey(key), { key, queuedBy: owner }))
    const adopted = Effect.catch(adoptAsRun(context, key, pod), (error) => Effect.andThen(comesBack, Effect.logInfo(`${of} was not adopted: ${error.message}`)))
    if (!isRevoked(pod)) return adopted
    return Effect.matchEffect(finishRevoke(context, key, pod), {
      onFailure: (error) => Effect.logInfo(`${of} was marked to go, but could not be deleted: ${error.message}`),
      onSuccess: (isGone) => (isGone ? comesBack : adopted)
    })
  }, { concurrency: adoptionsAtOnce, discard: true })
})

/** Its owner died between the mark and the deletion. False: its task runs, so the mark came too late and is taken away. */
const finishRevoke = ({ hasBegun, scheduler }: AdoptionContext, key: TaskKey, pod: Pod): Effect.Effect<boolean, KubeError.KubeError> =>
  Effect.flatMap(hasBegun(key), (begun) => Effect.as(begun ? scheduler.patchPodRevoked(identityOf(pod), false) : scheduler.deletePod(identityOf(pod)), !begun))

/** Takes over the pods of tasks that are to be adopted and have run to their end already: they are settled by them. */
const adoptEndedPods = Effect.fnUntraced(function*(context: AdoptionContext, left: Map<string, AdoptionCandidate>) {
  if (left.size === 0) return
  const pods = yield* listEnded(context)
  if (pods === undefined) return left.clear()
  for (const pod of pods) {
    const key = Result.getOrUndefined(annotationsToKey(pod.metadata.annotations))
    if (key === undefined || isRevoked(pod) || !left.has(textOfKey(key)) || context.state.runs.ofKey(key) !== undefined) continue
    yield* Effect.matchEffect(adoptAsRun(context, key, pod), {
      onFailure: (error) => notAdopted(pod, error),
      onSuccess: () => Effect.sync(() => void left.delete(textOfKey(key)))
    })
  }
})

/**
 * The provider's `_adopt_completed_pods`: pods that ended well and that no executor which lives will clean up. Only
 * those that were there the last time too, so that whoever adopts tasks finds their pods first. Answers what was seen.
 */
export const adoptCompletedPods = (context: AdoptionContext, before: ReadonlySet<string>): Effect.Effect<ReadonlySet<string>> =>
  Effect.gen(function*() {
    const pods = (yield* listEnded(context)) ?? []
    for (const pod of pods) {
      // No watcher tells of one that was marked to go.
      const settled = isRevoked(pod) ? context.scheduler.deletePod(identityOf(pod)) : Effect.asVoid(adopt(context, pod))
      if (before.has(pod.metadata.uid ?? "")) yield* Effect.catch(settled, (error) => notAdopted(pod, error))
    }
    return new Set(pods.map(({ metadata: { uid } }) => uid ?? ""))
  })

/** Pods that live although their run has ended here, and nobody who lives has them: from creates that came late. */
export const lateOrphans = (context: AdoptionContext): Effect.Effect<ReadonlyArray<Pod>> =>
  Effect.map(list(context, orphanSelector(context), "status.phase!=Succeeded,status.phase!=Failed"), (pods = []) =>
    pods.filter(({ metadata: { annotations } }) => context.state.hasEnded(annotations?.[podMarks.run])))

/** The Secrets with workloads, whoever made them. */
export const listWorkloadSecrets = (context: AdoptionContext): Effect.Effect<ReadonlyArray<KubeObject> | undefined> =>
  list(context, `${podMarks.workload}=True`, undefined, KubeResource.secrets)

const listEnded = (context: AdoptionContext): Effect.Effect<ReadonlyArray<Pod> | undefined> => list(context, orphanSelector(context), "status.phase=Succeeded")

/** Pods of executors that are not known to live. */
const orphanSelector = ({ ownership, worker }: AdoptionContext): string =>
  `${isExecutorPod},${isDone},${podMarks.worker},${podMarks.worker} notin (${[makeSafeLabelValue(worker), ...ownership.alive()].join(",")})`

const notAdopted = ({ metadata: { name, namespace } }: Pod, error: KubeError.KubeError): Effect.Effect<void> =>
  Effect.logDebug(`the finished pod ${namespace}/${name} was not adopted: ${error.message}`)

/** The run is there before its pod is: what the watcher tells of it must find it. */
const adoptAsRun = (context: AdoptionContext, key: TaskKey, pod: Pod): Effect.Effect<void, KubeError.KubeError> => {
  const { runs } = context.state
  const run: Run = { ...recoveredRun(key, pod, context.now), stage: "Creating" }
  return Effect.suspend(() => {
    runs.add(run)
    return Effect.matchEffect(Effect.retry(adopt(context, pod), { while: isUnknown, times: 5, schedule: Schedule.exponential("200 millis") }), {
      onFailure: (error) => {
        if (runs.has(run)) runs.remove(run)
        // Nobody knows whose the pod is now: the task is asked for again.
        return isUnknown(error) ? Effect.void : Effect.fail(error)
      },
      onSuccess: ({ metadata }) => Effect.sync(() => {
        if (runs.has(run)) runs.bind(run, metadata)
      })
    })
  })
}

const isUnknown = (error: KubeError.KubeError): boolean => error.code === 0 || error.code >= 500

/** Takes over a pod of the very run that was handed in here: whoever had it has it no more. `undefined` when that is not certain yet. */
export const adoptPod = (context: AdoptionContext, pod: Pod): Effect.Effect<Pod | undefined> => {
  const owner = pod.metadata.labels?.[podMarks.worker]
  if (owner === undefined || owner === makeSafeLabelValue(context.worker)) return Effect.succeed(pod)
  return Effect.catch(adopt(context, pod), () => Effect.undefined)
}

const adopt = ({ scheduler, worker }: AdoptionContext, { metadata }: Pod): Effect.Effect<Pod, KubeError.KubeError> => {
  const { name = "", namespace = "", uid } = metadata
  return scheduler.patchPodWorker({ namespace, name, uid }, metadata.labels?.[podMarks.worker] ?? "").pipe(
    // The test of the owner fails as well when an earlier call was carried out although nobody heard of it.
    Effect.catchIf((error) => error.reason._tag === "Invalid", (error) => Effect.filterOrFail(
      scheduler.getPod(namespace, name),
      (now): now is Pod => now?.metadata.uid === uid && now?.metadata.labels?.[podMarks.worker] === makeSafeLabelValue(worker),
      () => error
    ))
  )
}

/** Metadata alone, in pages, in each namespace that is watched. `undefined` when it could not be read. */
const list = (
  { config, transport }: AdoptionContext,
  labelSelector: string,
  fieldSelector: string | undefined,
  resource: KubeResource.KubeResource = KubeResource.pods
): Effect.Effect<ReadonlyArray<Pod> | undefined> => {
  const namespaces = config.watchedNamespaces.length === 0 ? [undefined] : config.watchedNamespaces
  return Effect.gen(function*() {
    const pods: Array<Pod> = []
    for (const namespace of namespaces) {
      let next: string | undefined
      do {
        const query = { labelSelector, fieldSelector, limit: "500", continue: next }
        const page = (yield* transport.request({ verb: "list", resource, namespace, query, metadataOnly: true })) as KubeList<Pod>
        pods.push(...(page.items ?? []))
        next = page.metadata.continue || undefined
      } while (next !== undefined)
    }
    return pods
  }).pipe(
    Effect.timeout("60 seconds"),
    Effect.catch((error) => Effect.as((resource === KubeResource.pods ? Effect.logWarning : Effect.logDebug)(`${resource.plural} of other executors could not be listed: ${error.message}`), undefined))
  )
}
