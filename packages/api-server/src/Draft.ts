/** Objects while they are being written: owned by one request, so they may be changed in place. */
import type { KubeObject, ObjectMeta } from "@fairlead/kube"
import { copyOf } from "./builtin/Sharing.ts"

/** `metadata` that may be changed. */
export type DraftMeta = { -readonly [K in keyof ObjectMeta]: ObjectMeta[K] }

/** An object that may be changed at its first two levels; deeper parts may be shared with stored objects. */
export interface Draft {
  apiVersion?: string
  kind?: string
  metadata: DraftMeta
  [field: string]: unknown
}

/** A draft that starts as `object` and shares everything below `metadata` with it. */
export const draftOf = (object: KubeObject): Draft => {
  const draft = copyOf(object) as unknown as Draft
  draft.metadata = copyOf(object.metadata)
  return draft
}

/** Reads a field whose type the schema promises. */
export const field = <A>(object: object, name: string): A | undefined => (object as Record<string, A | undefined>)[name]

/** Makes a draft into what another object is, sharing everything below its metadata. */
export const replaceDraft = (draft: Draft, next: KubeObject): void => {
  for (const key of Object.keys(draft)) if (!(key in next)) delete draft[key]
  Object.assign(draft, draftOf(next))
}
