/** Takes over the pods of executors that are dead. */
import { type KubeList, KubeResource, type KubeTransport, type Pod } from "@fairlead/kube"
import { Effect, Result } from "effect"
import type { AirflowKubernetesScheduler } from "../AirflowKubernetesScheduler.ts"
import type { KubeConfig } from "../KubeConfig.ts"
import type { AdoptionCandidate } from "../KubernetesExecutor.ts"
import { makeSafeLabelValue } from "../LabelValue.ts"
import { annotationsToKey, podMarks, textOfKey } from "../TaskKey.ts"
import { type ExecutorState, recoveredRun } from "./executorState.ts"
import type { Ownership } from "./ownership.ts"

export interface AdoptionContext {
  readonly transport: KubeTransport["Service"]
  readonly scheduler: AirflowKubernetesScheduler
  readonly ownership: Ownership
  readonly state: ExecutorState
  readonly config: KubeConfig
  readonly worker: string
  readonly now: number
}

const isDone = `${podMarks.done}!=True`
const isExecutorPod = `${podMarks.executor}=True`

/** The provider's `try_adopt_task_instances`; see `KubernetesExecutor`. One list for each executor that is asked about. */
export const tryAdopt = (context: AdoptionContext, candidates: ReadonlyArray<AdoptionCandidate>): Effect.Effect<ReadonlyArray<AdoptionCandidate>> =>
  Effect.gen(function*() {
    const { state } = context
    const isRunningHere = ({ key }: AdoptionCandidate): boolean => state.runs.ofKey(key) !== undefined
    const left = new Map(candidates.filter((it) => !isRunningHere(it)).map((it) => [textOfKey(it.key), it]))
    const owners = [...new Set(candidates.flatMap(({ queuedBy }) => (queuedBy === undefined ? [] : [queuedBy])))]
    for (const owner of owners) {
      const isOf = ({ queuedBy }: AdoptionCandidate): boolean => queuedBy === owner
      if (makeSafeLabelValue(owner) === makeSafeLabelValue(context.worker)) continue
      if (!(yield* context.ownership.claim(owner))) {
        for (const [key, candidate] of left) if (isOf(candidate)) left.delete(key)
        continue
      }
      yield* adoptPodsOf(context, owner, left)
      yield* context.ownership.release(owner)
    }
    yield* adoptCompletedPods(context)
    return Array.from(left.values())
  })

/** The provider's `adopt_launched_task` for each pod of an owner. Takes what is settled out of `left`. */
const adoptPodsOf = Effect.fnUntraced(function*(context: AdoptionContext, owner: string, left: Map<string, AdoptionCandidate>) {
  const pods = yield* list(context, `${isExecutorPod},${podMarks.worker}=${makeSafeLabelValue(owner)},${isDone}`, "status.phase!=Succeeded")
  // Nobody knows which tasks have pods: better that they wait than that they run twice.
  if (pods === undefined) {
    for (const [key, { queuedBy }] of left) if (queuedBy === owner) left.delete(key)
    return
  }
  for (const pod of pods) {
    const key = Result.getOrUndefined(annotationsToKey(pod.metadata.annotations))
    const candidate = key === undefined ? undefined : left.get(textOfKey(key))
    if (key === undefined || candidate === undefined) {
      yield* Effect.logWarning(`the pod ${pod.metadata.namespace}/${pod.metadata.name} of ${owner} is for no task that is to be adopted`)
      continue
    }
    yield* adopt(context, pod, makeSafeLabelValue(owner)).pipe(
      Effect.map((adopted) => {
        left.delete(textOfKey(key))
        context.state.runs.add(recoveredRun(key, adopted, context.now))
      }),
      // No answer: the pod may be ours. The task waits, the watcher will tell.
      Effect.catchIf((error) => error.code === 0 || error.code >= 500, () => Effect.sync(() => void left.delete(textOfKey(key)))),
      Effect.catch((error) => Effect.logInfo(`the pod ${pod.metadata.namespace}/${pod.metadata.name} was not adopted: ${error.message}`))
    )
  }
})

/** The provider's `_adopt_completed_pods`: pods that ended well and that no executor which lives will clean up. */
export const adoptCompletedPods = (context: AdoptionContext): Effect.Effect<void> =>
  Effect.gen(function*() {
    const others = [makeSafeLabelValue(context.worker), ...context.ownership.alive()]
    const pods = yield* list(context, `${isExecutorPod},${isDone},${podMarks.worker},${podMarks.worker} notin (${others.join(",")})`, "status.phase=Succeeded")
    for (const pod of pods ?? []) {
      yield* Effect.catch(adopt(context, pod, pod.metadata.labels?.[podMarks.worker] ?? ""), (error) =>
        Effect.logDebug(`the finished pod ${pod.metadata.namespace}/${pod.metadata.name} was not adopted: ${error.message}`))
    }
  })

const adopt = ({ scheduler }: AdoptionContext, { metadata }: Pod, from: string) =>
  scheduler.patchPodWorker({ namespace: metadata.namespace!, name: metadata.name!, uid: metadata.uid }, from)

/** Metadata alone, in pages, in each namespace that is watched. `undefined` when it could not be read. */
const list = ({ config, transport }: AdoptionContext, labelSelector: string, fieldSelector: string): Effect.Effect<ReadonlyArray<Pod> | undefined> => {
  const namespaces = config.watchedNamespaces.length === 0 ? [undefined] : config.watchedNamespaces
  return Effect.gen(function*() {
    const pods: Array<Pod> = []
    for (const namespace of namespaces) {
      let next: string | undefined
      do {
        const query = { labelSelector, fieldSelector, limit: "500", continue: next }
        const page = (yield* transport.request({ verb: "list", resource: KubeResource.pods, namespace, query, metadataOnly: true })) as KubeList<Pod>
        pods.push(...(page.items ?? []))
        next = page.metadata.continue || undefined
      } while (next !== undefined)
    }
    return pods
  }).pipe(
    Effect.timeout("60 seconds"),
    Effect.catch((error) => Effect.as(Effect.logWarning(`pods of other executors could not be listed: ${error.message}`), undefined))
  )
}
