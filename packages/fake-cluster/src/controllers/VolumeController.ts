/** Binds claims to volumes, and keeps both from going while they are in use. */
import { Controller, Result, Source } from "@fairlead/controller"
import { KubeError, type KubeObject, KubeResource, type PersistentVolume, type PersistentVolumeClaim, type Pod, type StorageClass } from "@fairlead/kube"
import { Effect } from "effect"
import type { Tell } from "../internal/coreEvents.ts"
import { hasEnded } from "../internal/podFacts.ts"
import { isFor, volumeFor } from "../internal/volumes/volumeMatch.ts"
import { unlessGone } from "../internal/unlessGone.ts"
import { type ControllerSetting, queue } from "./ControllerSetting.ts"

const claimKind = KubeResource.persistentVolumeClaims
const volumeKind = KubeResource.persistentVolumes
const boundKeys = { "pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes" }

interface Volumes {
  readonly setting: ControllerSetting
  readonly tell: Tell
}

/** Runs until interrupted. Keys without a namespace are volumes. */
export const run = (setting: ControllerSetting): Effect.Effect<never> => {
  const claims = setting.follow<PersistentVolumeClaim>(claimKind)
  const volumes = setting.follow<PersistentVolume>(volumeKind)
  const context: Volumes = { setting, tell: setting.tellAs("persistentvolume-controller") }
  const waiting = () => claims.store.list().filter((it) => it.status?.phase !== "Bound").map(({ metadata }) => ({ namespace: metadata.namespace, name: metadata.name! }))
  const volumeOf = ({ spec }: PersistentVolumeClaim) => (spec?.volumeName === undefined ? [] : [{ name: spec.volumeName }])
  const claimsOf = ({ metadata, spec }: Pod) => (spec?.volumes ?? []).flatMap((it) => (it.persistentVolumeClaim === undefined ? [] : [{ namespace: metadata.namespace, name: it.persistentVolumeClaim.claimName }]))
  return Controller.run({
    name: "persistentvolume",
    workers: 1,
    shutdownTimeout: 0,
    queue,
    sources: [
      Source.of(claims), Source.of(volumes), Source.mapped(claims, volumeOf), Source.mapped(volumes, waiting),
      Source.mapped(setting.pods, claimsOf, { predicate: ({ object, type }) => type === "Deleted" || hasEnded(object) })
    ],
    reconcile: ({ name, namespace }) => {
      if (namespace === undefined) {
        const volume = volumes.store.get(undefined, name)
        return Effect.as(volume === undefined ? Effect.void : syncVolume(context, volume), Result.done)
      }
      const claim = claims.store.get(namespace, name)
      return Effect.as(claim === undefined ? Effect.void : syncClaim(context, claim), Result.done)
    }
  })
}

const syncClaim = Effect.fnUntraced(function*(context: Volumes, claim: PersistentVolumeClaim): Effect.fn.Return<void, KubeError.KubeError> {
  const { podIndex } = context.setting
  if (claim.metadata.deletionTimestamp !== undefined) {
    const isUsed = podIndex.ofNamespace(claim.metadata.namespace!).some((pod) =>
      !hasEnded(pod) && pod.spec?.nodeName !== undefined && pod.spec.volumes?.some((it) => it.persistentVolumeClaim?.claimName === claim.metadata.name) === true)
    return isUsed ? undefined : yield* letGo(context, claimKind, claim, "kubernetes.io/pvc-protection")
  }
  const volume = volumeFor(claim, context.setting.follow<PersistentVolume>(volumeKind).store.list())
  if (claim.metadata.annotations?.["pv.kubernetes.io/bind-completed"] !== undefined) {
    const isLost = volume === undefined && claim.status?.phase !== "Lost"
    if (isLost) yield* setStatus(context, claimKind, claim, { ...claim.status, phase: "Lost" })
    return volume === undefined || claim.status?.phase === "Bound" ? undefined : yield* finishClaim(context, claim, volume)
  }
  if (volume === undefined) return yield* tellWait(context, claim)
  yield* bind(context, claim, volume)
})

/** Says why nothing is bound yet. */
const tellWait = Effect.fnUntraced(function*({ setting, tell }: Volumes, claim: PersistentVolumeClaim): Effect.fn.Return<void, KubeError.KubeError> {
  const name = claim.spec?.storageClassName ?? ""
  if (name === "") return yield* tell(claimKind, claim, "Normal", "FailedBinding", "no persistent volumes available for this claim and no storage class is set")
  const found = yield* unlessGone(setting.client.get<StorageClass>(KubeResource.storageClasses, { name }))
  if (found === undefined) return yield* tell(claimKind, claim, "Warning", "ProvisioningFailed", `storageclass.storage.k8s.io "${name}" not found`)
  if (found.volumeBindingMode === "WaitForFirstConsumer") {
    return yield* tell(claimKind, claim, "Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding")
  }
  if (found.provisioner === "kubernetes.io/no-provisioner") return
  yield* tell(claimKind, claim, "Normal", "ExternalProvisioning", `Waiting for a volume to be created either by the external provisioner '${found.provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`)
})

