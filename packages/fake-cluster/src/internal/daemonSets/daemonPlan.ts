/** Which nodes get a daemon's pod, and which pods of old templates go next. Pure. */
import type { DaemonSet, Node, Pod, PodSpec, PodTemplateSpec } from "@fairlead/kube"
import { shareOf } from "../deployments/deploymentFacts.ts"
import { matchesNode, tolerates } from "../nodeSelection.ts"
import { hasEnded, isAvailable, isReady, isTerminating } from "../podFacts.ts"

export const hashKey = "controller-revision-hash"

/** A daemon set with its pods and all nodes. */
export interface DaemonView {
  readonly set: DaemonSet
  readonly pods: ReadonlyArray<Pod>
  readonly nodes: ReadonlyArray<Node>
  /** Hash of the present template. */
  readonly hash: string
  readonly now: number
}

/** What to do now. */
export interface DaemonPlan {
  /** Names of the nodes that lack a pod. */
  readonly create: ReadonlyArray<string>
  readonly delete: ReadonlyArray<Pod>
  /** Pods that failed and are made again. */
  readonly failed: ReadonlyArray<Pod>
}

type Toleration = Exclude<PodSpec["tolerations"], undefined>[number]

const always: ReadonlyArray<Toleration> = [
  ["not-ready", "NoExecute"], ["unreachable", "NoExecute"], ["disk-pressure", "NoSchedule"], ["memory-pressure", "NoSchedule"], ["pid-pressure", "NoSchedule"], ["unschedulable", "NoSchedule"]
].map(([key, effect]) => ({ key: `node.kubernetes.io/${key}`, operator: "Exists", effect: effect! }))

