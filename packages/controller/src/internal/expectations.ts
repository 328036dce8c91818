/** What a controller has written and its informers have not shown yet. */
import { Effect } from "effect"
import type { KubeError, KubeObject, KubeResource } from "@fairlead/kube"
import type { Informer } from "../Informer.ts"
import { fromKey, keyOf } from "../ReconcileRequest.ts"
import { isOlder } from "../ResourceVersion.ts"
import { type Ranked, RankHeap } from "./rankHeap.ts"

/** What settles an expectation: a version, a deletion, or nothing but a read. */
type Awaited =
  | { readonly _tag: "Version"; readonly version: string }
  | { readonly _tag: "Deletion"; readonly uid: string }
  | { readonly _tag: "Read" }

/** One write that an informer is to show before the key that made it runs again. */
interface Expectation extends Ranked {
  readonly watch: Watch
  readonly requestKey: string
  readonly objectKey: string
  readonly awaited: Awaited
  /** When waiting ends and the object is read instead. */
  readonly deadline: number
}

/** One informer and what is expected of it. */
interface Watch {
  readonly informer: Informer
  /** By the number of the version: what one event settles is always in front. */
  readonly versions: RankHeap<Expectation>
  /** By object: deletions, which have no version of their own. */
  readonly deletions: Map<string, Array<Expectation>>
}

/** Holds back the keys whose own writes are not in the cache yet. Every operation is about as cheap as one on a map. */
export class Expectations {
  readonly #watches: ReadonlyArray<Watch>
  readonly #byRequest = new Map<string, Array<Expectation>>()
  readonly #timeoutMillis: number
  readonly #onSettled: (requestKey: string) => void

  constructor(informers: ReadonlyArray<Informer>, timeoutMillis: number, onSettled: (requestKey: string) => void) {
    this.#timeoutMillis = timeoutMillis
    this.#onSettled = onSettled
    this.#watches = informers.map((informer) => ({ informer, versions: new RankHeap(), deletions: new Map() }))
  }

  /** Keys that wait for something. */
  get size(): number {
    return this.#byRequest.size
  }

  /** Starts to listen; answers the way to stop. */
  start(): () => void {
    const stops = this.#watches.map((watch) =>
      watch.informer.subscribe((change) => this.#onChange(watch, change.object), (version) => this.#onProgress(watch, version))
    )
    return () => stops.forEach((stop) => stop())
  }

  /** The key has written `object`, as the server answered it. */
  record(requestKey: string, object: KubeObject, now: number): void {
    const { name, namespace, resourceVersion, deletionTimestamp, finalizers } = object.metadata
    if (object.kind === undefined || name === undefined || resourceVersion === undefined) return
    const group = object.apiVersion?.includes("/") === true ? object.apiVersion.slice(0, object.apiVersion.indexOf("/")) : ""
    // The write that takes away the last finalizer of a dying object deletes it; the answer is its last state.
    if (deletionTimestamp !== undefined && (finalizers ?? []).length === 0) return this.#recordDeletion(requestKey, group, object.kind, namespace, name, now)
    for (const watch of this.#watches) {
      if (!follows(watch, group, object.kind)) continue
      // One that leaves the selection is still to be seen leaving.
      if (!watch.informer.covers(object) && watch.informer.store.get(namespace, name) === undefined) continue
      this.#expect(watch, requestKey, keyOf(namespace, name), { _tag: "Version", version: resourceVersion }, now + this.#timeoutMillis)
    }
  }

  /** The key has asked for the object to be deleted. */
  recordDeletion(requestKey: string, resource: KubeResource.KubeResource, namespace: string | undefined, name: string, now: number): void {
    this.#recordDeletion(requestKey, resource.group, resource.kind, namespace, name, now)
  }

  /** Nobody knows whether a write of the key was carried out: the object is to be read before the next run. */
  recordUnknown(requestKey: string, resource: KubeResource.KubeResource, namespace: string | undefined, name: string, now: number): void {
    for (const watch of this.#watches) {
      if (follows(watch, resource.group, resource.kind) && isInReach(watch, namespace)) this.#expect(watch, requestKey, keyOf(namespace, name), { _tag: "Read" }, now)
    }
  }

  /** When the key's wait ends at the latest; `undefined` when it need not wait. */
  waitsUntil(requestKey: string): number | undefined {
    return this.#byRequest.get(requestKey)?.reduce((earliest, it) => Math.min(earliest, it.deadline), Number.POSITIVE_INFINITY)
  }

