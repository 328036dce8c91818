/** Runs the pods that are bound to its nodes and reports how they are. */
import type { Kubelet as ServedKubelet } from "@fairlead/api-server"
import { Controller, type Informer, Result, Source, TerminalError } from "@fairlead/controller"
import { KubeClient, KubeError, type Pod } from "@fairlead/kube"
import { Clock, Duration, Effect, type Scope } from "effect"
import { adopt } from "./internal/podAdoption.ts"
import { evictionMessage, evictionOrder, type PressedResource } from "./internal/evictionRank.ts"
import { answerLog } from "./internal/kubeletLogs.ts"
import { PodEntries } from "./internal/podEntries.ts"
import { type KubeletContext, PodEntry } from "./internal/podEntry.ts"
import { hasEnded, isBound } from "./internal/podFacts.ts"
import { keyOf } from "./internal/schedulerState.ts"
import { fromContext } from "./internal/timers.ts"
import type { LogOptions, PodRuntime } from "./PodRuntime.ts"

/** What a kubelet runs, and where. One kubelet serves any number of nodes. */
export interface KubeletOptions {
  readonly runtime: PodRuntime
  /** All pods; shared with others. */
  readonly pods: Informer<Pod>
  /** Address of a node that is this kubelet's; `undefined` for nodes of others. */
  readonly addressOf: (node: string) => string | undefined
  /** True while a node cannot reach the API server: its containers go on, and nothing is heard or told. Never when left out. */
  readonly isLost?: ((node: string) => boolean) | undefined
  /** Tells people what happens to a pod; nobody when left out. */
  readonly tell?: KubeletContext["tell"]
  /** Pods that are worked on at once; 64 when left out. */
  readonly workers?: number | undefined
}

/** Asks a kubelet about its pods. */
export interface Kubelet {
  /** The log of a container; `undefined` while there is none. */
  readonly logs: (namespace: string, pod: string, options: LogOptions) => Effect.Effect<string | undefined>
  /** What the API server needs to serve the logs of pods. */
  readonly serves: ServedKubelet
  /**
   * Shuts the nodes down: all pods end within their grace periods or the given one, whichever is shorter, and fail with the
   * reason `Terminated`; no pod starts any more. Done when all have ended; answers those that had to, as `namespace/name`.
   */
  readonly drain: (grace: Duration.Input) => Effect.Effect<ReadonlyArray<string>>
  /** Takes up the work on a node that was lost. */
  readonly resume: (node: string) => void
  /** Ends the containers of a node without a trace, as a crash of the machine does. Their pods are taken over anew later. */
  readonly crash: (node: string) => Effect.Effect<void>
  /** Gives one pod of the node up for want of a resource; answers it as `namespace/name`, or `undefined` when none can go. */
  readonly evict: (node: string, resource: PressedResource) => string | undefined
}

/** Starts a kubelet; it stops, and its containers with it, when the scope closes. */
export const make = Effect.fnUntraced(function*(options: KubeletOptions): Effect.fn.Return<Kubelet, never, KubeClient | Scope.Scope> {
  const clock = yield* Clock.Clock
  const services = yield* Effect.context<never>()
  const schedule = fromContext(services)
  const fork = Effect.runForkWith(services)
  const scope = yield* Effect.scope
  const state: KubeletState = { entries: new PodEntries(), drainSeconds: undefined, onSync: () => {} }
  let enqueue: (namespace: string | undefined, name: string) => void = () => {}
  const context: KubeletContext = {
    client: yield* KubeClient,
    runtime: options.runtime,
    tell: options.tell,
    now: () => clock.currentTimeMillisUnsafe(),
    hostIp: (node) => options.addressOf(node) ?? "",
    fork: (effect) => void fork(Effect.forkIn(effect, scope)),
    wake: (namespace, name) => enqueue(namespace, name)
  }
  const close = (entry: PodEntry): Effect.Effect<void> => entry.close
  yield* Effect.addFinalizer(() => Effect.forEach(state.entries.all(), close, { concurrency: "unbounded", discard: true }))
  yield* Effect.forkScoped(Controller.run({
    name: "kubelet",
    workers: options.workers ?? 64,
    timeout: "10 minutes",
    shutdownTimeout: 0,
    queue: { backoffMin: 100, backoffMax: 10_000 },
    sources: [
      Source.of(options.pods, {
        predicate: ({ object, previous, type }) =>
          type === "Updated" ? isForKubelet(previous!, object) : type === "Deleted" || isBound(object) || state.entries.of(object) !== undefined
      }),
      Source.external((add) => {
        enqueue = (namespace, name) => add({ namespace, name })
        return () => {
          enqueue = () => {}
        }
      })
    ],
    reconcile: ({ name, namespace }) => syncPod(context, options, state, namespace, name)
  }))
  return {
    logs: (namespace, pod, logOptions) => Effect.suspend(() => state.entries.get(namespace, pod)?.sandbox?.logs(logOptions) ?? Effect.undefined),
    serves: {
      logs: (pod, container, query) => {
        const entry = state.entries.of(pod)
        return entry === undefined || entry.uid !== pod.metadata.uid ? undefined : answerLog(entry, container, query, schedule)
      }
    },
    drain: (grace) => drain(context, state, Math.ceil(Duration.toSeconds(grace))),
    resume: (node) => {
      for (const pod of options.pods.store.list()) if (pod.spec?.nodeName === node) context.wake(pod.metadata.namespace, pod.metadata.name!)
      for (const entry of entriesOn(state, node)) context.wake(entry.record.pod.metadata.namespace, entry.record.pod.metadata.name!)
    },
    crash: (node) =>
      Effect.forEach(entriesOn(state, node), (entry) => {
        state.entries.delete(entry)
        return entry.close
      }, { discard: true }),
    evict: (node, resource) => evict(context, state, node, resource)
  }
})

