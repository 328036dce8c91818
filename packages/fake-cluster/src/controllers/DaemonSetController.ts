/** Keeps one pod of a daemon set on every node that it fits. */
import { Controller, Result, Source } from "@fairlead/controller"
import { type DaemonSet, jsonEqual, KubeError, KubeResource, type Node, type ObjectMeta, type Pod } from "@fairlead/kube"
import { Clock, Effect } from "effect"
import { type DaemonView, daemonStatus, hashKey, planDaemons, specFor } from "../internal/daemonSets/daemonPlan.ts"
import { claim, claimsOf } from "../internal/podClaims.ts"
import { createPod, deletePod, type PodControl, podFromTemplate } from "../internal/podControl.ts"
import { nextAvailableAt } from "../internal/replicaStatus.ts"
import * as RevisionHistory from "../internal/revisionHistory.ts"
import { unlessGone } from "../internal/unlessGone.ts"
import { type ControllerSetting, queue } from "./ControllerSetting.ts"

const resource = KubeResource.daemonSets

/** Runs until interrupted. */
export const run = (setting: ControllerSetting): Effect.Effect<never> => {
  const sets = setting.follow<DaemonSet>(resource)
  const nodes = setting.follow<Node>(KubeResource.nodes)
  const control: PodControl = { client: setting.client, resource, tell: setting.tellAs("daemonset-controller") }
  const all = () => sets.store.list().map(({ metadata }) => ({ namespace: metadata.namespace, name: metadata.name! }))
  return Controller.run({
    name: "daemonset",
    workers: 2,
    shutdownTimeout: 0,
    queue,
    caches: [setting.follow(KubeResource.controllerRevisions)],
    sources: [
      Source.of(sets),
      Source.owned(setting.pods, { group: "apps", kind: "DaemonSet" }),
      Source.mapped(nodes, all, { predicate: ({ object, previous }) => previous === undefined || !jsonEqual([object.spec, object.metadata.labels], [previous.spec, previous.metadata.labels]) })
    ],
    reconcile: ({ name, namespace }) => {
      const set = sets.store.get(namespace, name)
      return set === undefined || set.metadata.deletionTimestamp !== undefined ? Effect.succeed(Result.done) : sync(setting, control, nodes.store.list(), set)
    }
  })
}

const sync = Effect.fnUntraced(function*(setting: ControllerSetting, control: PodControl, nodes: ReadonlyArray<Node>, set: DaemonSet): Effect.fn.Return<Result, KubeError.KubeError> {
  const claims = claimsOf(set, set.spec?.selector, setting.podIndex.ofNamespace(set.metadata.namespace!))
  const pods = yield* claim(setting.client, resource, set, KubeResource.pods, claims)
  const { revisions, update } = yield* RevisionHistory.sync(setting, resource, set as never, hashKey)
  const hash = update.metadata.labels?.[hashKey] ?? ""
  const view: DaemonView = { set, pods, nodes, hash, now: yield* Clock.currentTimeMillis }
  const outcome = yield* Effect.result(carryOut(control, view))
  const status = daemonStatus(view)
  if (!jsonEqual(set.status ?? {}, status)) yield* unlessGone(control.client.update<DaemonSet>(resource, { ...set, status }, { subresource: "status" }))
  if (outcome._tag === "Failure") return yield* outcome.failure
  const used = new Set([hash, ...pods.map((it) => it.metadata.labels?.[hashKey] ?? "")])
  yield* RevisionHistory.trim(setting, set as never, revisions, new Set(revisions.filter((it) => used.has(it.metadata.labels?.[hashKey] ?? "")).map((it) => it.metadata.name!)))
  const next = nextAvailableAt(pods, set.spec?.minReadySeconds ?? 0, view.now)
  return next === undefined ? Result.done : Result.requeueAfter(next - view.now)
})

const carryOut = Effect.fnUntraced(function*(control: PodControl, view: DaemonView): Effect.fn.Return<void, KubeError.KubeError> {
  const { set } = view
  const plan = planDaemons(view)
  for (const pod of plan.failed) {
    const { name } = pod.metadata
    yield* control.tell(resource, set, "Warning", "FailedDaemonPod", `Found failed daemon pod ${pod.metadata.namespace}/${name} on node ${pod.spec?.nodeName ?? ""}, will try to kill it`)
    yield* deletePod(control, set, pod)
  }
  for (const pod of plan.delete) yield* deletePod(control, set, pod)
  for (const node of plan.create) yield* createPod(control, set, podFor(view, node))
})

const podFor = ({ hash, set }: DaemonView, node: string): Pod => {
  const { template } = set.spec!
  const labels = { ...((template.metadata ?? {}) as Partial<ObjectMeta>).labels, [hashKey]: hash }
  const generation = set.metadata.annotations?.["deprecated.daemonset.template.generation"]
  return podFromTemplate(resource, set, { ...template, spec: specFor(template, node) }, {
    labels: generation === undefined ? labels : { ...labels, "pod-template-generation": generation }
  })
}