/** In the order of the original, so that an interruption leaves nothing that cannot be taken up again: the volume first, then the claim. */
const bind = Effect.fnUntraced(function*(context: Volumes, claim: PersistentVolumeClaim, volume: PersistentVolume): Effect.fn.Return<void, KubeError.KubeError> {
  const { client } = context.setting
  const { name, namespace, resourceVersion, uid } = claim.metadata
  const claimRef = { kind: "PersistentVolumeClaim", namespace, name, uid, apiVersion: "v1", resourceVersion }
  const isPromised = volume.spec?.claimRef !== undefined
  const bound = volume.spec?.claimRef?.uid === uid ? volume : yield* client.update<PersistentVolume>(volumeKind, {
    ...volume,
    metadata: { ...volume.metadata, annotations: { ...volume.metadata.annotations, ...(isPromised ? {} : { "pv.kubernetes.io/bound-by-controller": "yes" }) } },
    spec: { ...volume.spec!, claimRef: claimRef as never }
  })
  if (bound.status?.phase !== "Bound") yield* setStatus(context, volumeKind, bound, { ...bound.status, phase: "Bound" })
  const { "pv.kubernetes.io/bound-by-controller": byController, ...completed } = boundKeys
  const isChosen = claim.spec?.volumeName === undefined
  const updated = yield* client.update<PersistentVolumeClaim>(claimKind, {
    ...claim,
    metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, ...completed, ...(isChosen ? { "pv.kubernetes.io/bound-by-controller": byController } : {}) } },
    spec: { ...claim.spec!, volumeName: bound.metadata.name! }
  })
  yield* finishClaim(context, updated, bound)
})

const finishClaim = (context: Volumes, claim: PersistentVolumeClaim, volume: PersistentVolume): Effect.Effect<void, KubeError.KubeError> =>
  setStatus(context, claimKind, claim, { ...claim.status, phase: "Bound", accessModes: volume.spec?.accessModes, capacity: volume.spec?.capacity })

const syncVolume = Effect.fnUntraced(function*(context: Volumes, volume: PersistentVolume): Effect.fn.Return<void, KubeError.KubeError> {
  const { claimRef, persistentVolumeReclaimPolicy } = volume.spec ?? {}
  const claim = claimRef === undefined ? undefined : context.setting.follow<PersistentVolumeClaim>(claimKind).store.get(claimRef.namespace, claimRef.name ?? "")
  const isBound = claim !== undefined && isFor(volume, claim) && claimRef?.uid !== undefined
  if (volume.metadata.deletionTimestamp !== undefined) return isBound ? undefined : yield* letGo(context, volumeKind, volume, "kubernetes.io/pv-protection")
  const phase = claimRef?.uid === undefined ? "Available" : isBound ? "Bound" : "Released"
  if (volume.status?.phase !== phase && !(phase === "Bound" && claim?.spec?.volumeName !== volume.metadata.name)) {
    yield* setStatus(context, volumeKind, volume, { ...volume.status, phase })
  }
  if (phase === "Released" && persistentVolumeReclaimPolicy === "Delete") yield* unlessGone(context.setting.client.delete(volumeKind, { name: volume.metadata.name! }))
})

const setStatus = ({ setting }: Volumes, resource: KubeResource.KubeResource, object: KubeObject, status: object): Effect.Effect<void, KubeError.KubeError> =>
  Effect.asVoid(unlessGone(setting.client.update(resource, { ...object, status } as KubeObject, { subresource: "status" })))

const letGo = ({ setting }: Volumes, resource: KubeResource.KubeResource, { metadata }: KubeObject, finalizer: string): Effect.Effect<void, KubeError.KubeError> => {
  const finalizers = metadata.finalizers ?? []
  if (!finalizers.includes(finalizer)) return Effect.void
  const patch = { metadata: { uid: metadata.uid, resourceVersion: metadata.resourceVersion, finalizers: finalizers.filter((it) => it !== finalizer) } }
  return Effect.asVoid(unlessGone(setting.client.patch(resource, { namespace: metadata.namespace, name: metadata.name! }, "merge", patch)))
}
