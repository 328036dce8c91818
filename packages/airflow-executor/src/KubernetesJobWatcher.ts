/** Follows the worker pods of one namespace and reports what becomes of them. */
import { type Change, Informer, Transform } from "@fairlead/controller"
import { type KubeObject, KubeResource, type KubeTransport, type Pod, type Status } from "@fairlead/kube"
import { Data, Effect, type Scope } from "effect"
import { collectPodFailureDetails } from "./FailureDetails.ts"
import type { KubernetesWatch } from "./KubernetesJob.ts"
import { makeSafeLabelValue } from "./LabelValue.ts"
import { type Dialect, processStatus } from "./ProcessStatus.ts"
import { podMarks } from "./TaskKey.ts"

/** The server reported an error in a watch that listing again does not cure. */
export class WatchFailed extends Data.TaggedError("WatchFailed")<{ readonly status: Status }> {
  override get message(): string {
    const { code, message, reason } = this.status
    return `Kubernetes failure for ${reason} with code ${code} and message: ${message}`
  }
}

/** Airflow's `process_error`: an expired version means to start from the beginning; anything else is an error. */
export const processError = (status: Status): "0" | WatchFailed => (status.code === 410 ? "0" : new WatchFailed({ status }))

/** Whose pods to follow, and where. */
export interface KubernetesJobWatcherOptions {
  readonly dialect: Dialect
  /** All namespaces when left out. */
  readonly namespace: string | undefined
  /** Id of the executor that owns the pods. */
  readonly worker: string
  readonly fatalReasons: ReadonlyArray<string>
  /** Takes a report. A plain function that must return quickly. */
  readonly offer: (watch: KubernetesWatch) => void
}

/** Index of a watcher's store: pods by the run that they are for. */
export const runIndex = "run"

/** A watcher that runs. */
export interface KubernetesJobWatcher {
  readonly namespace: string | undefined
  readonly labelSelector: string
  readonly informer: Informer<Pod>
  /** Reports a pod once more, as somebody who asked for it has read it. */
  readonly report: (pod: Pod) => void
  /** Pods that could not be understood, ever. */
  readonly oddPods: () => number
}

/** What a watcher asks the server for: pods of this executor; the provider also leaves out those that are done with. */
export const watchSelector = (dialect: Dialect, worker: string): string =>
  `${podMarks.worker}=${makeSafeLabelValue(worker)}${dialect === "provider" ? `,${podMarks.done}!=True` : ""}`

/**
 * Airflow's `run` and `_run`, without a process: starts to follow and stops when the scope closes.
 *
 * Guarantees: each state of a pod is looked at once, also over quiet times, broken connections and expired versions;
 * nothing is reported a second time because a watch began anew. A pod that cannot be understood is counted, logged and
 * left; it stops nothing.
 */
export const run = (options: KubernetesJobWatcherOptions): Effect.Effect<KubernetesJobWatcher, never, KubeTransport | Scope.Scope> =>
  Effect.gen(function*() {
    const labelSelector = watchSelector(options.dialect, options.worker)
    const fork = Effect.runForkWith(yield* Effect.context<never>())
    const informer = yield* Informer.make<Pod>({
      resource: KubeResource.pods,
      namespace: options.namespace,
      labelSelector,
      transform: Transform.dropManagedFields<Pod>,
      indexes: { [runIndex]: (pod) => [pod.metadata.annotations?.[podMarks.run] ?? ""] }
    })
    let oddPods = 0
    const take = (change: Change<Pod>, isRepeat = false): void => {
      try {
        const watch = watchOf(options, change)
        if (watch !== undefined) options.offer(isRepeat ? { ...watch, isRepeat } : watch)
      } catch (error) {
        oddPods++
        const { name, namespace } = (change.object as KubeObject).metadata
        fork(Effect.logWarning(`the pod ${namespace}/${name} cannot be understood and is left alone: ${error instanceof Error ? error.message : String(error)}`))
      }
    }
    const stop = informer.subscribe((change) => take(change))
    yield* Effect.addFinalizer(() => Effect.sync(stop))
    const report = (pod: Pod): void => take({ type: "Updated", object: pod }, true)
    return { namespace: options.namespace, labelSelector, informer, report, oddPods: () => oddPods }
  })

const eventTypes = { Added: "ADDED", Updated: "MODIFIED", Deleted: "DELETED" } as const

const watchOf = ({ dialect, fatalReasons }: KubernetesJobWatcherOptions, { object, type }: Change<Pod>): KubernetesWatch | undefined => {
  const verdict = processStatus(dialect, { type: eventTypes[type], pod: object }, fatalReasons)
  const { reason, row } = verdict
  // Airflow has nothing to say of a pod that vanished before it ran; whoever waits for it wants to know all the same.
  if (row === "PendingDeleted" || (dialect === "contrib" && type === "Deleted" && verdict.state === undefined)) {
    return { pod: object, state: "adopted", row, failureDetails: undefined, reason: undefined, isGone: true, isRepeat: false }
  }
  if (verdict.state === undefined) return undefined
  return { pod: object, state: verdict.state, row, failureDetails: verdict.state === "failed" ? collectPodFailureDetails(object) : undefined, reason, isGone: type === "Deleted", isRepeat: false }
}
