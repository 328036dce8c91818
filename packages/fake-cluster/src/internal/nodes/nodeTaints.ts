/** Which taints a node gets by its conditions, and when they drive its pods away. Pure. */
import { KubeTime, type Node, type Pod } from "@fairlead/kube"
import { tolerates } from "../nodeSelection.ts"

export type Taint = Exclude<Exclude<Node["spec"], undefined>["taints"], undefined>[number]

const notReady = "node.kubernetes.io/not-ready"
const unreachable = "node.kubernetes.io/unreachable"
const unschedulable = "node.kubernetes.io/unschedulable"

/** Condition, value, taint. */
const rules: ReadonlyArray<readonly [type: string, status: string, key: string]> = [
  ["Ready", "False", notReady],
  ["Ready", "Unknown", unreachable],
  ["MemoryPressure", "True", "node.kubernetes.io/memory-pressure"],
  ["DiskPressure", "True", "node.kubernetes.io/disk-pressure"],
  ["NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"],
  ["PIDPressure", "True", "node.kubernetes.io/pid-pressure"]
]

const driving: ReadonlySet<string> = new Set([notReady, unreachable])
const ownKeys: ReadonlySet<string> = new Set([...rules.map(([, , key]) => key), unschedulable])

const isOurs = ({ effect, key }: Taint): boolean => (effect === "NoSchedule" && ownKeys.has(key)) || (effect === "NoExecute" && driving.has(key))

/** The taints that the node should have: those of others stay as they are. `undefined` when it has them. */
export const taintsFor = (node: Node, now: number): ReadonlyArray<Taint> | undefined => {
  const before = node.spec?.taints ?? []
  const holds = ([type, status]: (typeof rules)[number]): boolean => node.status?.conditions?.some((it) => it.type === type && it.status === status) ?? false
  const keys = rules.filter(holds).map(([, , key]) => key)
  const wanted: Array<Taint> = [
    ...keys.filter((key) => driving.has(key)).map((key) => ({ key, effect: "NoExecute" })),
    ...keys.map((key) => ({ key, effect: "NoSchedule" })),
    ...(node.spec?.unschedulable === true ? [{ key: unschedulable, effect: "NoSchedule" }] : [])
  ]
  const isIn = (taints: ReadonlyArray<Taint>, { effect, key }: Taint): boolean => taints.some((it) => it.key === key && it.effect === effect)
  const kept = before.filter((it) => !isOurs(it) || isIn(wanted, it))
  const added = wanted.filter((it) => !isIn(before, it)).map((it) => ({ ...it, timeAdded: KubeTime.format(now) }))
  return added.length === 0 && kept.length === before.length ? undefined : [...kept, ...added]
}

/** The taints of a node that end pods. */
export const drivingTaints = (node: Node | undefined): ReadonlyArray<Taint> => (node?.spec?.taints ?? []).filter((it) => it.effect === "NoExecute")

/** When the pod has to go because of these taints, which it has borne since then; `undefined` when it may stay. */
export const leavesAt = (pod: Pod, taints: ReadonlyArray<Taint>, since: number): number | undefined => {
  if (taints.length === 0) return undefined
  let stay = Infinity
  for (const taint of taints) {
    const matching = (pod.spec?.tolerations ?? []).filter((it) => tolerates(it, taint))
    if (matching.length === 0) return since
    for (const { tolerationSeconds } of matching) if (tolerationSeconds !== undefined) stay = Math.min(stay, since + Math.max(0, tolerationSeconds) * 1000)
  }
  return stay === Infinity ? undefined : stay
}
