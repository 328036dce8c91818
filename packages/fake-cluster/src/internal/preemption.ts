/** Which pods have to make room for a more important one. Pure. */
import type { Pod } from "@fairlead/kube"

/** A node that would take the pod, and who would have to go. */
export interface Preemption {
  readonly node: string
  readonly victims: ReadonlyArray<Pod>
  /** Victims whose disruption budget does not allow it. */
  readonly violations: number
}

/** What the decision needs to know. */
export interface PreemptionInput {
  readonly priority: number
  /** Nodes that refuse the pod for now, but not for good. */
  readonly nodes: ReadonlyArray<string>
  readonly podsOn: (node: string) => ReadonlyArray<Pod>
  /** Whether the pod fits when these are gone. */
  readonly fits: (node: string, without: ReadonlyArray<Pod>) => boolean
  /** True when evicting the pod, after those, would break its disruption budget. */
  readonly violates: (pod: Pod, before: ReadonlyArray<Pod>) => boolean
}

export const priorityOf = (pod: Pod): number => pod.spec?.priority ?? 0

const startOf = (pod: Pod): number => Date.parse(pod.status?.startTime ?? pod.metadata.creationTimestamp ?? "") || 0

/** More important pods first, then those that have run for longer. */
const byImportance = (a: Pod, b: Pod): number => priorityOf(b) - priorityOf(a) || startOf(a) - startOf(b)

/** The node where preemption hurts least; `undefined` when it helps nowhere. */
export const choosePreemption = (input: PreemptionInput): Preemption | undefined => {
  let best: Preemption | undefined
  for (const node of input.nodes) {
    const found = victimsOn(input, node)
    if (found !== undefined && (best === undefined || isLess(costOf(found), costOf(best)))) best = found
  }
  return best
}

/** Takes all less important pods away and then gives back as many as possible, the protected and the most important ones first. */
const victimsOn = ({ fits, podsOn, priority, violates }: PreemptionInput, node: string): Preemption | undefined => {
  const lesser = podsOn(node).filter((it) => priorityOf(it) < priority).sort(byImportance)
  if (lesser.length === 0 || !fits(node, lesser)) return undefined
  const protectedPods: Array<Pod> = []
  const others: Array<Pod> = []
  const counted: Array<Pod> = []
  for (const pod of lesser) {
    if (violates(pod, counted)) protectedPods.push(pod)
    else others.push(pod)
    counted.push(pod)
  }
  const gone = new Set(lesser)
  for (const pod of [...protectedPods, ...others]) {
    gone.delete(pod)
    if (!fits(node, [...gone])) gone.add(pod)
  }
  const victims = lesser.filter((it) => gone.has(it))
  return { node, victims, violations: protectedPods.filter((it) => gone.has(it)).length }
}

/** Broken budgets, the most important victim, the sum of their importance, their number; then the one that would lose the youngest. */
const costOf = ({ victims, violations }: Preemption): ReadonlyArray<number> => [
  violations,
  Math.max(...victims.map(priorityOf)),
  victims.reduce((sum, it) => sum + priorityOf(it) + 2 ** 31, 0),
  victims.length,
  -Math.min(...victims.filter((it) => priorityOf(it) === Math.max(...victims.map(priorityOf))).map(startOf))
]

const isLess = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): boolean => {
  for (const [at, value] of a.entries()) if (value !== b[at]) return value < b[at]!
  return false
}
