/** Creates, marks and deletes worker pods, and maps what happens to them to tasks. */
import { type CoreEvent, KubeClient, type KubeError, KubeError as KubeErrors, type KubeObject, KubeResource, type KubeTransport, type Pod } from "@fairlead/kube"
import { type Duration, Effect, Result, type Scope } from "effect"
import type { KubeConfig } from "./KubeConfig.ts"
import type { KubernetesResults, KubernetesWatch, Launch } from "./KubernetesJob.ts"
import * as JobWatcher from "./KubernetesJobWatcher.ts"
import { timedCalls } from "./internal/timedCalls.ts"
import { makeSafeLabelValue } from "./LabelValue.ts"
import { labelsToKey, type TaskInstanceId } from "./LabelsToKey.ts"
import { buildPod, type PodFactoryOptions } from "./PodFactory.ts"
import { PodMutationHookException, PodReconciliationError, type PublishFailure } from "./PublishError.ts"
import { annotationsToKey, podMarks, type TaskKey } from "./TaskKey.ts"

/** What the scheduler works with. */
export interface AirflowKubernetesSchedulerOptions {
  readonly config: KubeConfig
  /** Id of the executor that owns the pods: a job id, or the worker's UUID of Airflow 1.10. */
  readonly worker: string
  readonly pods: PodFactoryOptions
  /** Longest wait for an answer; then nobody knows whether the call was carried out. */
  readonly requestTimeout: Duration.Input
  /** Task instances of the database on a date, for pods of Airflow 1.10 that have labels only. */
  readonly instancesOn: (executionDate: string) => Effect.Effect<ReadonlyArray<TaskInstanceId>>
  /** Called when there is something to `sync`. */
  readonly onNews: () => void
}

/** What must hold for a pod to be deleted. */
export interface PodIdentity {
  readonly namespace: string
  readonly name: string
  readonly uid: string | undefined
  readonly resourceVersion?: string | undefined
}

/** Which pod, and of which life of its name; its version does not count. */
export const identityOf = ({ metadata: { name = "", namespace = "", uid } }: KubeObject): PodIdentity => ({ namespace, name, uid })

/** Airflow's `AirflowKubernetesScheduler`: one call each, nothing is repeated here. */
export interface AirflowKubernetesScheduler {
  readonly kubeWatchers: ReadonlyArray<JobWatcher.KubernetesJobWatcher>
  /** Builds the pod of a launch; what is wrong with it is the failure. */
  readonly buildPodRequest: (launch: Launch) => Result.Result<Pod, PublishFailure>
  readonly createPod: (pod: Pod) => Effect.Effect<Pod, KubeError.KubeError>
  /** Builds and creates the pod of a launch. */
  readonly runNext: (launch: Launch) => Effect.Effect<Pod, PublishFailure>
  /** What was told of a pod; nothing when that cannot be read. */
  readonly eventsOf: (pod: Pod) => Effect.Effect<ReadonlyArray<CoreEvent>>
  readonly getPod: (namespace: string, name: string) => Effect.Effect<Pod | undefined, KubeError.KubeError>
  /** A pod that is gone, or another one by now, counts as deleted. */
  readonly deletePod: (pod: PodIdentity) => Effect.Effect<void, KubeError.KubeError>
  /** Marks a pod that is done with, so that no watcher sees it again. */
  readonly patchPodExecutorDone: (pod: PodIdentity) => Effect.Effect<void, KubeError.KubeError>
  /** Marks a pod whose end means nothing any more, or takes the mark away. */
  readonly patchPodRevoked: (pod: PodIdentity, isRevoked?: boolean) => Effect.Effect<Pod, KubeError.KubeError>
  /** Takes over a pod from the owner of this label: only the label changes, and only if nobody was faster. */
  readonly patchPodWorker: (pod: PodIdentity, from: string) => Effect.Effect<Pod, KubeError.KubeError>
  /** Maps what the watchers reported, `countMax` at most, and answers it. Never fails: a pod without a task is left out. */
  readonly sync: (countMax: number) => Effect.Effect<ReadonlyArray<KubernetesResults>>
  /** The task of one report. */
  readonly processWatcherTask: (watch: KubernetesWatch) => Effect.Effect<KubernetesResults | undefined>
  /** What is wrong with the watchers, one sentence each. They mend themselves. */
  readonly healthCheckKubeWatchers: () => ReadonlyArray<string>
  /** Reports that wait. */
  readonly waiting: () => number
}

