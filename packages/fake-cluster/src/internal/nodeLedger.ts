/** What every node has and what the pods on it have taken; answers where a pod fits. */
import type { Node } from "@fairlead/kube"
import { matchesNode, preference, softTaints, untolerated } from "./nodeSelection.ts"
import { add, type Amounts, amounts, type PodDemand } from "./podDemand.ts"

interface Account {
  /** Absent while only pods speak of the node. */
  node: Node | undefined
  allocatable: Amounts
  readonly used: Map<string, number>
  readonly ports: Map<string, number>
  pods: number
}

/** Why a node does not take a pod. `isFinal` means that not even an empty node would. */
export interface Refusal {
  readonly reasons: ReadonlyArray<string>
  readonly isFinal: boolean
}

/** A node, or the reasons why there is none, in the words of the original. */
export type Placement = { readonly node: string } | {
  readonly refusal: string
  /** The refusal without what became of preemption. */
  readonly reasons: string
  /** Nodes that would take the pod if others made room. */
  readonly hopeful: ReadonlyArray<string>
}

/** What else counts for a place. */
export interface PlaceOptions {
  readonly refuse?: ((node: Node) => Refusal | undefined) | undefined
  /** Adds to what the pod's own preferences say. */
  readonly score?: ((node: Node) => number) | undefined
  /** By node: pods that are to come there and must find room. */
  readonly reserved?: ReadonlyMap<string, ReadonlyArray<PodDemand>> | undefined
}

/** Rounding of sums such as 0.1 + 0.2 cores must not refuse what fits. */
const tolerance = 1e-9

/** Nodes in the order in which they were first heard of, and what is taken. */
export class NodeLedger {
  readonly #accounts = new Map<string, Account>()

  /** A node came or changed. */
  setNode(node: Node): void {
    const account = this.#account(node.metadata.name!)
    account.node = node
    account.allocatable = amounts(node.status?.allocatable ?? node.status?.capacity)
  }

  removeNode(name: string): void {
    this.#account(name).node = undefined
  }

  /** A pod is on the node, or is about to be. */
  take(name: string, demand: PodDemand): void {
    this.#book(this.#account(name), demand, 1)
  }

  /** The pod has ended or is gone. */
  release(name: string, demand: PodDemand): void {
    this.#book(this.#account(name), demand, -1)
  }

  #account(name: string): Account {
    let account = this.#accounts.get(name)
    if (account === undefined) {
      account = { node: undefined, allocatable: new Map(), used: new Map(), ports: new Map(), pods: 0 }
      this.#accounts.set(name, account)
    }
    return account
  }

  #book(account: Account, demand: PodDemand, sign: 1 | -1): void {
    add(account.used, demand.requests, sign)
    account.pods += sign
    for (const port of demand.hostPorts) account.ports.set(port, (account.ports.get(port) ?? 0) + sign)
  }

  /** The best node for a pod: preferred by affinity, then the least loaded, then the one with the fewest pods. */
  place(demand: PodDemand, options: PlaceOptions = {}): Placement {
    let best: Node | undefined
    let bestScore: readonly [number, number, number] = [0, 0, 0]
    const refusals: Array<Refusal> = []
    const hopeful: Array<string> = []
    for (const account of this.#accounts.values()) {
      const { node } = account
      if (node === undefined) continue
      const refusal = this.#refusal(account, node, demand, options)
      if (refusal !== undefined) {
        refusals.push(refusal)
        if (!refusal.isFinal) hopeful.push(node.metadata.name!)
        continue
      }
      const score = scoreOf(account, node, demand, options.score?.(node) ?? 0)
      if (best === undefined || isBetter(score, bestScore)) {
        best = node
        bestScore = score
      }
    }
    if (best !== undefined) return { node: best.metadata.name! }
    const reasons = reasonsText(refusals)
    return { refusal: refusals.length === 0 ? reasons : `${reasons} ${preemptionText(refusals)}`, reasons, hopeful }
  }

  /** Whether the pod fits on a node once others are gone. */
  fits(name: string, demand: PodDemand, without: ReadonlyArray<PodDemand>, options: PlaceOptions = {}): boolean {
    const account = this.#account(name)
    if (account.node === undefined) return false
    for (const it of without) this.#book(account, it, -1)
    const refusal = this.#refusal(account, account.node, demand, options)
    for (const it of without) this.#book(account, it, 1)
    return refusal === undefined
  }

  /** All nodes that are known, in the order in which they were first heard of. */
  nodes(): ReadonlyArray<Node> {
    return Array.from(this.#accounts.values(), (it) => it.node).filter((it) => it !== undefined)
  }

  #refusal(account: Account, node: Node, demand: PodDemand, { refuse, reserved }: PlaceOptions): Refusal | undefined {
    const expected = reserved?.get(node.metadata.name!)
    if (expected !== undefined) for (const it of expected) this.#book(account, it, 1)
    const refusal = refusalOf(account, node, demand)
    if (expected !== undefined) for (const it of expected) this.#book(account, it, -1)
    return refusal ?? refuse?.(node)
  }
}

