/** What the scheduler remembers of pods and nodes. Plain and synchronous. */
import type { Change, Informer, ReconcileRequest } from "@fairlead/controller"
import type { Node, Pod } from "@fairlead/kube"
import { isSociable, Neighbours } from "./neighbours.ts"
import { NodeLedger, type Placement, type PlaceOptions } from "./nodeLedger.ts"
import { demandOf, type PodDemand } from "./podDemand.ts"
import { hasEnded, isBound } from "./podFacts.ts"
import { choosePreemption, type Preemption, priorityOf } from "./preemption.ts"
import { type PodClass, PodClasses } from "./schedulingQueue.ts"

interface KnownPod {
  kind: PodClass
  /** The node that it was given, by whomever. */
  node: string | undefined
}

interface Nomination {
  readonly request: ReconcileRequest
  readonly node: string
  readonly demand: PodDemand
  readonly priority: number
}

/** What the state is built upon. */
export interface SchedulerWorld {
  readonly pods: Informer<Pod>
  readonly nodes: Informer<Node>
  readonly schedulerName: string
  readonly namespaceLabels: (name: string) => { readonly [key: string]: string } | undefined
  /** True when evicting the pod, after those, would break its disruption budget. */
  readonly violates: (pod: Pod, before: ReadonlyArray<Pod>) => boolean
}

/** Names the pod. */
export const requestOf = ({ metadata: { name, namespace } }: Pod): ReconcileRequest => ({ namespace, name: name! })

