/** Schemas of the kinds that no OpenAPI document describes: bare metadata and aggregated discovery. */
import { objectMeta, schemaOf } from "../builtin/Builtin.ts"
import { field, list, scalar, type SchemaNode, struct } from "../builtin/SchemaNode.ts"

const text = scalar("string", "string")
const texts = list(() => text)

/** A message whose fields are numbered as they stand. */
const numbered = (fields: { readonly [name: string]: SchemaNode }): SchemaNode =>
  struct(() => Object.entries(fields).map(([name, node], i) => field(name, node, { numbers: [i + 1] })))

const listMeta = schemaOf("", "v1", "ListMeta")!
const partial = numbered({ metadata: objectMeta })
const partialList = numbered({ metadata: listMeta, items: list(() => partial) })

const responseKind = numbered({ group: text, version: text, kind: text })
const subresource = numbered({ subresource: text, responseKind, acceptedTypes: list(() => responseKind), verbs: texts })
const resource = numbered({
  resource: text, responseKind, scope: text, singularResource: text, verbs: texts, shortNames: texts, categories: texts, subresources: list(() => subresource)
})
const version = numbered({ version: text, resources: list(() => resource), freshness: text })
const group = numbered({ metadata: objectMeta, versions: list(() => version) })

/** By `apiVersion kind`. */
export const metaKinds: ReadonlyMap<string, SchemaNode> = new Map([
  ["meta.k8s.io/v1 PartialObjectMetadata", partial],
  ["meta.k8s.io/v1 PartialObjectMetadataList", partialList],
  ["meta.k8s.io/v1beta1 PartialObjectMetadata", partial],
  ["meta.k8s.io/v1beta1 PartialObjectMetadataList", partialList],
  ["apidiscovery.k8s.io/v2 APIGroupDiscoveryList", numbered({ metadata: listMeta, items: list(() => group) })]
])
