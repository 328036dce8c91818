/** Pods that care about other pods: affinity, anti-affinity and spread over topologies. Follows no pod before one of them does. */
import type { Node, Pod, PodSpec } from "@fairlead/kube"
import { matchesNode } from "./nodeSelection.ts"
import type { Refusal } from "./nodeLedger.ts"
import { matcher } from "./podClaims.ts"

type PodAffinity = Exclude<Exclude<PodSpec["affinity"], undefined>["podAffinity"], undefined>
type Term = Exclude<PodAffinity["requiredDuringSchedulingIgnoredDuringExecution"], undefined>[number]
type Constraint = Exclude<PodSpec["topologySpreadConstraints"], undefined>[number]

/** A pod on a node. */
interface Neighbour {
  readonly pod: Pod
  readonly node: string
}

/** True for a pod whose place depends on other pods. */
export const isSociable = ({ spec }: Pod): boolean =>
  spec?.affinity?.podAffinity !== undefined || spec?.affinity?.podAntiAffinity !== undefined || (spec?.topologySpreadConstraints?.length ?? 0) > 0

/** What the nodes are asked for one pod. */
export interface NeighbourView {
  readonly refuse: (node: Node) => Refusal | undefined
  readonly score: (node: Node) => number
}

const mismatch = (what: string, isFinal: boolean): Refusal => ({ reasons: [`node(s) ${what}`], isFinal })

/** Bound pods by uid. */
export class Neighbours {
  readonly #pods = new Map<string, Neighbour>()
  readonly #nodes: (name: string) => Node | undefined
  readonly #namespaceLabels: (name: string) => { readonly [key: string]: string } | undefined

  constructor(nodes: (name: string) => Node | undefined, namespaceLabels: (name: string) => { readonly [key: string]: string } | undefined) {
    this.#nodes = nodes
    this.#namespaceLabels = namespaceLabels
  }

  set(pod: Pod, node: string): void {
    this.#pods.set(pod.metadata.uid ?? "", { pod, node })
  }

  delete(uid: string): void {
    this.#pods.delete(uid)
  }