const isBetter = (a: readonly [number, number, number], b: readonly [number, number, number]): boolean =>
  a[0] !== b[0] ? a[0] > b[0] : a[1] !== b[1] ? a[1] > b[1] : a[2] > b[2]

const scoreOf = (account: Account, node: Node, demand: PodDemand, more: number): readonly [number, number, number] => {
  const soft = more + preference(demand.spec, node) - 100 * softTaints(demand.spec, node.spec?.taints ?? [])
  const free = (name: string): number => {
    const all = account.allocatable.get(name) ?? 0
    return all === 0 ? 0 : (all - (account.used.get(name) ?? 0) - (demand.requests.get(name) ?? 0)) / all
  }
  return [soft, Math.round((free("cpu") + free("memory")) * 1000), -account.pods]
}

/** The filters in the order of the original: the first that refuses gives the reasons. */
const refusalOf = (account: Account, node: Node, demand: PodDemand): Refusal | undefined => {
  const taints = node.spec?.taints ?? []
  if (node.spec?.unschedulable === true && untolerated(demand.spec, [unschedulableTaint]) !== undefined) {
    return { reasons: ["node(s) were unschedulable"], isFinal: true }
  }
  if (untolerated(demand.spec, taints) !== undefined) return { reasons: ["node(s) had untolerated taint(s)"], isFinal: true }
  if (!matchesNode(demand.spec, node)) return { reasons: ["node(s) didn't match Pod's node affinity/selector"], isFinal: true }
  if (demand.hostPorts.some((port) => isTaken(account, port))) {
    return { reasons: ["node(s) didn't have free ports for the requested pod ports"], isFinal: false }
  }
  return shortage(account, demand)
}

const unschedulableTaint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }

const isTaken = (account: Account, port: string): boolean => {
  const [protocol, ip, number] = port.split("/")
  for (const [other, count] of account.ports) {
    if (count <= 0) continue
    const [otherProtocol, otherIp, otherNumber] = other.split("/")
    if (protocol === otherProtocol && number === otherNumber && (ip === otherIp || ip === "0.0.0.0" || otherIp === "0.0.0.0")) return true
  }
  return false
}

const shortage = (account: Account, demand: PodDemand): Refusal | undefined => {
  const reasons: Array<string> = []
  let isFinal = false
  if (account.pods + 1 > (account.allocatable.get("pods") ?? Infinity)) reasons.push("Too many pods")
  for (const [name, amount] of demand.requests) {
    if (amount <= 0) continue
    const all = account.allocatable.get(name) ?? 0
    if (amount + (account.used.get(name) ?? 0) <= all * (1 + tolerance)) continue
    reasons.push(`Insufficient ${name}`)
    isFinal ||= amount > all * (1 + tolerance)
  }
  return reasons.length === 0 ? undefined : { reasons, isFinal }
}

/** `0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu.` */
const reasonsText = (refusals: ReadonlyArray<Refusal>): string => {
  if (refusals.length === 0) return "no nodes available to schedule pods"
  const counts = new Map<string, number>()
  for (const refusal of refusals) for (const reason of refusal.reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return `0/${refusals.length} nodes are available: ${counted(counts)}.`
}

/** What is said where nobody could be made to leave. */
const preemptionText = (refusals: ReadonlyArray<Refusal>): string => {
  const helpless = refusals.filter((it) => it.isFinal).length
  const preemption = counted([
    ["Preemption is not helpful for scheduling", helpless],
    ["No preemption victims found for incoming pod", refusals.length - helpless]
  ])
  return `no new claims to deallocate, preemption: 0/${refusals.length} nodes are available: ${preemption}.`
}

const counted = (counts: Iterable<readonly [string, number]>): string =>
  Array.from(counts).filter(([, count]) => count > 0).map(([reason, count]) => `${count} ${reason}`).sort().join(", ")