/** Starts the watchers; they stop when the scope closes. */
export const make = Effect.fnUntraced(function*(
  options: AirflowKubernetesSchedulerOptions
): Effect.fn.Return<AirflowKubernetesScheduler, never, KubeClient | KubeTransport | Scope.Scope> {
  const client = yield* KubeClient
  const watcherQueue: Array<KubernetesWatch> = []
  let taken = 0
  const offer = (watch: KubernetesWatch): void => {
    watcherQueue.push(watch)
    options.onNews()
  }
  const { watchedNamespaces } = options.config
  const kubeWatchers = yield* Effect.forEach(watchedNamespaces.length === 0 ? [undefined] : watchedNamespaces, (namespace) => makeKubeWatcher(options, namespace, offer))
  const calls = podCalls(options, client)
  const processWatcherTask = (watch: KubernetesWatch): Effect.Effect<KubernetesResults | undefined> =>
    Effect.map(keyOf(options, watch.pod), (key) => (key === undefined ? undefined : { ...watch, key }))

  const sync = Effect.fnUntraced(function*(countMax: number) {
    const batch = watcherQueue.slice(taken, taken + countMax)
    taken += batch.length
    if (taken > 1000 || taken === watcherQueue.length) {
      watcherQueue.splice(0, taken)
      taken = 0
    }
    const results: Array<KubernetesResults> = []
    for (const watch of batch) {
      const result = yield* processWatcherTask(watch)
      if (result !== undefined) results.push(result)
    }
    return results
  })

  return {
    ...calls,
    kubeWatchers,
    sync,
    processWatcherTask,
    waiting: () => watcherQueue.length - taken,
    healthCheckKubeWatchers: () => kubeWatchers.map(healthCheckKubeWatcher).filter((it) => it !== undefined)
  }
})

/** What is wrong with a watcher, if anything is. */
export const healthCheckKubeWatcher = ({ informer, namespace }: JobWatcher.KubernetesJobWatcher): string | undefined => {
  const { failures, watchingSince } = informer.stats()
  const of = namespace === undefined ? "all namespaces" : `namespace ${namespace}`
  if (!informer.isSynced()) return `the watcher of ${of} has not read its first list`
  return watchingSince === undefined && failures > 0 ? `the watcher of ${of} has failed ${failures} times in a row` : undefined
}

/** Starts the watcher of a namespace, or of all of them; it stops when the scope closes. */
export const makeKubeWatcher = (
  { config, worker }: Pick<AirflowKubernetesSchedulerOptions, "config" | "worker">,
  namespace: string | undefined,
  offer: (watch: KubernetesWatch) => void
): Effect.Effect<JobWatcher.KubernetesJobWatcher, never, KubeTransport | Scope.Scope> =>
  JobWatcher.run({ dialect: config.dialect, namespace, worker, fatalReasons: config.fatalReasons, offer })

/** The ids of the annotations; for a pod of Airflow 1.10 without them, a search for its labels. */
const keyOf = ({ config, instancesOn }: AirflowKubernetesSchedulerOptions, pod: Pod): Effect.Effect<TaskKey | undefined> => {
  const key = annotationsToKey(pod.metadata.annotations)
  if (Result.isSuccess(key)) return Effect.succeed(key.success)
  if (config.dialect === "contrib") return labelsToKey(pod.metadata.labels, instancesOn)
  return Effect.as(Effect.logWarning(`the pod ${pod.metadata.namespace}/${pod.metadata.name} is left alone: ${key.failure.message}`), undefined)
}

