/** Kinds whose new objects start with a status that says more than nothing. */
import { field } from "../Draft.ts"
import { formatSeconds } from "../internal/timestamps.ts"
import { keepSpec, type KindRules } from "../rest/KindRules.ts"

const startWith = (status: object): Partial<KindRules> => ({ prepareCreate: (draft) => void (draft["status"] = status) })

/** Claims wait for a volume. */
export const claimRules = startWith({ phase: "Pending" })

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
    const time = moved ? formatSeconds(server.now()) : before?.lastPhaseTransitionTime
    if (time !== undefined) draft["status"] = { ...status, lastPhaseTransitionTime: time }
  }
}
