/** Keeps the versions of a phase rising, as whoever listens to phases expects. */
import type { Phase } from "@fairlead/core"
import type { PreviousPhase } from "../KubeObjectPlugin.ts"
import type { ObjectEvent } from "../ObjectEvents.ts"
import { keptReason } from "../ObjectState.ts"

/**
 * Raises the version of a phase where needed: within one phase it never falls, and it rises when the reason is another
 * one or there are new events to tell.
 */
export const risingVersion = (
  phase: Phase.PhaseInfo,
  previous: PreviousPhase | undefined,
  events: ReadonlyArray<ObjectEvent>
): Phase.PhaseInfo => {
  const told = events.length === 0 ? phase : {
    ...phase,
    info: {
      ...phase.info,
      additionalReasons: [...phase.info.additionalReasons, ...events.map(({ reason, at }) => ({ reason, occurredAt: at }))]
    }
  }
  if (previous === undefined || previous.phase !== phase.phase) return told
  const isNews = events.length > 0 || keptReason(phase.reason) !== previous.reason
  const least = isNews ? previous.version + 1 : previous.version
  return told.version >= least ? told : { ...told, version: least }
}
