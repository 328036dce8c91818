/** The objects that plugins launch, followed once and shared: a change wakes the action, and plugins read from the same cache. */
import { type Change, Informer } from "@fairlead/controller"
import { TaskAction } from "@fairlead/core"
import type { KubeObject, KubeResource, KubeTransport } from "@fairlead/kube"
import { Context, Effect, Layer } from "effect"

/** Name of the index of launched objects by the uids of their owners. */
export const byOwner = "owner"

const noUids: ReadonlyArray<string> = []

const ownerUids = ({ metadata }: KubeObject): ReadonlyArray<string> => {
  const owners = metadata.ownerReferences
  return owners === undefined ? noUids : owners.length === 1 ? [owners[0]!.uid] : owners.map((it) => it.uid)
}

/** Informers of launched objects, one for each kind that the plugins in use launch. */
export class LaunchedObjects extends Context.Service<LaunchedObjects, {
  readonly informers: ReadonlyArray<Informer>
}>()("@fairlead/reconciler/LaunchedObjects") {
  /** Follows objects of these kinds that carry the managed label, in one namespace or in all. */
  static readonly layer = (
    resources: ReadonlyArray<KubeResource.KubeResource>,
    namespace?: string
  ): Layer.Layer<LaunchedObjects, never, KubeTransport> =>
    Layer.effect(
      LaunchedObjects,
      Effect.map(
        Effect.forEach(resources, (resource) => Informer.make({ resource, namespace, labelSelector: `${TaskAction.labels.managed}=true`, indexes: { [byOwner]: ownerUids } })),
        (informers) => ({ informers })
      )
    )
}

interface Status {
  readonly phase?: string
  readonly conditions?: ReadonlyArray<{ readonly type: string; readonly status: string }>
  readonly containerStatuses?: ReadonlyArray<unknown>
  readonly initContainerStatuses?: ReadonlyArray<unknown>
}

/**
 * True for a change of a launched object that can bring its action further: a new status, its deletion. An object that
 * was only just created is no news to the engine, which created it; nor is that a pod has got its node, where nothing has begun yet.
 */
export const isNews = (change: Change): boolean => {
  if (change.type === "Deleted" || change.initial === true) return true
  const status = statusOf(change.object)
  if (change.type === "Added") {
    return status !== undefined && (status.phase ?? "Pending") !== "Pending" || (status?.containerStatuses?.length ?? 0) > 0
  }
  if (change.previous?.metadata.deletionTimestamp !== change.object.metadata.deletionTimestamp) return true
  return statusOf(change.previous) !== status && !(change.object.kind === "Pod" && isOnlyBound(status))
}

const isOnlyBound = (status: Status | undefined): boolean =>
  status?.phase === "Pending" && status.containerStatuses === undefined && status.initContainerStatuses === undefined &&
  (status.conditions?.every((it) => it.type === "PodScheduled" && it.status === "True") ?? false)

const statusOf = (object: KubeObject | undefined): Status | undefined => (object as { readonly status?: Status } | undefined)?.status
