/** The nodes of a cluster: registered, scheduled on, run by one kubelet, and subject to what befalls nodes. */
import { EventRecorder } from "@fairlead/controller"
import { KubeClient, KubeError, type Pod } from "@fairlead/kube"
import { Clock, Context, type Duration, Effect, Layer, type Scope } from "effect"
import type { ControllerSetting } from "../../controllers/ControllerSetting.ts"
import * as NodeLifecycleController from "../../controllers/NodeLifecycleController.ts"
import * as Kubelet from "../../Kubelet.ts"
import * as Nodes from "../../Nodes.ts"
import type { PodRuntime } from "../../PodRuntime.ts"
import * as PodScheduler from "../../PodScheduler.ts"
import type { PressedResource } from "../evictionRank.ts"
import type { PodEvent } from "../podEvents.ts"
import { LostNodes, postReady, press, relieve } from "./nodeFaults.ts"

/** What the nodes are made of. */
export interface ClusterNodesOptions {
  readonly templates: ReadonlyArray<Nodes.NodeTemplate>
  readonly runtime: PodRuntime
  readonly heartbeat: Duration.Input | undefined
  readonly events: boolean
}

/** Running nodes. */
export interface ClusterNodes {
  readonly kubelet: Kubelet.Kubelet
  readonly lose: (node: string, crash: boolean) => Effect.Effect<void>
  readonly restore: (node: string) => Effect.Effect<void, KubeError.KubeError>
  readonly press: (node: string, resource: PressedResource) => Effect.Effect<string | undefined, KubeError.KubeError>
  readonly relieve: (node: string, resource: PressedResource) => Effect.Effect<void, KubeError.KubeError>
}

type Informers = Pick<PodScheduler.PodSchedulerOptions, "pods" | "nodes" | "namespaces" | "budgets">

/** Starts them; they stop when the scope closes. */
export const start = Effect.fnUntraced(function*(
  { events, heartbeat, runtime, templates }: ClusterNodesOptions,
  informers: Informers,
  setting: ControllerSetting
): Effect.fn.Return<ClusterNodes, KubeError.KubeError, KubeClient | Scope.Scope> {
  const client = yield* KubeClient
  const lost = new LostNodes()
  const addresses = new Map(templates.map((it, at) => [it.name, Nodes.addressAt(at)]))
  for (const template of templates) yield* Nodes.register(template, addresses.get(template.name)!)
  if (heartbeat !== undefined) {
    for (const { name } of templates) yield* Effect.forkScoped(Nodes.heartbeat(name, heartbeat, () => !lost.isLost(name)))
  }
  const tellOf = (name: string) => (events ? recorder(name) : Effect.undefined)
  yield* Effect.forkScoped(PodScheduler.run({ ...informers, tell: yield* tellOf("default-scheduler") }))
  let judge: (node: string) => void = () => {}
  const judged = { onJudge: (listener: (node: string) => void) => { judge = listener } }
  yield* Effect.forkScoped(NodeLifecycleController.run(setting, { ...judged, silentSince: (node) => (addresses.has(node) ? (lost.since(node) ?? "present") : undefined) }))
  const kubelet = yield* Kubelet.make({ runtime, pods: informers.pods, addressOf: (node) => addresses.get(node), isLost: lost.isLost, tell: yield* tellOf("kubelet") })
  return {
    kubelet,
    lose: Effect.fnUntraced(function*(node, crash) {
      lost.lose(node, yield* Clock.currentTimeMillis)
      if (crash) yield* kubelet.crash(node)
      // Nobody writes anything at this moment: whoever judges nodes has to be told to look.
      judge(node)
    }),
    restore: Effect.fnUntraced(function*(node) {
      lost.restore(node)
      yield* postReady(client, node)
      kubelet.resume(node)
    }),
    press: (node, resource) => press(client, kubelet, node, resource),
    relieve: (node, resource) => relieve(client, node, resource)
  }
})

/** Records events about pods in the name of a component. */
const recorder = Effect.fnUntraced(function*(reportingController: string): Effect.fn.Return<(pod: Pod, event: PodEvent) => Effect.Effect<void>, never, KubeClient | Scope.Scope> {
  const services = yield* Layer.build(EventRecorder.layer({ reportingController, reportingInstance: "fairlead" }))
  const { record } = Context.get(services, EventRecorder)
  return (pod, event) => record({ regarding: { apiVersion: "v1", kind: "Pod", metadata: pod.metadata }, ...event })
})