/** The spec of a daemon's pod for one node: bound by affinity, and hardly anything keeps it away. */
export const specFor = (template: PodTemplateSpec, node: string): PodSpec => {
  const spec = template.spec!
  const terms = [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }]
  const nodeAffinity = spec.affinity?.nodeAffinity
  return {
    ...spec,
    affinity: { ...spec.affinity, nodeAffinity: { ...nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
    tolerations: withAlways(spec)
  }
}

const withAlways = (spec: PodSpec): ReadonlyArray<Toleration> => {
  const more = spec.hostNetwork === true ? [...always, { key: "node.kubernetes.io/network-unavailable", operator: "Exists", effect: "NoSchedule" }] : always
  const own = spec.tolerations ?? []
  return [...own, ...more.filter((it) => !own.some((other) => other.key === it.key && other.effect === it.effect && other.operator === it.operator))]
}

/** Whether a pod should start on the node, and whether one that is there may stay. */
const fitOf = ({ spec }: DaemonSet, node: Node): { readonly starts: boolean; readonly stays: boolean } => {
  const podSpec = spec!.template.spec!
  if (!matchesNode(podSpec, node)) return { starts: false, stays: false }
  const tolerations = withAlways(podSpec)
  const refusing = (node.spec?.taints ?? []).filter((taint) => taint.effect !== "PreferNoSchedule" && !tolerations.some((it) => tolerates(it, taint)))
  return { starts: refusing.length === 0, stays: refusing.every((it) => it.effect !== "NoExecute") }
}

/** The node of a daemon's pod, also of one that is not bound yet. */
export const nodeOf = (pod: Pod): string => {
  if ((pod.spec?.nodeName ?? "") !== "") return pod.spec!.nodeName!
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  return terms.flatMap((it) => it.matchFields ?? []).find((it) => it.key === "metadata.name")?.values?.[0] ?? ""
}

const podsByNode = (pods: ReadonlyArray<Pod>): Map<string, Array<Pod>> => {
  const found = new Map<string, Array<Pod>>()
  for (const pod of pods) {
    const list = found.get(nodeOf(pod))
    if (list === undefined) found.set(nodeOf(pod), [pod])
    else list.push(pod)
  }
  return found
}

/** Fits the pods to the nodes, then takes the next steps from the old template to the new. */
export const planDaemons = (view: DaemonView): DaemonPlan => {
  const byNode = podsByNode(view.pods)
  const create: Array<string> = []
  const gone: Array<Pod> = []
  const failed: Array<Pod> = []
  for (const node of view.nodes) {
    const name = node.metadata.name!
    const { starts, stays } = fitOf(view.set, node)
    const pods = byNode.get(name) ?? []
    if (starts && pods.length === 0) create.push(name)
    if (!stays) gone.push(...pods.filter((it) => !isTerminating(it)))
    else if (pods.length > 0) {
      failed.push(...pods.filter((it) => hasEnded(it) && !isTerminating(it)))
      const [, ...doubles] = pods.filter((it) => !hasEnded(it) && !isTerminating(it)).sort((a, b) => Number(isOfHash(b, view.hash)) - Number(isOfHash(a, view.hash)))
      if (surgeOf(view) === 0) gone.push(...doubles)
    }
  }
  if (create.length + gone.length + failed.length > 0) return { create, delete: gone, failed }
  return rollOn(view, byNode)
}

const isOfHash = (pod: Pod, hash: string): boolean => pod.metadata.labels?.[hashKey] === hash

const wanted = ({ nodes, set }: DaemonView): ReadonlyArray<Node> => nodes.filter((it) => fitOf(set, it).starts)

const shareNamed = (view: DaemonView, name: "maxSurge" | "maxUnavailable"): number => {
  const part = view.set.spec?.updateStrategy?.rollingUpdate?.[name] ?? (name === "maxSurge" ? 0 : 1)
  return shareOf(part, wanted(view).length, Math.ceil)
}

const surgeOf = (view: DaemonView): number => (view.set.spec?.updateStrategy?.type === "OnDelete" ? 0 : shareNamed(view, "maxSurge"))

const rollOn = (view: DaemonView, byNode: ReadonlyMap<string, ReadonlyArray<Pod>>): DaemonPlan => {
  const none: DaemonPlan = { create: [], delete: [], failed: [] }
  if (view.set.spec?.updateStrategy?.type === "OnDelete") return none
  const isUp = (pod: Pod): boolean => isAvailable(pod, view.set.spec?.minReadySeconds ?? 0, view.now)
  const rows = wanted(view).map((node) => {
    const pods = (byNode.get(node.metadata.name!) ?? []).filter((it) => !isTerminating(it))
    return { name: node.metadata.name!, old: pods.find((it) => !isOfHash(it, view.hash)), next: pods.find((it) => isOfHash(it, view.hash)) }
  })
  const surge = surgeOf(view)
  if (surge > 0) {
    const done = rows.flatMap(({ next, old }) => (old !== undefined && next !== undefined && isUp(next) ? [old] : []))
    const room = surge - rows.filter(({ next, old }) => old !== undefined && next !== undefined && !isUp(next)).length
    return { ...none, delete: done, create: rows.filter(({ next, old }) => old !== undefined && next === undefined).map((it) => it.name).slice(0, Math.max(0, room)) }
  }
  const down = rows.filter(({ next, old }) => { const pod = next ?? old; return pod === undefined || !isUp(pod) })
  const broken = down.flatMap(({ old }) => (old === undefined ? [] : [old]))
  const room = Math.max(0, shareNamed(view, "maxUnavailable") - down.length)
  const healthy = rows.flatMap(({ old }) => (old !== undefined && isUp(old) ? [old] : [])).slice(0, room)
  return { ...none, delete: [...broken, ...healthy] }
}

export type DaemonSetStatus = Exclude<DaemonSet["status"], undefined>

/** Counts the nodes. */
export const daemonStatus = (view: DaemonView): DaemonSetStatus => {
  const { hash, nodes, now, pods, set } = view
  const byNode = podsByNode(pods)
  const count = { desired: 0, current: 0, wrong: 0, ready: 0, available: 0, updated: 0 }
  for (const node of nodes) {
    const there = (byNode.get(node.metadata.name!) ?? []).filter((it) => !isTerminating(it))
    if (!fitOf(set, node).starts) {
      if (there.length > 0) count.wrong++
      continue
    }
    count.desired++
    const [pod] = there
    if (pod === undefined) continue
    count.current++
    if (there.some(isReady)) count.ready++
    if (there.some((it) => isAvailable(it, set.spec?.minReadySeconds ?? 0, now))) count.available++
    if (there.some((it) => isOfHash(it, hash))) count.updated++
  }
  const missing = count.desired - count.available
  return {
    currentNumberScheduled: count.current,
    numberMisscheduled: count.wrong,
    desiredNumberScheduled: count.desired,
    numberReady: count.ready,
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    ...(count.updated === 0 ? {} : { updatedNumberScheduled: count.updated }),
    ...(count.available === 0 ? {} : { numberAvailable: count.available }),
    ...(missing === 0 ? {} : { numberUnavailable: missing })
  }
}
