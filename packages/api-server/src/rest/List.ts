/** Lists collections: the newest state, an exact version, or page by page over a snapshot. */
import type { KubeList, KubeObject, ListMeta } from "@fairlead/kube"
import { ApiFailure, badRequest, badVersion, expired, tooLargeVersion } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import { toServed } from "../ServedResource.ts"
import { byKeyOrder } from "../store/Collection.ts"
import { snapshotAt } from "../store/Snapshot.ts"
import { answer } from "./Answer.ts"
import type { Call } from "./Call.ts"
import { decodeContinue, encodeContinue, type PageStart } from "./ContinueToken.ts"
import { type ListOptions, readListOptions } from "./ListOptions.ts"
import { readSelection, type Selection } from "./Selection.ts"

/** GET on a collection. */
export const list = (call: Call): ApiResponse => {
  const selection = readSelection(call)
  const page = readPage(call, readListOptions(call, false), selection)
  return answer(call, 200, toList(call, page))
}

/** A page of a list, in stored form. */
export interface Page {
  readonly objects: ReadonlyArray<KubeObject>
  readonly metadata: ListMeta
}

/** The list answer for a page. */
export const toList = (call: Call, { objects, metadata }: Page): KubeList => {
  call.resource.conversion?.remote?.allFromStored(objects)
  return listOf(call, { objects, metadata })
}

const listOf = (call: Call, { objects, metadata }: Page): KubeList => ({
  apiVersion: call.resource.apiVersion,
  kind: call.resource.listKind,
  metadata: call.resource.custom && metadata.continue === undefined ? { continue: "", ...metadata } : metadata,
  items: call.resource.conversion === undefined ? objects : objects.map((object) => toServed(call.resource, object))
})

/** Finds the objects that the options ask for. */
export const readPage = (call: Call, options: ListOptions, selection: Selection): Page => {
  const { store } = call.server
  const start = options.continueToken === "" ? undefined : continueAt(options)
  const revision = start?.revision ?? exactVersion(call, options)
  if (revision === undefined || revision < 0) {
    const objects = selectCurrent(call, selection)
    return cut(call, start === undefined ? objects : after(objects, call, start.key), store.revision, limitOf(options), selection)
  }
  const { history } = call.resource.collection
  if (revision < history.compactedRevision) throw start === undefined ? expiredList() : expiredToken(start)
  if (revision === store.revision && start === undefined) {
    return cut(call, selectCurrent(call, selection), revision, options.limit, selection)
  }
  const snapshot = snapshotAt(call.resource.collection, call.namespace, revision)
  const rest = start === undefined ? snapshot : after(snapshot, call, start.key)
  return cut(call, selection.matches === undefined ? rest : filterLazily(rest, selection.matches, options.limit), revision, options.limit, selection)
}

const selectCurrent = ({ resource, namespace }: Call, { matches, hint, name }: Selection): ReadonlyArray<KubeObject> => {
  const { collection } = resource
  if (name !== undefined && (namespace !== "" || !resource.namespaced)) {
    const found = collection.get(namespace, name)
    return found !== undefined && (matches === undefined || matches(found)) ? [found] : []
  }
  const all = collection.list(namespace, hint)
  return matches === undefined ? all : all.filter(matches)
}

const limitOf = ({ limit, resourceVersion }: ListOptions): number => (resourceVersion === "0" ? 0 : limit)

/** The one version that must be shown; `undefined` if the newest will do. */
const exactVersion = (call: Call, { resourceVersion, match, limit }: ListOptions): number | undefined => {
  if (resourceVersion === "" || resourceVersion === "0") return undefined
  if (!/^\d+$/.test(resourceVersion)) {
    throw badRequest(`invalid resource version: ${badVersion(resourceVersion).status.message}`)
  }
  const revision = Number(resourceVersion)
  if (revision > call.server.store.revision) throw tooLargeVersion(revision, call.server.store.revision)
  return match === "Exact" || (match === "" && limit > 0) ? revision : undefined
}

const continueAt = ({ continueToken, resourceVersion }: ListOptions): PageStart => {
  if (resourceVersion !== "" && resourceVersion !== "0") throw badRequest("specifying resource version is not allowed when using continue")
  return decodeContinue(continueToken)
}

/** Objects from `key` on; the key of a list in one namespace is a name. */
const after = (objects: ReadonlyArray<KubeObject>, call: Call, key: string): ReadonlyArray<KubeObject> => {
  const slash = call.namespace === "" && call.resource.namespaced ? key.indexOf("/") : -1
  const start = slash < 0 ? { namespace: call.namespace, name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
  let low = 0
  let high = objects.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const { namespace = "", name = "" } = objects[middle]!.metadata
    if (byKeyOrder({ namespace, name }, start) < 0) low = middle + 1
    else high = middle
  }
  return objects.slice(low)
}

/** Takes one more match than a page holds, and looks no further. */
const filterLazily = (objects: ReadonlyArray<KubeObject>, matches: (object: KubeObject) => boolean, limit: number): ReadonlyArray<KubeObject> => {
  if (limit === 0) return objects.filter(matches)
  const found: Array<KubeObject> = []
  for (const object of objects) {
    if (found.length > limit) break
    if (matches(object)) found.push(object)
  }
  return found
}

/** A page is cut where it is full, even if nothing that matches comes after it: whether that is so was not looked at. */
const cut = (call: Call, objects: ReadonlyArray<KubeObject>, revision: number, limit: number, selection: Selection): Page => {
  const resourceVersion = String(revision)
  if (selection.name !== undefined && (call.namespace !== "" || !call.resource.namespaced)) return { objects, metadata: { resourceVersion } }
  const isFull = objects.length > limit || (objects.length === limit && selection.matches !== undefined && isFollowed(call, objects))
  if (limit === 0 || !isFull) return { objects, metadata: { resourceVersion } }
  const shown = objects.slice(0, limit)
  const { namespace = "", name = "" } = shown[limit - 1]!.metadata
  const key = call.namespace === "" && call.resource.namespaced ? `${namespace}/${name}\0` : `${name}\0`
  return {
    objects: shown,
    metadata: {
      resourceVersion,
      continue: encodeContinue({ revision, key }),
      ...(selection.matches === undefined ? { remainingItemCount: objects.length - limit } : {})
    }
  }
}

const isFollowed = ({ resource, namespace }: Call, objects: ReadonlyArray<KubeObject>): boolean => {
  const last = objects.at(-1)
  return last !== undefined && resource.collection.list(namespace).at(-1)?.metadata.uid !== last.metadata.uid
}

const expiredList = (): ApiFailure => expired("The resourceVersion for the provided list is too old.")

const expiredToken = (start: PageStart): ApiFailure => {
  const { status } = expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, " +
      "or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an " +
      "inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."
  )
  return new ApiFailure({ ...status, metadata: { continue: encodeContinue({ revision: -1, key: start.key }) } })
}
