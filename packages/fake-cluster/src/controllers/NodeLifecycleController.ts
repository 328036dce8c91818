/** Notices nodes that are silent, taints nodes by their conditions, and drives pods away from where they cannot stay. */
import { Controller, Result, Source } from "@fairlead/controller"
import { KubeClient, type KubeError, KubeResource, KubeTime, type Lease, type Node, type Pod } from "@fairlead/kube"
import { Clock, Effect } from "effect"
import type { Tell } from "../internal/coreEvents.ts"
import { drivingTaints, leavesAt, taintsFor } from "../internal/nodes/nodeTaints.ts"
import { hasEnded } from "../internal/podFacts.ts"
import { unlessGone } from "../internal/unlessGone.ts"
import { type ControllerSetting, queue } from "./ControllerSetting.ts"

/** What the controller knows beyond the objects. */
export interface NodeLifecycleOptions {
  /**
   * Since when a node of the cluster itself is silent: `"present"` while it is not, `undefined` for nodes that have to show by leases and
   * status that they are there.
   */
  readonly silentSince: (node: string) => number | "present" | undefined
  /** Takes the function that asks for a node to be looked at. */
  readonly onJudge?: (judge: (node: string) => void) => void
}

/** A node that was heard of so long ago is unreachable. */
const graceMillis = 50_000
/** What a node gets that has never been heard of. */
const startupMillis = 60_000
const leaseNamespace = "kube-node-lease"

interface Seen {
  readonly sign: string
  readonly at: number
}

interface Lifecycle {
  readonly setting: ControllerSetting
  readonly options: NodeLifecycleOptions
  readonly client: KubeClient["Service"]
  readonly tell: Tell
  readonly tellEviction: Tell
  /** By node: the last sign of life and when it was seen, by the clock of this program. */
  readonly seen: Map<string, Seen>
  /** Nodes whose taints end pods, and since when each pod there bears them, by uid. */
  readonly driving: Map<string, ReadonlyMap<string, number>>
}

/** Runs until interrupted. */
export const run = (setting: ControllerSetting, options: NodeLifecycleOptions): Effect.Effect<never> => {
  const nodes = setting.follow<Node>(KubeResource.nodes)
  const leases = setting.follow<Lease>(KubeResource.leases)
  const lifecycle: Lifecycle = {
    setting, options, client: setting.client, tell: setting.tellAs("node-controller"), tellEviction: setting.tellAs("taint-eviction-controller"), seen: new Map(), driving: new Map()
  }
  return Controller.run({
    name: "node-lifecycle",
    workers: 4,
    shutdownTimeout: 0,
    queue: { ...queue, tenantOf: () => "" },
    caches: [setting.pods],
    sources: [
      Source.of(nodes),
      Source.mapped(leases, ({ metadata }) => [{ name: metadata.name! }], { predicate: ({ object }) => object.metadata.namespace === leaseNamespace }),
      Source.external((enqueue) => {
        options.onJudge?.((name) => enqueue({ name }))
        return () => {}
      }),
      Source.external((enqueue) =>
        setting.pods.subscribe(({ object, type }) => {
          if (lifecycle.driving.size === 0 || type === "Deleted" || object.spec?.nodeName === undefined) return
          if (lifecycle.driving.has(object.spec.nodeName)) enqueue({ name: object.spec.nodeName })
        }))
    ],
    reconcile: ({ name }) => {
      const node = nodes.store.get(undefined, name)
      if (node !== undefined) return sync(lifecycle, node, leases.store.get(leaseNamespace, name))
      lifecycle.seen.delete(name)
      lifecycle.driving.delete(name)
      return Effect.succeed(Result.done)
    }
  })
}

const sync = Effect.fnUntraced(function*(lifecycle: Lifecycle, node: Node, lease: Lease | undefined): Effect.fn.Return<Result, KubeError.KubeError> {
  const name = node.metadata.name!
  const now = yield* Clock.currentTimeMillis
  const silentAt = silenceOf(lifecycle, node, lease, now)
  const isKnownSilent = node.status?.conditions?.find((it) => it.type === "Ready")?.status === "Unknown"
  if (silentAt !== undefined && silentAt <= now && !isKnownSilent) {
    yield* declareSilent(lifecycle, node, now)
    return Result.done
  }
  const taints = taintsFor(node, now)
  if (taints !== undefined) {
    const { resourceVersion } = node.metadata
    yield* unlessGone(lifecycle.client.patch<Node>(KubeResource.nodes, { name }, "merge", { metadata: { resourceVersion }, spec: { taints: taints.length === 0 ? null : taints } }))
    return Result.done
  }
  const leavesNext = yield* drive(lifecycle, node, now)
  const times = [leavesNext, isKnownSilent ? undefined : silentAt].filter((it) => it !== undefined)
  return times.length === 0 ? Result.done : Result.requeueAfter(Math.max(1, Math.min(...times) - now))
})