/** `namespace/name`. */
export const keyOf = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`

const nobody: ReadonlySet<string> = new Set()

/** Books pods on nodes and finds places for the others. */
export class SchedulerState {
  readonly ledger = new NodeLedger()
  readonly #classes = new PodClasses()
  readonly #pods = new Map<string, KnownPod>()
  /** Pods for which others make room, by uid. */
  readonly #nominations = new Map<string, Nomination>()
  readonly #world: SchedulerWorld
  /** Followed from the first pod on that cares about others. */
  #neighbours: Neighbours | undefined
  enqueue: (request: ReconcileRequest, priority: number) => void = () => {}

  constructor(world: SchedulerWorld) {
    this.#world = world
  }

  onNode({ object, type }: Change<Node>): void {
    if (type === "Deleted") this.ledger.removeNode(object.metadata.name!)
    else this.ledger.setNode(object)
    this.reopen()
  }

  onPod({ object: pod, previous, type }: Change<Pod>): void {
    if (previous !== undefined && this.#isKnown(previous, pod, type)) return
    const uid = pod.metadata.uid ?? ""
    if (type === "Deleted" || hasEnded(pod)) return this.#forget(uid)
    if (this.#neighbours === undefined && isSociable(pod)) this.#meetNeighbours()
    let known = this.#pods.get(uid)
    if (known === undefined) {
      known = { kind: this.#classes.join(pod, this.#neighbours !== undefined), node: undefined }
      this.#pods.set(uid, known)
    }
    if (isBound(pod)) {
      const node = pod.spec!.nodeName!
      if (known.node === undefined) this.assign(pod, node)
      else this.#neighbours?.set(pod, node)
    } else if (known.node === undefined && this.isMine(pod) && !known.kind.refused.has(uid) && !this.#nominations.has(uid)) {
      this.enqueue(requestOf(pod), known.kind.priority)
    }
  }

  /** Most changes are of the status of a pod that is booked or forgotten already: they need not be looked up. */
  #isKnown(before: Pod, pod: Pod, type: Change["type"]): boolean {
    if (before.metadata.uid !== pod.metadata.uid) return false
    const isGone = type === "Deleted" || hasEnded(pod)
    if (isGone || hasEnded(before)) return isGone && hasEnded(before)
    return this.#neighbours === undefined && isBound(pod) && before.spec?.nodeName === pod.spec?.nodeName
  }

  isMine(pod: Pod): boolean {
    const { schedulerName } = this.#world
    return (pod.spec?.schedulerName ?? schedulerName) === schedulerName &&
      (pod.spec?.schedulingGates?.length ?? 0) === 0 &&
      pod.metadata.deletionTimestamp === undefined
  }

  kindOf(uid: string): PodClass | undefined {
    const known = this.#pods.get(uid)
    return known === undefined || known.node !== undefined ? undefined : known.kind
  }

  /** A place for the pod: where others make room for it, or the best one. */
  place(pod: Pod, kind: PodClass): Placement {
    const options = this.#optionsFor(pod, kind, nobody)
    const nominated = this.#nominations.get(pod.metadata.uid ?? "")
    if (nominated !== undefined && this.ledger.fits(nominated.node, kind.demand, [], options)) return { node: nominated.node }
    return this.ledger.place(kind.demand, options)
  }

  /** Who would have to go for the pod; `undefined` when nobody could, or when that would not help. */
  preemption(pod: Pod, kind: PodClass, nodes: ReadonlyArray<string>): Preemption | undefined {
    if (nodes.length === 0 || !this.#classes.hasLesser(kind.priority)) return undefined
    const byNode = new Map<string, Array<Pod>>()
    for (const it of this.#world.pods.store.list()) {
      const node = hasEnded(it) ? undefined : this.#pods.get(it.metadata.uid ?? "")?.node
      if (node === undefined) continue
      const list = byNode.get(node)
      if (list === undefined) byNode.set(node, [it])
      else list.push(it)
    }
    return choosePreemption({
      priority: kind.priority,
      nodes,
      podsOn: (node) => byNode.get(node) ?? [],
      fits: (node, without) => this.ledger.fits(node, kind.demand, without.map(demandOf), this.#optionsFor(pod, kind, new Set(without.map((it) => it.metadata.uid ?? "")))),
      violates: this.#world.violates
    })
  }

  /** True while pods that make room for this one are still on their way out. */
  waitsForRoom(pod: Pod, priority: number): boolean {
    const node = this.#nominations.get(pod.metadata.uid ?? "")?.node
    return node !== undefined && this.#world.pods.store.list().some((it) =>
      it.spec?.nodeName === node && it.metadata.deletionTimestamp !== undefined && !hasEnded(it) && priorityOf(it) < priority)
  }

  /** Keeps the room on the node that others make. */
  nominate(pod: Pod, { demand, priority }: PodClass, node: string): void {
    this.#nominations.set(pod.metadata.uid ?? "", { request: requestOf(pod), node, demand, priority })
  }

  #optionsFor(pod: Pod, kind: PodClass, without: ReadonlySet<string>): PlaceOptions {
    const view = this.#neighbours?.view(pod, this.ledger.nodes(), without)
    if (this.#nominations.size === 0) return view ?? {}
    const reserved = new Map<string, Array<PodDemand>>()
    for (const [uid, { demand, node, priority }] of this.#nominations) {
      if (uid === pod.metadata.uid || priority < kind.priority) continue
      reserved.set(node, [...(reserved.get(node) ?? []), demand])
    }
    return { ...view, reserved }
  }

  #meetNeighbours(): void {
    const { namespaceLabels, nodes, pods } = this.#world
    const neighbours = new Neighbours((name) => nodes.store.get(undefined, name), namespaceLabels)
    this.#neighbours = neighbours
    for (const pod of pods.store.list()) {
      const known = this.#pods.get(pod.metadata.uid ?? "")
      if (known?.node !== undefined) neighbours.set(pod, known.node)
      else if (known !== undefined) this.#rejoin(pod, known)
    }
  }

  #rejoin(pod: Pod, known: KnownPod): void {
    const wasRefused = known.kind.refused.delete(pod.metadata.uid ?? "")
    this.#classes.leave(known.kind)
    known.kind = this.#classes.join(pod, true)
    if (wasRefused) this.enqueue(requestOf(pod), known.kind.priority)
  }

  /** Books the pod on the node. */
  assign(pod: Pod, node: string): void {
    const uid = pod.metadata.uid ?? ""
    const known = this.#pods.get(uid)
    if (known === undefined) return
    known.node = node
    known.kind.refused.delete(uid)
    this.#nominations.delete(uid)
    this.ledger.take(node, known.kind.demand)
    this.#neighbours?.set(pod, node)
    // A friend has come: those who want to be near it look again.
    if (this.#neighbours !== undefined) this.reopen()
  }

  /** Takes a booking back that did not come about, unless the pod was seen on a node meanwhile. */
  unassign({ metadata: { name, namespace, uid = "" } }: Pod): void {
    const known = this.#pods.get(uid)
    if (known?.node === undefined) return
    this.ledger.release(known.node, known.kind.demand)
    known.node = undefined
    this.#neighbours?.delete(uid)
    const seen = this.#world.pods.store.get(namespace, name!)
    if (seen !== undefined && seen.metadata.uid === uid && isBound(seen)) this.assign(seen, seen.spec!.nodeName!)
    this.reopen()
  }

  #forget(uid: string): void {
    const known = this.#pods.get(uid)
    if (known === undefined) return
    this.#pods.delete(uid)
    this.#nominations.delete(uid)
    this.#neighbours?.delete(uid)
    known.kind.refused.delete(uid)
    this.#classes.leave(known.kind)
    if (known.node === undefined) return
    this.ledger.release(known.node, known.kind.demand)
    this.reopen()
  }

  reopen(): void {
    for (const { priority, request } of this.#classes.reopen()) this.enqueue(request, priority)
    for (const { priority, request } of this.#nominations.values()) this.enqueue(request, priority)
  }
}