  /** Works out once for all nodes what the pod's neighbours mean; those in `without` are thought away. */
  view(pod: Pod, nodes: ReadonlyArray<Node>, without: ReadonlySet<string>): NeighbourView {
    const others = [...this.#pods.values()].filter((it) => !without.has(it.pod.metadata.uid ?? ""))
    const refusals = [this.#spread(pod, nodes, others), this.#affinity(pod, others), this.#antiAffinity(pod, others), this.#existing(pod, others)].filter((it) => it !== undefined)
    return {
      refuse: (node) => {
        for (const refuse of refusals) {
          const refusal = refuse(node)
          if (refusal !== undefined) return refusal
        }
        return undefined
      },
      score: this.#score(pod, nodes, others)
    }
  }

  #matches(owner: Pod, term: Term): (other: Pod) => boolean {
    const labels = matcher(withKeys(term, owner))
    const { namespaceSelector, namespaces = [] } = term
    const chosen = namespaceSelector === undefined ? undefined : matcher(namespaceSelector)
    const own = namespaces.length === 0 && namespaceSelector === undefined ? [owner.metadata.namespace!] : namespaces
    return ({ metadata }) =>
      labels(metadata.labels) && (own.includes(metadata.namespace!) || chosen?.(this.#namespaceLabels(metadata.namespace!) ?? {}) === true)
  }

  #valueAt(node: string, key: string): string | undefined {
    return this.#nodes(node)?.metadata.labels?.[key]
  }

  #affinity(pod: Pod, others: ReadonlyArray<Neighbour>): ((node: Node) => Refusal | undefined) | undefined {
    const terms = pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    if (terms.length === 0) return undefined
    const tests = terms.map((term) => this.#matches(pod, term))
    const friends = others.filter((it) => tests.every((test) => test(it.pod)))
    const places = terms.map((term) => new Set(friends.map((it) => this.#valueAt(it.node, term.topologyKey)).filter((it) => it !== undefined)))
    // The first of a group that wants to be together finds nobody: it may start anywhere.
    const isFirst = friends.length === 0 && tests.every((test) => test(pod))
    return ({ metadata: { labels } }) => {
      const isThere = terms.every((term, at) => {
        const value = labels?.[term.topologyKey]
        return value !== undefined && (isFirst || places[at]!.has(value))
      })
      return isThere ? undefined : mismatch("didn't match pod affinity rules", true)
    }
  }

  #antiAffinity(pod: Pod, others: ReadonlyArray<Neighbour>): ((node: Node) => Refusal | undefined) | undefined {
    const terms = pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    if (terms.length === 0) return undefined
    const taken = terms.map((term) => {
      const test = this.#matches(pod, term)
      return new Set(others.flatMap((it) => (test(it.pod) ? [this.#valueAt(it.node, term.topologyKey)] : [])))
    })
    return ({ metadata: { labels } }) => {
      const isTaken = terms.some((term, at) => labels?.[term.topologyKey] !== undefined && taken[at]!.has(labels[term.topologyKey]))
      return isTaken ? mismatch("didn't match pod anti-affinity rules", false) : undefined
    }
  }

  /** Pods that are there already and do not want this one near them. */
  #existing(pod: Pod, others: ReadonlyArray<Neighbour>): ((node: Node) => Refusal | undefined) | undefined {
    const forbidden = new Map<string, Set<string>>()
    for (const other of others) {
      for (const term of other.pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
        const value = this.#valueAt(other.node, term.topologyKey)
        if (value === undefined || !this.#matches(other.pod, term)(pod)) continue
        forbidden.set(term.topologyKey, (forbidden.get(term.topologyKey) ?? new Set()).add(value))
      }
    }
    if (forbidden.size === 0) return undefined
    return ({ metadata: { labels } }) =>
      [...forbidden].some(([key, values]) => labels?.[key] !== undefined && values.has(labels[key]))
        ? mismatch("didn't satisfy existing pods anti-affinity rules", false)
        : undefined
  }

  #spread(pod: Pod, nodes: ReadonlyArray<Node>, others: ReadonlyArray<Neighbour>): ((node: Node) => Refusal | undefined) | undefined {
    const hard = (pod.spec?.topologySpreadConstraints ?? []).filter((it) => it.whenUnsatisfiable === "DoNotSchedule")
    if (hard.length === 0) return undefined
    const eligible = nodes.filter((it) => hard.every(({ nodeAffinityPolicy = "Honor", topologyKey }) =>
      it.metadata.labels?.[topologyKey] !== undefined && (nodeAffinityPolicy === "Ignore" || matchesNode(pod.spec!, it))))
    const counts = hard.map((it) => this.#countsOf(pod, it, eligible, others))
    return ({ metadata: { labels } }) => {
      for (const [at, { labelSelector, maxSkew, minDomains = 1, topologyKey, ...rest }] of hard.entries()) {
        const value = labels?.[topologyKey]
        if (value === undefined) return mismatch("didn't match pod topology spread constraints (missing required label)", true)
        const domain = counts[at]!
        const least = domain.size < minDomains ? 0 : Math.min(...domain.values())
        const self = matcher(withKeys({ labelSelector, ...rest }, pod))(pod.metadata.labels) ? 1 : 0
        if ((domain.get(value) ?? 0) + self - least > maxSkew) return mismatch("didn't match pod topology spread constraints", false)
      }
      return undefined
    }
  }

  #countsOf(pod: Pod, constraint: Constraint, nodes: ReadonlyArray<Node>, others: ReadonlyArray<Neighbour>): ReadonlyMap<string, number> {
    const matches = matcher(withKeys(constraint, pod))
    const counts = new Map<string, number>()
    const names = new Map<string, string>()
    for (const { metadata: { labels, name } } of nodes) {
      const value = labels?.[constraint.topologyKey]
      if (value === undefined) continue
      names.set(name!, value)
      counts.set(value, 0)
    }
    for (const { node, pod: other } of others) {
      const value = names.get(node)
      const counted = other.metadata.namespace === pod.metadata.namespace && other.metadata.deletionTimestamp === undefined && matches(other.metadata.labels)
      if (value !== undefined && counted) counts.set(value, counts.get(value)! + 1)
    }
    return counts
  }

  /** Preferred neighbours by their weights, and fewer of the own kind where an even spread is only wished for. */
  #score(pod: Pod, nodes: ReadonlyArray<Node>, others: ReadonlyArray<Neighbour>): (node: Node) => number {
    const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {}
    const wishes = [
      ...(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((it) => ({ ...it, sign: 1 })),
      ...(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((it) => ({ ...it, sign: -1 }))
    ].map(({ podAffinityTerm, sign, weight }) => {
      const test = this.#matches(pod, podAffinityTerm)
      const counts = new Map<string, number>()
      for (const other of others) {
        const value = test(other.pod) ? this.#valueAt(other.node, podAffinityTerm.topologyKey) : undefined
        if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + sign * weight)
      }
      return { key: podAffinityTerm.topologyKey, counts }
    })
    const soft = (pod.spec?.topologySpreadConstraints ?? []).filter((it) => it.whenUnsatisfiable === "ScheduleAnyway")
      .map((it) => ({ key: it.topologyKey, counts: this.#countsOf(pod, it, nodes, others) }))
    return ({ metadata: { labels } }) =>
      wishes.reduce((sum, { counts, key }) => sum + (counts.get(labels?.[key] ?? "") ?? 0), 0) -
      soft.reduce((sum, { counts, key }) => sum + 100 * (counts.get(labels?.[key] ?? "") ?? 0), 0)
  }
}

/** Which pods a term or a constraint speaks of. */
type Selection = { readonly [K in "labelSelector" | "matchLabelKeys" | "mismatchLabelKeys"]?: Term[K] | undefined }

/** The selector, narrowed by the labels of the pod itself that `matchLabelKeys` names. */
const withKeys = (
  { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] }: Selection,
  { metadata: { labels } }: Pod
): Term["labelSelector"] | undefined => {
  const of = (keys: ReadonlyArray<string>, operator: string) => keys.flatMap((key) => (labels?.[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }]))
  const more = [...of(matchLabelKeys, "In"), ...of(mismatchLabelKeys, "NotIn")]
  return labelSelector === undefined || more.length === 0 ? labelSelector : { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...more] }
}
