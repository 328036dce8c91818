/** What makes one kind differ from the next: the table of hooks that the generic writes consult. */
import { jsonEqual, type KubeObject, type StatusCause } from "@fairlead/kube"
import type { Draft } from "../Draft.ts"
import { subdomainErrors } from "../internal/nameRules.ts"
import { type SelectableFields, standardFields } from "./FieldSelector.ts"
import type { Call } from "./Call.ts"
import type { DeleteOptions } from "./DeleteOptions.ts"
import type { Deletion } from "./Deletion.ts"

/** Hooks and switches of a kind. Hooks change the draft in place at its first two levels and copy what is deeper. */
export interface KindRules {
  /** PUT and apply to a missing object create it. Apply creates in any case. */
  readonly allowCreateOnUpdate: boolean
  /** PUT without a resourceVersion overwrites. */
  readonly allowUnconditionalUpdate: boolean
  /** DELETE answers the last object instead of a `Status`. */
  readonly returnsDeleted: boolean
  /** What becomes of dependents unless the request says it. */
  readonly garbage: "background" | "orphan" | "unsupported"
  readonly fields: SelectableFields
  readonly nameErrors: (name: string) => ReadonlyArray<string>
  /** New objects start at generation 1. */
  readonly hasGeneration: boolean
  /** Whether a change is one that counts the generation up. */
  readonly bumpsGeneration: (next: Draft, previous: KubeObject) => boolean
  /** The status is written through its own subresource, and dropped from other writes. */
  readonly hasStatus: boolean
  readonly prepareCreate: (draft: Draft, call: Call) => void
  readonly prepareUpdate: (draft: Draft, previous: KubeObject, call: Call) => void
  /** Makes the object that a write to the status subresource stores, out of what was sent. */
  readonly prepareStatus: (draft: Draft, previous: KubeObject, call: Call) => void
  /** Whether `validateCreate` looks at the whole of the metadata, so that only what may stand in a path is left to check. */
  readonly checksNewMetadata: boolean
  readonly validateCreate: (draft: Draft, call: Call) => ReadonlyArray<StatusCause>
  /** `ofMetadata` is what is wrong with the change of the metadata: some kinds say it once more. */
  readonly validateUpdate: (draft: Draft, previous: KubeObject, call: Call, ofMetadata: ReadonlyArray<StatusCause>) => ReadonlyArray<StatusCause>
  readonly validateStatus: (draft: Draft, previous: KubeObject, call: Call, ofMetadata: ReadonlyArray<StatusCause>) => ReadonlyArray<StatusCause>
  /** Whether an update that leaves a terminating object without finalizers removes it. */
  readonly goesWithUpdate: (next: Draft) => boolean
  /** Warns who deletes without saying what becomes of the dependents. */
  readonly orphanWarning: string | undefined
  /** Deletes in a way of its own; `undefined` leaves it to the common way. */
  readonly remove: ((call: Call, found: KubeObject, options: DeleteOptions) => Deletion | undefined) | undefined
  /** Seconds of grace before the object goes; `undefined` for kinds that go at once. */
  readonly grace: ((object: KubeObject, asked: number | undefined) => number) | undefined
}

const noCauses: ReadonlyArray<StatusCause> = []

/** Whether anything but `metadata` and `status` differs. */
export const specChanged = (next: Draft, previous: KubeObject): boolean => {
  const before = previous as unknown as Draft
  for (const key in next) {
    if (key !== "metadata" && key !== "status" && !jsonEqual(next[key], before[key])) return true
  }
  for (const key in before) {
    if (key !== "metadata" && key !== "status" && before[key] !== undefined && next[key] === undefined) return true
  }
  return false
}

/** The rules of a plain kind, with what differs laid over them. */
export const kindRules = (own: Partial<KindRules> = {}): KindRules => ({
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  returnsDeleted: false,
  garbage: "background",
  fields: standardFields,
  nameErrors: subdomainErrors,
  hasGeneration: false,
  bumpsGeneration: specChanged,
  hasStatus: false,
  prepareCreate: () => undefined,
  prepareUpdate: () => undefined,
  prepareStatus: keepAllButStatus,
  checksNewMetadata: false,
  validateCreate: () => noCauses,
  validateUpdate: () => noCauses,
  validateStatus: () => noCauses,
  goesWithUpdate: () => true,
  orphanWarning: undefined,
  remove: undefined,
  grace: undefined,
  ...own
})

/** Takes metadata and status from what was sent, and everything else from what is stored. */
export const keepSpec = (draft: Draft, previous: KubeObject): void => {
  const { metadata, status } = draft
  for (const key of Object.keys(draft)) if (!(key in previous)) delete draft[key]
  Object.assign(draft, previous)
  draft.metadata = metadata
  if (status === undefined) delete draft["status"]
  else draft["status"] = status
}

/** Takes the status from what was sent, and everything else but managedFields from what is stored. */
export const keepAllButStatus = (draft: Draft, previous: KubeObject): void => {
  const sent = draft.metadata
  const before = previous as unknown as Draft
  // Mostly nothing else differs: looking first costs much less than writing in vain.
  for (const key in draft) {
    if (key !== "status" && before[key] === undefined) delete draft[key]
  }
  for (const key in before) {
    if (key !== "status" && key !== "metadata" && draft[key] !== before[key]) draft[key] = before[key]
  }
  draft.metadata = { ...previous.metadata }
  restore(draft.metadata, "managedFields", sent.managedFields)
  restore(draft.metadata, "resourceVersion", sent.resourceVersion)
}

const restore = <K extends string>(target: { [key in K]?: unknown }, key: K, value: unknown): void => {
  if (value !== undefined) target[key] = value
  else if (target[key] !== undefined) delete target[key]
}
