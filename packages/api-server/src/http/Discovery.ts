/** What the server serves: the classic documents, group by group, and the aggregated ones. */
import { sha256 } from "@noble/hashes/sha2.js"
import { utf8ToBytes } from "@noble/hashes/utils.js"
import { failure, methodNotAllowed, notServed } from "../ApiFailure.ts"
import type { ApiServer } from "../ApiServer.ts"
import type { ResourceCatalog } from "../ResourceCatalog.ts"
import type { ServedResource, ServedSubresource } from "../ServedResource.ts"
import { contentType, encode } from "./Encoding.ts"
import { type HttpRequest, type HttpResponse, pageNotFound } from "./HttpMessage.ts"
import { matchesLiterally, negotiate, plainShape, type ShapeCheck, standardTypes } from "./MediaTypes.ts"
import { noRepresentation } from "./ResourceFace.ts"

/** Answers the root, `/api`, `/apis` and what lies below them up to the version; `undefined` for other paths. */
export const discoveryResponse = (server: ApiServer, request: HttpRequest, segments: ReadonlyArray<string>): HttpResponse | undefined => {
  const { catalog } = server.context
  const [root, group, version] = segments
  if (segments.length === 0) return document(request, plainShape, () => ({ paths: rootPaths(catalog) }))
  if (root === "api" && segments.length === 1) return coreRoot(request, catalog)
  if (root === "api" && segments.length === 2) {
    onlyGet(request)
    if (group !== "v1") throw notServed()
    return document(request, plainShape, () => ({ kind: "APIResourceList", groupVersion: "v1", resources: resourceList(catalog, "", "v1") }), true)
  }
  if (root !== "apis") return undefined
  if (segments.length === 1) return document(request, aggregatedShape, (aggregated) => (aggregated ? aggregatedGroups(catalog) : groupList(catalog)))
  if (segments.length === 2) {
    if (catalog.versions(group!).length === 0) return pageNotFound()
    return document(request, plainShape, () => ({ kind: "APIGroup", apiVersion: "v1", ...groupOf(catalog, group!) }))
  }
  if (segments.length !== 3) return undefined
  if (!catalog.versions(group!).includes(version!)) {
    if (!catalog.isBuiltin(group!)) return pageNotFound()
    throw notServed()
  }
  onlyGet(request)
  const body = { kind: "APIResourceList", apiVersion: "v1", groupVersion: `${group}/${version}`, resources: resourceList(catalog, group!, version!) }
  return document(request, plainShape, () => body, catalog.isBuiltin(group!))
}

const coreRoot = (request: HttpRequest, catalog: ResourceCatalog): HttpResponse => {
  onlyGet(request)
  const classic = { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: "127.0.0.1:6443" }] }
  return document(request, aggregatedShape, (aggregated) => (aggregated ? aggregatedCore(catalog) : classic), true)
}

const onlyGet = (request: HttpRequest): void => {
  if (request.method !== "GET") throw methodNotAllowed()
}

const aggregatedShape: ShapeCheck = ({ params }) => {
  const { as, g, v } = params
  if (as === undefined) return "object"
  return as === "APIGroupDiscoveryList" && g === "apidiscovery.k8s.io" && v === "v2" ? "PartialObjectMetadataList" : undefined
}

/** Encodes a document as asked; documents on literal routes refuse types that they do not name. */
const document = (request: HttpRequest, shape: ShapeCheck, body: (aggregated: boolean) => object, literal = false): HttpResponse => {
  const accept = request.header("accept")
  if (literal && !matchesLiterally(accept, standardTypes)) {
    throw failure(406, "NotAcceptable", `406: Not Acceptable\n\nAvailable representations: ${standardTypes.join(", ")}`, {})
  }
  const found = negotiate(accept, shape)
  if (found === undefined) throw noRepresentation(standardTypes)
  const aggregated = found.shape !== "object"
  const type = contentType(found.encoding)
  return {
    status: 200,
    headers: { "Content-Type": aggregated ? `${type};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList` : type },
    body: encode(body(aggregated), found.encoding)
  }
}

