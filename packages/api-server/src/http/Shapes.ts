/** Shows objects and lists as tables or as bare metadata. */
import type { KubeAnswer, KubeList, KubeObject, ListMeta } from "@fairlead/kube"
import { type ApiFailure, badRequest, failure } from "../ApiFailure.ts"
import type { ServedResource } from "../ServedResource.ts"
import type { Representation } from "./MediaTypes.ts"
import { tableOf } from "./Tables.ts"

/** Turns an answer into the shape that was asked for; a `Status` stays as it is. Throws `NotAcceptable`. */
export const reshape = (
  answer: KubeAnswer,
  resource: ServedResource,
  representation: Representation,
  includeObject: string | undefined,
  now: number
): unknown => {
  const { shape, shapeVersion } = representation
  if (shape === "object" || (answer.kind === "Status" && answer.apiVersion === "v1")) return answer
  const isList = "items" in answer
  if (shape === "Table") checkIncludeObject(includeObject)
  if (shape === "Table") return tableOf(answer, resource, shapeVersion, includeObject, now)
  if (shape === "PartialObjectMetadata") {
    if (isList) throw notAcceptable(`you requested PartialObjectMetadata, but the requested object is a list (${goType(resource, true)})`)
    return partial(answer as KubeObject, shapeVersion)
  }
  if (!isList) throw notAcceptable(`you requested PartialObjectMetadataList, but the requested object is not a list (${goType(resource, false)})`)
  return partialList(answer, shapeVersion)
}

const includable: ReadonlySet<string | undefined> = new Set([undefined, "", "None", "Metadata", "Object"])

/** How much of their objects rows can show. Throws `BadRequest`. */
const checkIncludeObject = (includeObject: string | undefined): void => {
  if (includable.has(includeObject)) return
  throw badRequest(`Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(includeObject)}: must be 'Metadata', 'Object', 'None', or empty`)
}

/** The metadata of an object. */
export const partial = ({ metadata }: KubeObject, version: string): object => ({
  kind: "PartialObjectMetadata",
  apiVersion: `meta.k8s.io/${version}`,
  metadata
})

const partialList = ({ metadata, items }: KubeList, version: string): object => ({
  kind: "PartialObjectMetadataList",
  apiVersion: `meta.k8s.io/${version}`,
  metadata: withoutEmptyContinue(metadata),
  items: items.length === 0 ? null : items.map((item) => partial(item, version))
})

/** Lists of custom resources carry an empty token; their other shapes do not. */
export const withoutEmptyContinue = (metadata: ListMeta): ListMeta => {
  if (metadata.continue !== "") return metadata
  const { continue: _, ...rest } = metadata
  return rest
}

const goType = (resource: ServedResource, isList: boolean): string => {
  if (resource.custom) return isList ? "*unstructured.UnstructuredList" : "*unstructured.Unstructured"
  return `*${resource.group === "" ? "core" : resource.group.split(".")[0]}.${isList ? resource.listKind : resource.kind}`
}

const notAcceptable = (message: string): ApiFailure => failure(406, "NotAcceptable", message)
