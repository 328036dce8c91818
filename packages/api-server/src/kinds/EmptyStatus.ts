/** The status of an object to which nothing has happened yet. */
import { emptyOf } from "../builtin/Builtin.ts"
import type { ServedResource } from "../ServedResource.ts"

/** The status that a new object of a built-in kind shows; shared, not to be changed. */
export const emptyStatus = (resource: ServedResource): unknown => (emptyOf(resource.schema) as { status?: unknown }).status

/** What an empty object of a built-in kind shows beside its metadata. */
export const emptyBody = (resource: ServedResource): { readonly [field: string]: unknown } => {
  const { metadata: _metadata, kind: _kind, apiVersion: _version, ...rest } = emptyOf(resource.schema) as Record<string, unknown>
  return rest
}