const groupList = (catalog: ResourceCatalog): object => ({
  kind: "APIGroupList",
  apiVersion: "v1",
  groups: catalog.groups().filter((group) => group !== "").map((group) => groupOf(catalog, group))
})

const groupOf = (catalog: ResourceCatalog, name: string): object => {
  const versions = catalog.versions(name).map((version) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions, preferredVersion: versions[0] }
}

const resourceList = (catalog: ResourceCatalog, group: string, version: string): ReadonlyArray<object> => {
  const entries = catalog.resources(group, version).flatMap((resource) => [
    classicResource(resource),
    ...[...resource.subresources.values()].map((subresource) => classicSubresource(resource, subresource))
  ])
  return catalog.isBuiltin(group) ? entries.sort((a, b) => (a.name < b.name ? -1 : 1)) : entries
}

const classicResource = (resource: ServedResource): { name: string } => ({
  name: resource.plural,
  singularName: resource.singular,
  namespaced: resource.namespaced,
  kind: resource.kind,
  verbs: resource.verbs,
  ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
  ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
  ...(resource.verbs.includes("update") ? { storageVersionHash: storageVersionHash(resource) } : {})
} as { name: string })

const classicSubresource = (resource: ServedResource, { name, kind, verbs }: ServedSubresource): { name: string } => ({
  name: `${resource.plural}/${name}`,
  singularName: "",
  namespaced: resource.namespaced,
  ...(kind.version === "" ? {} : { group: kind.group, version: kind.version }),
  kind: kind.kind,
  verbs
} as { name: string })

const aggregatedCore = (catalog: ResourceCatalog): object => aggregatedList([aggregatedGroup(catalog, "")])

const aggregatedGroups = (catalog: ResourceCatalog): object =>
  aggregatedList(catalog.groups().filter((group) => group !== "").map((group) => aggregatedGroup(catalog, group)))

const aggregatedList = (items: ReadonlyArray<object>): object => ({
  kind: "APIGroupDiscoveryList",
  apiVersion: "apidiscovery.k8s.io/v2",
  metadata: {},
  items
})

const aggregatedGroup = (catalog: ResourceCatalog, group: string): object => ({
  metadata: group === "" ? {} : { name: group },
  versions: catalog.versions(group).map((version) => ({
    version,
    resources: catalog.resources(group, version).map(aggregatedResource),
    freshness: "Current"
  }))
})

const aggregatedResource = (resource: ServedResource): object => ({
  resource: resource.plural,
  responseKind: responseKind(resource, resource.kind),
  scope: resource.namespaced ? "Namespaced" : "Cluster",
  singularResource: resource.singular,
  verbs: resource.verbs,
  ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
  ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
  ...(resource.subresources.size === 0 ? {} : {
    subresources: [...resource.subresources.values()].map(({ name, kind, verbs }) => ({
      subresource: name,
      responseKind: kind.version === "" ? responseKind(resource, kind.kind) : kind,
      verbs
    }))
  })
})

/** Built-in kinds leave group and version open; custom ones name them. */
const responseKind = (resource: ServedResource, kind: string): object =>
  resource.custom ? { group: resource.group, version: resource.version, kind } : { group: "", version: "", kind }

/** Every path that leads somewhere, in alphabetical order. */
const rootPaths = (catalog: ResourceCatalog): ReadonlyArray<string> => {
  const groups = catalog.groups().filter((group) => group !== "")
  return [
    "/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/apis/", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3",
    "/openapi/v3/", "/openid/v1/jwks", "/readyz", "/version",
    ...groups.flatMap((group) => [`/apis/${group}`, ...catalog.versions(group).map((version) => `/apis/${group}/${version}`)])
  ].sort()
}

/** Marks the version in which a kind is stored. */
const storageVersionHash = ({ group, kind, version }: { readonly group: string; readonly version: string; readonly kind: string }): string =>
  btoa(String.fromCharCode(...sha256(utf8ToBytes(`${group}/${version}/${kind}`)).subarray(0, 8)))
