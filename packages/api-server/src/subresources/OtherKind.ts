/** Bodies of a kind other than that of their resource: bindings, evictions, scales, token requests. */
import { schemaOf } from "../builtin/Builtin.ts"
import type { Draft } from "../Draft.ts"
import { readBody } from "../rest/Body.ts"
import type { Call } from "../rest/Call.ts"
import type { ServedResource } from "../ServedResource.ts"

/** Kind, group and version of a body. */
export interface BodyKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

const made = new WeakMap<ServedResource, WeakMap<BodyKind, ServedResource>>()

/** The resource as if its objects were of another kind; made once for each kind that is named by one and the same object. */
export const asKind = (resource: ServedResource, kind: BodyKind): ServedResource => {
  let byKind = made.get(resource)
  if (byKind === undefined) made.set(resource, (byKind = new WeakMap()))
  let other = byKind.get(kind)
  if (other === undefined) byKind.set(kind, (other = ofKind(resource, kind)))
  return other
}

const ofKind = (resource: ServedResource, { group, version, kind }: BodyKind): ServedResource => ({
  ...resource,
  group,
  version,
  kind,
  apiVersion: group === "" ? version : `${group}/${version}`,
  schema: schemaOf(group, version, kind)!,
  custom: false,
  customSchema: undefined,
  conversion: undefined
})

/** Reads a body of another kind, with the errors that go with it. */
export const readOther = (call: Call, kind: BodyKind): Draft => readBody({ ...call, resource: asKind(call.resource, kind) })
