/** Finds a node for every pod that has none. */
import { type Change, Controller, type Informer, Result, Source } from "@fairlead/controller"
import { KubeClient, type KubeError, KubeResource, type Node, type Pod } from "@fairlead/kube"
import { Clock, Effect } from "effect"
import { NodeLedger } from "./internal/nodeLedger.ts"
import type { PodEvent } from "./internal/podEvents.ts"
import { type PodClass, PodClasses } from "./internal/schedulingQueue.ts"
import { timestamp } from "./internal/timestamp.ts"

/** What a scheduler works on. */
export interface PodSchedulerOptions {
  readonly pods: Informer<Pod>
  readonly nodes: Informer<Node>
  /** Tells people what happens to a pod; nobody when left out. */
  readonly tell?: ((pod: Pod, event: PodEvent) => Effect.Effect<void>) | undefined
  /** Pods that name another scheduler are left alone; `default-scheduler` when left out. */
  readonly schedulerName?: string | undefined
}

/**
 * Runs a scheduler until interrupted.
 *
 * It looks at requests, host ports, node selectors, node affinity and taints, takes the least loaded node and writes one
 * binding. A pod that fits nowhere gets the condition `PodScheduled=False` with the sentence of the original, and its turn comes again when a
 * pod has ended or a node has changed. Pods that ask for the same share one refusal, so ten thousand waiting pods cost
 * no more than one.
 */
export const run = Effect.fnUntraced(function*(options: PodSchedulerOptions): Effect.fn.Return<never, never, KubeClient> {
  const state = new SchedulerState(options.schedulerName ?? "default-scheduler")
  const client = yield* KubeClient
  return yield* Controller.run({
    name: "scheduler",
    workers: 16,
    shutdownTimeout: 0,
    queue: { backoffMin: 1000, backoffMax: 10_000, tenantOf: () => "" },
    caches: [options.pods, options.nodes],
    sources: [
      Source.external((enqueue) => {
        state.enqueue = (key, priority) => enqueue(splitKey(key), priority)
        const stops = [options.nodes.subscribe((change) => state.onNode(change)), options.pods.subscribe((change) => state.onPod(change))]
        return () => stops.forEach((stop) => stop())
      })
    ],
    reconcile: ({ name, namespace }) => schedule(client, options, state, namespace ?? "", name)
  })
})