/** When the node counts as silent if nothing more is heard of it. */
const silenceOf = ({ options, seen }: Lifecycle, node: Node, lease: Lease | undefined, now: number): number | undefined => {
  const name = node.metadata.name!
  const since = options.silentSince(name)
  if (since === "present") return undefined
  if (since !== undefined) return since + graceMillis
  const ready = node.status?.conditions?.find((it) => it.type === "Ready")
  const sign = `${lease?.spec?.renewTime ?? ""} ${ready?.status === "Unknown" ? "" : (ready?.lastHeartbeatTime ?? "")}`
  const before = seen.get(name)
  if (before?.sign !== sign) seen.set(name, { sign, at: now })
  const at = before?.sign === sign ? before.at : now
  return at + (ready === undefined && lease === undefined ? startupMillis : graceMillis)
}

const conditionTypes = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"]

const declareSilent = Effect.fnUntraced(function*({ client, setting, tell }: Lifecycle, node: Node, now: number): Effect.fn.Return<void, KubeError.KubeError> {
  const name = node.metadata.name!
  const time = KubeTime.format(now)
  const conditions = conditionTypes.map((type) => {
    const before = node.status?.conditions?.find((it) => it.type === type)
    return before === undefined
      ? { type, status: "Unknown", reason: "NodeStatusNeverUpdated", message: "Kubelet never posted node status.", lastHeartbeatTime: node.metadata.creationTimestamp, lastTransitionTime: time }
      : { type, status: "Unknown", reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status.", lastHeartbeatTime: before.lastHeartbeatTime, lastTransitionTime: time }
  })
  yield* unlessGone(client.patch<Node>(KubeResource.nodes, { name, subresource: "status" }, "strategic", { status: { conditions } }))
  yield* tell(KubeResource.nodes, node, "Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`)
  for (const pod of podsOn(setting, name)) {
    const ready = pod.status?.conditions?.find((it) => it.type === "Ready")
    if (ready?.status !== "True") continue
    const condition = { ...ready, status: "False", lastTransitionTime: time }
    const { name: podName, namespace, uid } = pod.metadata
    yield* unlessGone(client.patch<Pod>(KubeResource.pods, { namespace, name: podName!, subresource: "status" }, "strategic", { metadata: { uid }, status: { conditions: [condition] } }))
    yield* tell(KubeResource.pods, pod, "Warning", "NodeNotReady", "Node is not ready")
  }
})

const podsOn = ({ pods }: ControllerSetting, node: string): ReadonlyArray<Pod> => pods.store.list().filter((it) => it.spec?.nodeName === node && !hasEnded(it))

/** Deletes the pods that do not tolerate the node's taints any longer; answers when the next one has to go. */
const drive = Effect.fnUntraced(function*({ client, driving, setting, tellEviction }: Lifecycle, node: Node, now: number): Effect.fn.Return<number | undefined, KubeError.KubeError> {
  const name = node.metadata.name!
  const taints = drivingTaints(node)
  if (taints.length === 0) {
    driving.delete(name)
    return undefined
  }
  const before = driving.get(name)
  const since = new Map<string, number>()
  driving.set(name, since)
  let next: number | undefined
  for (const pod of podsOn(setting, name)) {
    if (pod.metadata.deletionTimestamp !== undefined) continue
    const uid = pod.metadata.uid!
    since.set(uid, before?.get(uid) ?? now)
    const at = leavesAt(pod, taints, since.get(uid)!)
    if (at === undefined) continue
    if (at > now) {
      next = Math.min(next ?? at, at)
      continue
    }
    const key = { namespace: pod.metadata.namespace, name: pod.metadata.name! }
    const condition = {
      type: "DisruptionTarget", status: "True", reason: "DeletionByTaintManager", message: "Taint manager: deleting due to NoExecute taint", lastTransitionTime: KubeTime.format(now)
    }
    yield* tellEviction(KubeResource.pods, pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${key.namespace}/${key.name}`)
    yield* unlessGone(client.patch<Pod>(KubeResource.pods, { ...key, subresource: "status" }, "strategic", { metadata: { uid }, status: { conditions: [condition] } }))
    yield* unlessGone(client.delete(KubeResource.pods, key, { preconditions: { uid } }))
  }
  return next
})
