/** The pods and claims of a stateful set, by their ordinals. Pure. */
import type { ControllerRevision, ObjectMeta, PersistentVolumeClaim, Pod, PodTemplateSpec, StatefulSet } from "@fairlead/kube"
import { OwnerReferences } from "@fairlead/controller"
import { KubeResource } from "@fairlead/kube"
import { templateOf } from "../revisionHistory.ts"

const podNameKey = "statefulset.kubernetes.io/pod-name"
const podIndexKey = "apps.kubernetes.io/pod-index"
export const revisionKey = "controller-revision-hash"

export const startOf = ({ spec }: StatefulSet): number => spec?.ordinals?.start ?? 0
export const replicasOf = ({ spec }: StatefulSet): number => spec?.replicas ?? 1

/** The ordinal in the name of one of the set's pods. */
export const ordinalOf = (set: StatefulSet, pod: Pod): number | undefined => {
  const prefix = `${set.metadata.name}-`
  const name = pod.metadata.name ?? ""
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : ""
  return /^\d+$/.test(rest) ? Number(rest) : undefined
}

/** The pod of an ordinal in the given version of the template. */
export const podOf = (set: StatefulSet, ordinal: number, revision: ControllerRevision): Pod => {
  const template: PodTemplateSpec = templateOf(revision)
  const { annotations, labels } = (template.metadata ?? {}) as Partial<ObjectMeta>
  const name = `${set.metadata.name}-${ordinal}`
  const claims = (set.spec?.volumeClaimTemplates ?? []).map((it) => {
    const volume = it.metadata!.name!
    return { name: volume, persistentVolumeClaim: { claimName: `${volume}-${name}`, readOnly: false } }
  })
  const taken = new Set(claims.map((it) => it.name))
  const volumes = [...claims, ...(template.spec?.volumes ?? []).filter((it) => !taken.has(it.name))]
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace!,
      labels: { ...labels, [podNameKey]: name, [podIndexKey]: String(ordinal), [revisionKey]: revision.metadata.name! },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [OwnerReferences.to(KubeResource.statefulSets, set)]
    },
    spec: {
      ...template.spec!,
      hostname: name,
      ...(set.spec?.serviceName === undefined || set.spec.serviceName === "" ? {} : { subdomain: set.spec.serviceName }),
      ...(volumes.length === 0 ? {} : { volumes })
    }
  }
}

/** The claims of an ordinal. With the policy `Delete` they go with the set. */
export const claimsOf = (set: StatefulSet, ordinal: number): ReadonlyArray<PersistentVolumeClaim> =>
  (set.spec?.volumeClaimTemplates ?? []).map((template) => {
    const { annotations, labels, name } = template.metadata as Partial<ObjectMeta>
    const goesAlong = set.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === "Delete"
    return {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: {
        name: `${name}-${set.metadata.name}-${ordinal}`,
        namespace: set.metadata.namespace!,
        labels: { ...labels, ...set.spec?.selector.matchLabels },
        ...(annotations === undefined ? {} : { annotations }),
        ...(goesAlong ? { ownerReferences: [OwnerReferences.to(KubeResource.statefulSets, set)] } : {})
      },
      spec: template.spec!
    }
  })
