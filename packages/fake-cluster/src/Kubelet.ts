/** Runs the pods that are bound to its nodes and reports how they are. */
import { Controller, type Informer, Result, Source, TerminalError } from "@fairlead/controller"
import { KubeClient, KubeError, type Pod } from "@fairlead/kube"
import { Clock, Effect, type Scope } from "effect"
import { adopt } from "./internal/podAdoption.ts"
import { type KubeletContext, PodEntry } from "./internal/podEntry.ts"
import type { LogOptions, PodRuntime } from "./PodRuntime.ts"

/** What a kubelet runs, and where. One kubelet serves any number of nodes. */
export interface KubeletOptions {
  readonly runtime: PodRuntime
  /** All pods; shared with others. */
  readonly pods: Informer<Pod>
  /** Address of a node that is this kubelet's; `undefined` for nodes of others. */
  readonly addressOf: (node: string) => string | undefined
  /** Pods that are worked on at once; 64 when left out. */
  readonly workers?: number | undefined
}

/** Asks a kubelet about its pods. */
export interface Kubelet {
  /** The log of a container; `undefined` while there is none. */
  readonly logs: (namespace: string, pod: string, options: LogOptions) => Effect.Effect<string | undefined>
}

/** Starts a kubelet; it stops, and its containers with it, when the scope closes. */
export const make = Effect.fnUntraced(function*(options: KubeletOptions): Effect.fn.Return<Kubelet, never, KubeClient | Scope.Scope> {
  const client = yield* KubeClient
  const clock = yield* Clock.Clock
  const entries = new Map<string, PodEntry>()
  let enqueue: (namespace: string | undefined, name: string) => void = () => {}
  const context: KubeletContext = {
    client,
    runtime: options.runtime,
    now: () => clock.currentTimeMillisUnsafe(),
    hostIp: (node) => options.addressOf(node) ?? "",
    wake: (namespace, name) => enqueue(namespace, name)
  }
  yield* Effect.addFinalizer(() => Effect.forEach(Array.from(entries.values()), (it) => it.close, { concurrency: "unbounded", discard: true }))
  yield* Effect.forkScoped(Controller.run({
    name: "kubelet",
    workers: options.workers ?? 64,
    timeout: "10 minutes",
    shutdownTimeout: 0,
    queue: { backoffMin: 100, backoffMax: 10_000 },
    sources: [
      Source.of(options.pods, { predicate: ({ object, previous, type }) => type !== "Updated" || isForKubelet(previous!, object) }),
      Source.external((add) => {
        enqueue = (namespace, name) => add({ namespace, name })
        return () => {
          enqueue = () => {}
        }
      })
    ],
    reconcile: ({ name, namespace }) => syncPod(context, options, entries, namespace ?? "", name)
  }))
  return {
    logs: (namespace, pod, logOptions) => Effect.suspend(() => entries.get(`${namespace}/${pod}`)?.sandbox?.logs(logOptions) ?? Effect.undefined)
  }
})

/** Status writes, the kubelet's own above all, are no news to it; only readiness gates are decided by others. */
const isForKubelet = (before: Pod, after: Pod): boolean =>
  before.metadata.uid !== after.metadata.uid ||
  before.metadata.generation !== after.metadata.generation ||
  before.spec?.nodeName !== after.spec?.nodeName ||
  before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp ||
  (after.spec?.readinessGates?.length ?? 0) > 0

const isEnded = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed"

const syncPod = Effect.fnUntraced(function*(
  context: KubeletContext,
  options: KubeletOptions,
  entries: Map<string, PodEntry>,
  namespace: string,
  name: string
): Effect.fn.Return<Result, KubeError.KubeError | TerminalError> {
  const key = `${namespace}/${name}`
  const pod = options.pods.store.get(namespace, name)
  let entry = entries.get(key)
  if (entry !== undefined && entry.uid !== pod?.metadata.uid) {
    entry.abandon()
    yield* entry.act
    if (!entry.isOver) return Result.done
    yield* entry.close
    entries.delete(key)
    entry = undefined
  }
  if (pod === undefined || options.addressOf(pod.spec?.nodeName ?? "") === undefined) return Result.done
  if (entry === undefined) {
    if (isEnded(pod) && pod.metadata.deletionTimestamp === undefined) return Result.done
    entry = new PodEntry(adopt(pod, context.now()), context)
    entries.set(key, entry)
  }
  entry.update(pod)
  const wakeAt = yield* entry.act
  yield* Effect.catch(entry.write, (error) => afterFailedWrite(error))
  return wakeAt === undefined ? Result.done : Result.requeueAfter(Math.max(0, wakeAt - context.now()))
})

/** A pod that is gone, or another one by now, needs no status. What cannot succeed is not tried again. */
const afterFailedWrite = (error: KubeError.KubeError): Effect.Effect<void, KubeError.KubeError | TerminalError> => {
  const { _tag } = error.reason
  if (_tag === "NotFound" || _tag === "Conflict") return Effect.void
  return error.retryable ? error : new TerminalError({ message: `the status of a pod was refused: ${error.message}`, cause: error })
}
