/** Keeps `metadata.managedFields` up to date: who owns which field. */
import { type KubeObject, KubeTime } from "@fairlead/kube"
import type { FieldSet } from "../apply/FieldSet.ts"
import { entriesAfter, type FieldWrite, settle } from "../apply/ManagedFields.ts"
import { builtinResets, customResets } from "../apply/ResetFields.ts"
import type { Draft, DraftMeta } from "../Draft.ts"
import type { ServedResource } from "../ServedResource.ts"
import type { Call } from "./Call.ts"

const asObject = (draft: Draft): KubeObject => draft as unknown as KubeObject

const sentForms = new WeakMap<Draft, object>()

/** Remembers a draft as it was sent, where an empty list in it becomes null when it is stored: the list has an owner all the same. */
export const noteSent = (draft: Draft, sent: object): void => void sentForms.set(draft, sent)

/** Notes the fields that this write sets or changes under its manager. `previous` is absent for a create. */
export const ownFields = (call: Call, draft: Draft, previous: KubeObject | undefined): void => {
  if (!call.server.managedFields) {
    if (draft.metadata.managedFields !== undefined) delete draft.metadata.managedFields
    return
  }
  const sent = sentForms.get(draft)
  const written = sent === undefined ? asObject(draft) : { ...sent, metadata: draft.metadata } as KubeObject
  const entries = entriesAfter(previous, written, fieldWrite(call))
  if (draft.metadata.managedFields === entries) return
  // Not in place of what was sent: the order of the fields is that in which the server fills them in.
  if (draft.metadata.managedFields !== undefined) draft.metadata = withoutEntries(draft.metadata)
  if (entries.length > 0) draft.metadata.managedFields = entries
}

const withoutEntries = ({ managedFields: _, ...rest }: DraftMeta): DraftMeta => rest

/** Puts the old times back where nothing but times would change. */
export const settleFields = (call: Call, draft: Draft, previous: KubeObject): void => {
  if (!call.server.managedFields) return
  const settled = settle(previous, asObject(draft))
  if (settled !== asObject(draft)) draft.metadata = settled.metadata as Draft["metadata"]
}

/** The write as the bookkeeping sees it. */
export const fieldWrite = (call: Call): FieldWrite => {
  const { resource, request, server } = call
  const subresource = request.subresource ?? ""
  return {
    schema: resource.schema,
    custom: resource.custom,
    apiVersion: resource.apiVersion,
    kind: resource.kind,
    subresource,
    manager: call.fieldManager,
    now: KubeTime.format(server.now()),
    resets: resetsOf(resource, subresource),
    serves: (apiVersion) => server.catalog.servesVersion(apiVersion)
  }
}

const known = new WeakMap<ServedResource, Map<string, FieldSet | undefined>>()

const resetsOf = (resource: ServedResource, subresource: string): FieldSet | undefined => {
  let bySubresource = known.get(resource)
  if (bySubresource === undefined) known.set(resource, (bySubresource = new Map()))
  if (!bySubresource.has(subresource)) {
    const { hasStatus } = resource.rules
    bySubresource.set(subresource, resource.custom ? customResets(subresource, hasStatus) : builtinResets(resource.group, resource.plural, subresource, hasStatus))
  }
  return bySubresource.get(subresource)
}