  /** Reads what the key waits for past the watches, and forgets that it waited. */
  catchUp(requestKey: string): Effect.Effect<void, KubeError.KubeError> {
    const waiting = this.#byRequest.get(requestKey)?.slice() ?? []
    const reads = Effect.forEach(waiting, (it) => {
      const { name, namespace } = fromKey(it.objectKey)
      return it.watch.informer.refresh(namespace, name)
    }, { discard: true })
    return Effect.map(reads, () => {
      for (const it of waiting) this.#forget(it)
    })
  }

  #recordDeletion(requestKey: string, group: string, kind: string, namespace: string | undefined, name: string, now: number): void {
    for (const watch of this.#watches) {
      if (!follows(watch, group, kind)) continue
      const objectKey = keyOf(namespace, name)
      const uid = watch.informer.store.getByKey(objectKey)?.metadata.uid
      if (isInReach(watch, namespace) && uid !== undefined) this.#expect(watch, requestKey, objectKey, { _tag: "Deletion", uid }, now + this.#timeoutMillis)
    }
  }

  #expect(watch: Watch, requestKey: string, objectKey: string, awaited: Awaited, deadline: number): void {
    const rank = awaited._tag === "Version" ? Number(awaited.version) : 0
    if (Number.isNaN(rank) || isSettled(watch, objectKey, awaited)) return
    const earlier = this.#byRequest.get(requestKey)?.find((it) => it.watch === watch && it.objectKey === objectKey)
    if (earlier !== undefined) this.#forget(earlier)
    const expectation: Expectation = { watch, requestKey, objectKey, awaited, deadline, rank: 0, heapIndex: -1, heapOrder: 0 }
    if (awaited._tag === "Version") watch.versions.push(expectation, rank)
    if (awaited._tag === "Deletion") addTo(watch.deletions, objectKey, expectation)
    addTo(this.#byRequest, requestKey, expectation)
  }

  #onProgress(watch: Watch, version: string): void {
    if (watch.versions.first === undefined) return
    const reached = Number(version)
    for (let first = watch.versions.first; first !== undefined && first.rank <= reached; first = watch.versions.first) this.#settle(first)
  }

  #onChange(watch: Watch, object: KubeObject): void {
    if (watch.deletions.size === 0) return
    const waiting = watch.deletions.get(keyOf(object.metadata.namespace, object.metadata.name!))
    for (const it of waiting?.slice() ?? []) if (isSettled(watch, it.objectKey, it.awaited)) this.#settle(it)
  }

  #settle(expectation: Expectation): void {
    this.#forget(expectation)
    if (!this.#byRequest.has(expectation.requestKey)) this.#onSettled(expectation.requestKey)
  }

  #forget(expectation: Expectation): void {
    const { awaited, objectKey, requestKey, watch } = expectation
    if (expectation.heapIndex >= 0) watch.versions.remove(expectation)
    if (awaited._tag === "Deletion") dropFrom(watch.deletions, objectKey, expectation)
    dropFrom(this.#byRequest, requestKey, expectation)
  }
}

const follows = ({ informer: { resource } }: Watch, group: string, kind: string): boolean => resource.kind === kind && resource.group === group

const isInReach = (watch: Watch, namespace: string | undefined): boolean => watch.informer.namespace === undefined || watch.informer.namespace === namespace

const isSettled = (watch: Watch, objectKey: string, awaited: Awaited): boolean => {
  const { store } = watch.informer
  const seen = store.getByKey(objectKey)
  switch (awaited._tag) {
    case "Version":
      return !isOlder(store.version, awaited.version) || (seen !== undefined && !isOlder(seen.metadata.resourceVersion, awaited.version))
    case "Deletion":
      return seen === undefined || seen.metadata.uid !== awaited.uid || seen.metadata.deletionTimestamp !== undefined
    case "Read":
      return false
  }
}

const addTo = <K, V>(lists: Map<K, Array<V>>, key: K, value: V): void => {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

const dropFrom = <K, V>(lists: Map<K, Array<V>>, key: K, value: V): void => {
  const list = lists.get(key)
  if (list === undefined) return
  const at = list.indexOf(value)
  if (at >= 0) list.splice(at, 1)
  if (list.length === 0) lists.delete(key)
}
