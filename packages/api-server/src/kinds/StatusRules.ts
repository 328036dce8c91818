/** Kinds whose new objects start with a status that says more than nothing. */
import { KubeTime } from "@fairlead/kube"
import { field } from "../Draft.ts"
import { keepSpec, type KindRules } from "../rest/KindRules.ts"

interface ClaimSource {
  readonly apiGroup?: string | null
  readonly kind?: string
  readonly name?: string
  readonly namespace?: string
}

interface ClaimSpec {
  readonly dataSource?: ClaimSource
  readonly dataSourceRef?: ClaimSource
}

/** The old field takes other claims and snapshots alone, and forgets everything else. */
const isOldSource = ({ apiGroup, kind }: ClaimSource): boolean =>
  (kind === "PersistentVolumeClaim" && !apiGroup) || (kind === "VolumeSnapshot" && apiGroup === "snapshot.storage.k8s.io")

/** What a claim starts from may be named in either of two fields, and then stands in both. Sources in other namespaces are not turned on. */
const withSources = ({ dataSource, dataSourceRef, ...spec }: ClaimSpec): ClaimSpec => {
  const ref = dataSourceRef?.namespace ? undefined : dataSourceRef
  const source = dataSource !== undefined && ref === undefined && !isOldSource(dataSource) ? undefined : dataSource
  const { namespace: _, ...named } = ref ?? {}
  return {
    ...spec,
    ...(source === undefined && ref === undefined ? {} : { dataSource: source ?? named, dataSourceRef: ref ?? source! })
  }
}

/** Claims wait for a volume. */
export const claimRules: Partial<KindRules> = {
  prepareCreate: (draft) => {
    draft["status"] = { phase: "Pending" }
    const spec = field<ClaimSpec>(draft, "spec")
    if (spec?.dataSource !== undefined || spec?.dataSourceRef !== undefined) draft["spec"] = withSources(spec)
  }
}

/** Volumes wait for their controller, and remember since when. */
export const volumeRules: Partial<KindRules> = {
  prepareCreate: (draft) => void (draft["status"] = { phase: "Pending", lastPhaseTransitionTime: draft.metadata.creationTimestamp }),
  prepareStatus: (draft, previous, { server }) => {
    keepSpec(draft, previous)
    const status = field<{ readonly phase?: string; readonly lastPhaseTransitionTime?: string }>(draft, "status")
    const before = field<{ readonly phase?: string; readonly lastPhaseTransitionTime?: string }>(previous, "status")
    const isTimed = status?.lastPhaseTransitionTime !== undefined && status.lastPhaseTransitionTime !== before?.lastPhaseTransitionTime
    if (status === undefined || isTimed) return
    const moved = status.phase !== before?.phase
    const time = moved ? KubeTime.format(server.now()) : before?.lastPhaseTransitionTime
    if (time !== undefined) draft["status"] = { ...status, lastPhaseTransitionTime: time }
  }
}
