/** Finds a node for every pod that has none. */
import { Controller, type Informer, type ReconcileRequest, Result, Source } from "@fairlead/controller"
import { KubeClient, type KubeError, KubeResource, KubeTime, type Namespace, type Node, type Pod } from "@fairlead/kube"
import { Clock, Effect } from "effect"
import { type Budget, violates } from "./internal/budgets.ts"
import type { Placement } from "./internal/nodeLedger.ts"
import type { PodEvent } from "./internal/podEvents.ts"
import { keyOf, SchedulerState } from "./internal/schedulerState.ts"
import type { PodClass } from "./internal/schedulingQueue.ts"

/** What a scheduler works on. */
export interface PodSchedulerOptions {
  readonly pods: Informer<Pod>
  readonly nodes: Informer<Node>
  /** Tells people what happens to a pod; nobody when left out. */
  readonly tell?: ((pod: Pod, event: PodEvent) => Effect.Effect<void>) | undefined
  /** Pods that name another scheduler are left alone; `default-scheduler` when left out. */
  readonly schedulerName?: string | undefined
  /** Disruption budgets, which preemption respects as far as it can; none when left out. */
  readonly budgets?: Informer<Budget> | undefined
  /** For affinity to pods of namespaces with certain labels; without them such terms match nothing. */
  readonly namespaces?: Informer<Namespace> | undefined
}

/**
 * Runs a scheduler until interrupted.
 *
 * It looks at requests, host ports, node selectors, node affinity, taints, affinity between pods and their spread, takes the least loaded
 * node and writes one binding. For a pod that fits nowhere it has less important ones deleted where that helps. A pod that fits nowhere gets the condition `PodScheduled=False` with the sentence of the original, and its turn comes again when a
 * pod has ended or a node has changed. Pods that ask for the same share one refusal, so ten thousand waiting pods cost
 * no more than one.
 */
export const run = Effect.fnUntraced(function*(options: PodSchedulerOptions): Effect.fn.Return<never, never, KubeClient> {
  const state = new SchedulerState({
    pods: options.pods,
    nodes: options.nodes,
    schedulerName: options.schedulerName ?? "default-scheduler",
    namespaceLabels: (name) => options.namespaces?.store.get(undefined, name)?.metadata.labels,
    violates: (pod, before) => violates(options.budgets?.store.list() ?? [], pod, before)
  })
  const client = yield* KubeClient
  const scheduling: Scheduling = { client, options, state }
  return yield* Controller.run({
    name: "scheduler",
    workers: 16,
    shutdownTimeout: 0,
    queue: { backoffMin: 1000, backoffMax: 10_000, tenantOf: () => "" },
    caches: [options.pods, options.nodes],
    sources: [
      Source.external((enqueue) => {
        state.enqueue = enqueue
        const stops = [options.nodes.subscribe((change) => state.onNode(change)), options.pods.subscribe((change) => state.onPod(change))]
        return () => stops.forEach((stop) => stop())
      })
    ],
    reconcile: (request) => schedule(scheduling, request)
  })
})

interface Scheduling {
  readonly client: KubeClient["Service"]
  readonly options: PodSchedulerOptions
  readonly state: SchedulerState
}

const done = Effect.succeed(Result.done)

const schedule = (scheduling: Scheduling, request: ReconcileRequest): Effect.Effect<Result, KubeError.KubeError> => {
  const { options, state } = scheduling
  const pod = options.pods.store.get(request.namespace, request.name)
  const kind = state.kindOf(pod?.metadata.uid ?? "")
  if (pod === undefined || kind === undefined || !state.isMine(pod)) return done
  if (kind.refusal !== undefined) return putOff(scheduling, request, pod, kind, kind.refusal)
  const placement = state.place(pod, kind)
  return "node" in placement ? take(scheduling, pod, kind, placement.node) : giveUp(scheduling, request, pod, kind, placement)
}

/** Gives the pod the node. */
const take = ({ client, options, state }: Scheduling, pod: Pod, kind: PodClass, node: string): Effect.Effect<Result, KubeError.KubeError> => {
  state.assign(pod, node)
  const [next] = kind.refused.values()
  if (next !== undefined) state.enqueue(next, kind.priority)
  const bound = Effect.catch(bind(client, pod, node), (error) => undo(state, pod, error))
  const { tell } = options
  return tell === undefined
    ? Effect.as(bound, Result.done)
    : Effect.flatMap(bound, () => Effect.as(tell(pod, { type: "Normal", reason: "Scheduled", note: `Successfully assigned ${keyOf(pod)} to ${node}` }), Result.done))
}

/** There is no node for the pod: others make room, or all of its kind have to wait. */
const giveUp = Effect.fnUntraced(function*(
  scheduling: Scheduling,
  request: ReconcileRequest,
  pod: Pod,
  kind: PodClass,
  placement: Exclude<Placement, { readonly node: string }>
): Effect.fn.Return<Result, KubeError.KubeError> {
  const room = yield* makeRoom(scheduling, pod, kind, placement)
  if ("refusal" in room) {
    kind.refusal = room.refusal
    return yield* putOff(scheduling, request, pod, kind, room.refusal)
  }
  yield* tellRefusal(scheduling, pod, placement.reasons, room.node)
  return Result.done
})