const podCalls = (options: AirflowKubernetesSchedulerOptions, client: KubeClient["Service"]) => {
  const timed = timedCalls(options.requestTimeout)
  const patch = ({ name, namespace, resourceVersion, uid }: PodIdentity, labels: { readonly [name: string]: string | null }): Effect.Effect<Pod, KubeError.KubeError> =>
    timed("patch pods", client.patch<Pod>(KubeResource.pods, { namespace, name }, "merge", {
      metadata: { labels, ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) }
    }))
  const buildPodRequest = (launch: Launch): Result.Result<Pod, PublishFailure> => {
    try {
      return Result.succeed(buildPod(options.pods, launch))
    } catch (error) {
      if (error instanceof PodReconciliationError || error instanceof PodMutationHookException) return Result.fail(error)
      return Result.fail(new PodReconciliationError({ description: error instanceof Error ? error.message : String(error), cause: error }))
    }
  }
  const gone = (error: KubeError.KubeError): boolean => KubeErrors.isReason(error, "NotFound", "Conflict")
  const createPod = (pod: Pod): Effect.Effect<Pod, KubeError.KubeError> => timed("create pods", client.create(KubeResource.pods, pod))
  return {
    buildPodRequest,
    createPod,
    runNext: (launch: Launch): Effect.Effect<Pod, PublishFailure> =>
      Effect.suspend(() => {
        const pod = buildPodRequest(launch)
        return Result.isFailure(pod) ? Effect.fail(pod.failure) : createPod(pod.success)
      }),
    getPod: (namespace: string, name: string): Effect.Effect<Pod | undefined, KubeError.KubeError> =>
      timed("get pods", client.get<Pod>(KubeResource.pods, { namespace, name })).pipe(
        Effect.catchIf((error) => KubeErrors.isReason(error, "NotFound"), () => Effect.undefined)
      ),
    eventsOf: ({ metadata: { namespace, uid } }: Pod): Effect.Effect<ReadonlyArray<CoreEvent>> =>
      timed("list events", client.list<CoreEvent>(KubeResource.coreEvents, namespace, { query: { fieldSelector: `involvedObject.uid=${uid}` } })).pipe(
        Effect.map(({ items }) => items),
        Effect.orElseSucceed((): ReadonlyArray<CoreEvent> => [])
      ),
    deletePod: ({ name, namespace, resourceVersion, uid }: PodIdentity): Effect.Effect<void, KubeError.KubeError> => {
      const preconditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) }
      return timed("delete pods", client.delete(KubeResource.pods, { namespace, name }, { ...options.config.deleteOptions, preconditions })).pipe(
        // With a version as a condition, a conflict means that the pod changed, and the caller wants to know.
        Effect.catchIf((error) => (resourceVersion === undefined ? gone(error) : KubeErrors.isReason(error, "NotFound")), () => Effect.void)
      )
    },
    patchPodExecutorDone: (pod: PodIdentity): Effect.Effect<void, KubeError.KubeError> =>
      Effect.asVoid(patch(pod, { [podMarks.done]: "True" })).pipe(Effect.catchIf(gone, () => Effect.void)),
    patchPodRevoked: (pod: PodIdentity, isRevoked = true): Effect.Effect<Pod, KubeError.KubeError> => patch(pod, { [podMarks.revoked]: isRevoked ? "True" : null }),
    patchPodWorker: ({ name, namespace, uid }: PodIdentity, from: string): Effect.Effect<Pod, KubeError.KubeError> => {
      const path = `/metadata/labels/${podMarks.worker}`
      return timed("patch pods", client.patch<Pod>(KubeResource.pods, { namespace, name }, "json", [
        ...(uid === undefined ? [] : [{ op: "test", path: "/metadata/uid", value: uid }]),
        { op: "test", path, value: from },
        { op: "replace", path, value: makeSafeLabelValue(options.worker) }
      ]))
    }
  }
}