interface KubeletState {
  readonly entries: PodEntries
  /** Set once the nodes are going down. */
  drainSeconds: number | undefined
  /** Called when a pod has been looked at. */
  onSync: () => void
}

const entriesOn = ({ entries }: KubeletState, node: string): ReadonlyArray<PodEntry> => entries.all().filter((it) => it.node === node)

const evict = (context: KubeletContext, state: KubeletState, node: string, resource: PressedResource): string | undefined => {
  const running = entriesOn(state, node).filter((it) => !it.isOver && it.record.ending === undefined)
  const [first] = evictionOrder(running.map((it) => it.record.pod), resource)
  const entry = running.find((it) => it.record.pod === first)
  if (entry === undefined || first === undefined) return undefined
  entry.evict(evictionMessage(resource))
  context.wake(first.metadata.namespace, first.metadata.name!)
  return keyOf(first)
}

const drain = (context: KubeletContext, state: KubeletState, graceSeconds: number): Effect.Effect<ReadonlyArray<string>> =>
  Effect.callback((resume) => {
    state.drainSeconds = graceSeconds
    const running = state.entries.all().filter((entry) => !entry.isOver)
    state.onSync = () => {
      if (running.every((entry) => entry.isOver)) resume(Effect.succeed(running.map((entry) => keyOf(entry.record.pod))))
    }
    for (const entry of running) {
      entry.terminate(graceSeconds)
      context.wake(entry.record.pod.metadata.namespace, entry.record.pod.metadata.name!)
    }
    state.onSync()
  })

/** Status writes, the kubelet's own above all, are no news to it; only readiness gates are decided by others. */
const isForKubelet = (before: Pod, after: Pod): boolean =>
  before.metadata.uid !== after.metadata.uid ||
  before.metadata.generation !== after.metadata.generation ||
  before.spec?.nodeName !== after.spec?.nodeName ||
  before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp ||
  (after.spec?.readinessGates?.length ?? 0) > 0

const done = Effect.succeed(Result.done)

const syncPod = (
  context: KubeletContext,
  options: KubeletOptions,
  state: KubeletState,
  namespace: string | undefined,
  name: string
): Effect.Effect<Result, KubeError.KubeError | TerminalError> => {
  const pod = options.pods.store.get(namespace, name)
  const entry = state.entries.get(namespace, name)
  if (options.isLost?.(entry?.node ?? pod?.spec?.nodeName ?? "") === true) return done
  if (entry === undefined || entry.uid === pod?.metadata.uid) return attend(context, options, state, pod, entry)
  return Effect.flatMap(letGo(state, entry), (isGone) => (isGone ? attend(context, options, state, pod, undefined) : done))
}

/** The pod of the entry is gone: answers whether it has ended on the node too. */
const letGo = Effect.fnUntraced(function*(state: KubeletState, entry: PodEntry): Effect.fn.Return<boolean> {
  entry.abandon()
  yield* entry.act()
  if (!entry.isOver) return false
  state.onSync()
  yield* entry.close
  state.entries.delete(entry)
  return true
})

/** Does what the pod needs now and says how it is: at once as far as nothing has to be waited for, for this is most of what a kubelet does. */
const attend = (
  context: KubeletContext,
  options: KubeletOptions,
  state: KubeletState,
  pod: Pod | undefined,
  known: PodEntry | undefined
): Effect.Effect<Result, KubeError.KubeError | TerminalError> => {
  if (pod === undefined || options.addressOf(pod.spec?.nodeName ?? "") === undefined) return done
  if (known === undefined && hasEnded(pod) && pod.metadata.deletionTimestamp === undefined) return done
  const entry = known ?? takeUp(context, state, pod)
  entry.update(pod)
  return Effect.flatMapEager(entry.act(), (wakeAt) => {
    const settled = (): Result => {
      state.onSync()
      return wakeAt === undefined ? Result.done : Result.requeueAfter(Math.max(0, wakeAt - context.now()))
    }
    return Effect.catchEager(Effect.mapEager(entry.write(), settled), (error) => Effect.map(afterFailedWrite(error), settled))
  })
}

const takeUp = (context: KubeletContext, state: KubeletState, pod: Pod): PodEntry => {
  const entry = new PodEntry(adopt(pod, context.now()), context)
  state.entries.add(entry)
  if (state.drainSeconds !== undefined) entry.terminate(state.drainSeconds)
  return entry
}

/** A pod that is gone, or another one by now, needs no status. What cannot succeed is not tried again. */
const afterFailedWrite = (error: KubeError.KubeError): Effect.Effect<void, KubeError.KubeError | TerminalError> => {
  const { _tag } = error.reason
  if (_tag === "NotFound" || _tag === "Conflict") return Effect.void
  return error.retryable ? error : new TerminalError({ message: `the status of a pod was refused: ${error.message}`, cause: error })
}