const putOff = (scheduling: Scheduling, request: ReconcileRequest, pod: Pod, kind: PodClass, refusal: string): Effect.Effect<Result, KubeError.KubeError> => {
  kind.refused.set(pod.metadata.uid ?? "", request)
  return Effect.as(tellRefusal(scheduling, pod, refusal, undefined), Result.done)
}

/** Has less important pods deleted where that helps. Answers the node where there will be room, or why there will be none. */
const makeRoom = Effect.fnUntraced(function*(
  { client, options, state }: Scheduling,
  pod: Pod,
  kind: PodClass,
  placement: Exclude<Placement, { readonly node: string }>
): Effect.fn.Return<{ readonly node: string } | { readonly refusal: string }, KubeError.KubeError> {
  const ineligible = (why: string): { readonly refusal: string } => ({ refusal: `${placement.reasons} no new claims to deallocate, preemption: not eligible due to ${why}.` })
  if (pod.spec?.preemptionPolicy === "Never") return ineligible("preemptionPolicy=Never")
  if (state.waitsForRoom(pod, kind.priority)) return ineligible("a terminating pod on the nominated node")
  const found = state.preemption(pod, kind, placement.hopeful)
  if (found === undefined) return { refusal: placement.refusal }
  state.nominate(pod, kind, found.node)
  const now = KubeTime.format(yield* Clock.currentTimeMillis)
  for (const victim of found.victims) {
    const key = { namespace: victim.metadata.namespace, name: victim.metadata.name! }
    const message = `${pod.spec?.schedulerName ?? "default-scheduler"}: preempting to accommodate a higher priority pod`
    const condition = { type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler", message, lastProbeTime: null, lastTransitionTime: now }
    yield* Effect.andThen(
      client.patch(KubeResource.pods, { ...key, subresource: "status" }, "strategic", { metadata: { uid: victim.metadata.uid }, status: { conditions: [condition] } }),
      client.delete(KubeResource.pods, key, { preconditions: { uid: victim.metadata.uid! } })
    ).pipe(Effect.catchIf((error) => error.reason._tag === "NotFound" || error.reason._tag === "Conflict", () => Effect.void))
    if (options.tell !== undefined) yield* options.tell(victim, { type: "Normal", reason: "Preempted", note: `Preempted by pod ${pod.metadata.uid} on node ${found.node}` })
  }
  return { node: found.node }
})

const tellRefusal = Effect.fnUntraced(function*({ client, options }: Scheduling, pod: Pod, message: string, nominated: string | undefined): Effect.fn.Return<void, KubeError.KubeError> {
  if (options.tell !== undefined) yield* options.tell(pod, { type: "Warning", reason: "FailedScheduling", note: message })
  yield* refuse(client, pod, message, nominated)
})

const bind = (client: KubeClient["Service"], pod: Pod, node: string): Effect.Effect<unknown, KubeError.KubeError> => {
  const { name, namespace, uid } = pod.metadata
  const binding = { apiVersion: "v1", kind: "Binding", metadata: { name, namespace, uid }, target: { apiVersion: "v1", kind: "Node", name: node } }
  return client.createSubresource(KubeResource.pods, { namespace, name: name!, subresource: "binding" }, binding)
}

/** A pod that is gone or has a node by now is done with; anything else is tried again. */
const undo = (state: SchedulerState, pod: Pod, error: KubeError.KubeError): Effect.Effect<void, KubeError.KubeError> => {
  state.unassign(pod)
  const { _tag } = error.reason
  return _tag === "NotFound" || _tag === "Conflict" ? Effect.void : error
}

/** Says why the pod waits, unless it says so already. */
const refuse = Effect.fnUntraced(function*(client: KubeClient["Service"], pod: Pod, message: string, nominated: string | undefined): Effect.fn.Return<void, KubeError.KubeError> {
  const before = pod.status?.conditions?.find((it) => it.type === "PodScheduled")
  if (before?.status === "False" && before.message === message && (nominated === undefined || pod.status?.nominatedNodeName === nominated)) return
  const { name, namespace } = pod.metadata
  const now = KubeTime.format(yield* Clock.currentTimeMillis)
  const condition = {
    type: "PodScheduled",
    status: "False",
    reason: "Unschedulable",
    message,
    lastProbeTime: null,
    lastTransitionTime: before?.status === "False" ? before.lastTransitionTime : now
  }
  yield* Effect.catch(
    client.patch<Pod>(KubeResource.pods, { namespace, name: name!, subresource: "status" }, "strategic", {
      status: { conditions: [condition], ...(nominated === undefined ? {} : { nominatedNodeName: nominated }) }
    }),
    (error) => (error.reason._tag === "NotFound" ? Effect.succeed(pod) : error)
  )
})