const splitKey = (key: string): { readonly namespace: string; readonly name: string } => {
  const slash = key.indexOf("/")
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

interface KnownPod {
  readonly kind: PodClass
  /** The node that it was given, by whomever. */
  node: string | undefined
}

/** What the scheduler remembers. Plain and synchronous. */
class SchedulerState {
  readonly ledger = new NodeLedger()
  readonly #classes = new PodClasses()
  readonly #pods = new Map<string, KnownPod>()
  readonly #schedulerName: string
  enqueue: (key: string, priority: number) => void = () => {}

  constructor(schedulerName: string) {
    this.#schedulerName = schedulerName
  }

  onNode({ object, type }: Change<Node>): void {
    if (type === "Deleted") this.ledger.removeNode(object.metadata.name!)
    else this.ledger.setNode(object)
    this.reopen()
  }

  onPod({ object: pod, type }: Change<Pod>): void {
    const uid = pod.metadata.uid ?? ""
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`
    if (type === "Deleted" || hasEnded(pod)) return this.#forget(uid, key)
    let known = this.#pods.get(uid)
    if (known === undefined) {
      known = { kind: this.#classes.join(pod), node: undefined }
      this.#pods.set(uid, known)
    }
    const node = pod.spec?.nodeName
    if (node !== undefined && node !== "") {
      if (known.node === undefined) this.assign(uid, key, node)
    } else if (known.node === undefined && this.isMine(pod) && !known.kind.refused.has(key)) {
      this.enqueue(key, known.kind.priority)
    }
  }

  isMine(pod: Pod): boolean {
    return (pod.spec?.schedulerName ?? this.#schedulerName) === this.#schedulerName &&
      (pod.spec?.schedulingGates?.length ?? 0) === 0 &&
      pod.metadata.deletionTimestamp === undefined
  }

  kindOf(uid: string): PodClass | undefined {
    const known = this.#pods.get(uid)
    return known === undefined || known.node !== undefined ? undefined : known.kind
  }

  /** Books the pod on the node. */
  assign(uid: string, key: string, node: string): void {
    const known = this.#pods.get(uid)
    if (known === undefined) return
    known.node = node
    known.kind.refused.delete(key)
    this.ledger.take(node, known.kind.demand)
  }

  /** Takes a booking back that did not come about. */
  unassign(uid: string): void {
    const known = this.#pods.get(uid)
    if (known?.node === undefined) return
    this.ledger.release(known.node, known.kind.demand)
    known.node = undefined
    this.reopen()
  }

  #forget(uid: string, key: string): void {
    const known = this.#pods.get(uid)
    if (known === undefined) return
    this.#pods.delete(uid)
    known.kind.refused.delete(key)
    this.#classes.leave(known.kind)
    if (known.node === undefined) return
    this.ledger.release(known.node, known.kind.demand)
    this.reopen()
  }

  reopen(): void {
    for (const { key, priority } of this.#classes.reopen()) this.enqueue(key, priority)
  }
}

const hasEnded = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed"

const schedule = Effect.fnUntraced(function*(
  client: KubeClient["Service"],
  options: PodSchedulerOptions,
  state: SchedulerState,
  namespace: string,
  name: string
): Effect.fn.Return<Result, KubeError.KubeError> {
  const pod = options.pods.store.get(namespace, name)
  const uid = pod?.metadata.uid ?? ""
  const kind = state.kindOf(uid)
  if (pod === undefined || kind === undefined || !state.isMine(pod)) return Result.done
  const key = `${namespace}/${name}`
  if (kind.refusal === undefined) {
    const placement = state.ledger.place(kind.demand)
    if ("node" in placement) {
      state.assign(uid, key, placement.node)
      const [next] = kind.refused
      if (next !== undefined) state.enqueue(next, kind.priority)
      yield* Effect.catch(bind(client, pod, placement.node), (error) => undo(state, uid, error))
      if (options.tell !== undefined) {
        yield* options.tell(pod, { type: "Normal", reason: "Scheduled", note: `Successfully assigned ${key} to ${placement.node}` })
      }
      return Result.done
    }
    kind.refusal = placement.refusal
  }
  kind.refused.add(key)
  if (options.tell !== undefined) yield* options.tell(pod, { type: "Warning", reason: "FailedScheduling", note: kind.refusal })
  yield* refuse(client, pod, kind.refusal)
  return Result.done
})

const bind = (client: KubeClient["Service"], pod: Pod, node: string): Effect.Effect<unknown, KubeError.KubeError> => {
  const { name, namespace, uid } = pod.metadata
  const binding = { apiVersion: "v1", kind: "Binding", metadata: { name, namespace, uid }, target: { apiVersion: "v1", kind: "Node", name: node } }
  return client.createSubresource(KubeResource.pods, { namespace, name: name!, subresource: "binding" }, binding)
}

/** A pod that is gone or has a node by now is done with; anything else is tried again. */
const undo = (state: SchedulerState, uid: string, error: KubeError.KubeError): Effect.Effect<void, KubeError.KubeError> => {
  state.unassign(uid)
  const { _tag } = error.reason
  return _tag === "NotFound" || _tag === "Conflict" ? Effect.void : error
}

/** Says why the pod waits, unless it says so already. */
const refuse = Effect.fnUntraced(function*(client: KubeClient["Service"], pod: Pod, message: string): Effect.fn.Return<void, KubeError.KubeError> {
  const before = pod.status?.conditions?.find((it) => it.type === "PodScheduled")
  if (before?.status === "False" && before.message === message) return
  const { name, namespace } = pod.metadata
  const now = timestamp(yield* Clock.currentTimeMillis)
  const condition = {
    type: "PodScheduled",
    status: "False",
    reason: "Unschedulable",
    message,
    lastProbeTime: null,
    lastTransitionTime: before?.status === "False" ? before.lastTransitionTime : now
  }
  yield* Effect.catch(
    client.patch<Pod>(KubeResource.pods, { namespace, name: name!, subresource: "status" }, "strategic", { status: { conditions: [condition] } }),
    (error) => (error.reason._tag === "NotFound" ? Effect.succeed(pod) : error)
  )
})
