/** Status writes: a merge patch of what changed, on the condition that nobody else wrote in between. */
import type { TaskAction } from "@fairlead/core"

type Status = TaskAction.TaskActionStatus

/** The fields in which `next` differs from `base`, `null` for those that go. Lists are replaced whole. */
export const changedFields = (base: Status | undefined, next: Status): { readonly [field: string]: unknown } => {
  const before = (base ?? {}) as { readonly [field: string]: unknown }
  const after = next as { readonly [field: string]: unknown }
  const changed: { [field: string]: unknown } = {}
  for (const field of Object.keys(after)) if (after[field] !== before[field]) changed[field] = after[field]
  for (const field of Object.keys(before)) if (after[field] === undefined) changed[field] = null
  return changed
}

/** True when two statuses tell of the same progress: fields that this engine alone writes, with every step. */
export const isSameProgress = (a: Status | undefined, b: Status | undefined): boolean =>
  (a?.sequence ?? 0) === (b?.sequence ?? 0) &&
  (a?.attempts ?? 0) === (b?.attempts ?? 0) &&
  (a?.launches ?? 0) === (b?.launches ?? 0) &&
  (a?.systemFailures ?? 0) === (b?.systemFailures ?? 0) &&
  (a?.pluginPhaseVersion ?? 0) === (b?.pluginPhaseVersion ?? 0) &&
  a?.pluginPhase === b?.pluginPhase &&
  a?.pluginState === b?.pluginState
