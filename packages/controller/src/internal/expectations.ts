/** What a controller has written and its informers have not shown yet. */
import { Effect } from "effect"
import type { KubeError, KubeObject, KubeResource } from "@fairlead/kube"
import type { Informer } from "../Informer.ts"
import type { ReconcileRequest } from "../ReconcileRequest.ts"
import { isOlder } from "../ResourceVersion.ts"
import { RequestMap } from "../NameMap.ts"
import { type Ranked, RankHeap } from "./rankHeap.ts"

/** What settles an expectation: a version, a deletion, or nothing but a read. */
type Awaited = "Version" | "Deletion" | "Read"

/** One write that an informer is to show before the request that made it runs again. */
interface Expectation extends Ranked {
  readonly watch: Watch
  readonly request: ReconcileRequest
  /** Everything that the request waits for, itself too. */
  readonly all: Array<Expectation>
  readonly namespace: string | undefined
  readonly name: string
  readonly awaited: Awaited
  /** The version that is to come, or the uid that is to go. */
  readonly value: string
  /** When waiting ends and the object is read instead. */
  readonly deadline: number
}

/** One informer and what is expected of it. */
interface Watch {
  readonly informer: Informer
  /** By the number of the version: what one event settles is always in front. */
  readonly versions: RankHeap<Expectation>
  /** By object: deletions, which have no version of their own. */
  readonly deletions: RequestMap<Array<Expectation>>
  /** Stops to listen; `undefined` before the first write to an object of this kind, since many controllers write none. */
  stop: (() => void) | undefined
}

/** Holds back the requests whose own writes are not in the cache yet. Every operation is about as cheap as one on a map. */
export class Expectations {
  readonly #watches: ReadonlyArray<Watch>
  readonly #byRequest = new RequestMap<Array<Expectation>>()
  readonly #timeoutMillis: number
  readonly #onSettled: (request: ReconcileRequest) => void

  constructor(informers: ReadonlyArray<Informer>, timeoutMillis: number, onSettled: (request: ReconcileRequest) => void) {
    this.#timeoutMillis = timeoutMillis
    this.#onSettled = onSettled
    this.#watches = informers.map((informer) => ({ informer, versions: new RankHeap(), deletions: new RequestMap(), stop: undefined }))
  }

  /** Requests that wait for something. */
  get size(): number {
    return this.#byRequest.size
  }

  /** Listens no longer, and does not begin to. */
  stop(): void {
    for (const watch of this.#watches) {
      watch.stop?.()
      watch.stop = () => undefined
    }
  }

  /** The request has written `object`, as the server answered it. */
  record(request: ReconcileRequest, object: KubeObject, now: number): void {
    const { name, namespace, resourceVersion, deletionTimestamp, finalizers } = object.metadata
    const { apiVersion, kind } = object
    if (kind === undefined || name === undefined || resourceVersion === undefined) return
    // The write that takes away the last finalizer of a dying object deletes it; the answer is its last state.
    const isGone = deletionTimestamp !== undefined && (finalizers === undefined || finalizers.length === 0)
    for (const watch of this.#watches) {
      if (watch.informer.resource.kind !== kind || !isInGroup(apiVersion, watch.informer.resource.group)) continue
      if (isGone) this.#expectDeletion(watch, request, namespace, name, now)
      // One that leaves the selection is still to be seen leaving.
      else if (watch.informer.covers(object) || watch.informer.store.get(namespace, name) !== undefined) {
        this.#expect(watch, request, namespace, name, "Version", resourceVersion, now + this.#timeoutMillis)
      }
    }
  }

  /** The request has asked for the object to be deleted. */
  recordDeletion(request: ReconcileRequest, resource: KubeResource.KubeResource, namespace: string | undefined, name: string, now: number): void {
    for (const watch of this.#watches) if (follows(watch, resource)) this.#expectDeletion(watch, request, namespace, name, now)
  }

  /** Nobody knows whether a write of the request was carried out: the object is to be read before the next run. */
  recordUnknown(request: ReconcileRequest, resource: KubeResource.KubeResource, namespace: string | undefined, name: string, now: number): void {
    for (const watch of this.#watches) {
      if (follows(watch, resource) && isInReach(watch, namespace)) this.#expect(watch, request, namespace, name, "Read", "", now)
    }
  }

  /** When the request's wait ends at the latest; `undefined` when it need not wait. */
  waitsUntil(request: ReconcileRequest): number | undefined {
    return this.#byRequest.get(request)?.reduce((earliest, it) => Math.min(earliest, it.deadline), Number.POSITIVE_INFINITY)
  }

  /** Reads what the request waits for past the watches, and forgets that it waited. */
  catchUp(request: ReconcileRequest): Effect.Effect<void, KubeError.KubeError> {
    const waiting = this.#byRequest.get(request)?.slice() ?? []
    const reads = Effect.forEach(waiting, (it) => it.watch.informer.refresh(it.namespace, it.name), { discard: true })
    return Effect.map(reads, () => {
      for (const it of waiting) this.#forget(it)
    })
  }

  #expectDeletion(watch: Watch, request: ReconcileRequest, namespace: string | undefined, name: string, now: number): void {
    const uid = watch.informer.store.get(namespace, name)?.metadata.uid
    if (isInReach(watch, namespace) && uid !== undefined) this.#expect(watch, request, namespace, name, "Deletion", uid, now + this.#timeoutMillis)
  }

  #expect(watch: Watch, request: ReconcileRequest, namespace: string | undefined, name: string, awaited: Awaited, value: string, deadline: number): void {
    const version = awaited === "Version" ? Number(value) : 0
    if (Number.isNaN(version) || isSettled(watch, namespace, name, awaited, value)) return
    const all = this.#listOf(request, watch, namespace, name)
    const expectation: Expectation = { watch, request, all, namespace, name, awaited, value, deadline, rank: 0, isRanked: false, heapIndex: -1, heapOrder: 0 }
    all.push(expectation)
    watch.stop ??= watch.informer.subscribe((change) => this.#onChange(watch, change.object), (reached) => this.#onProgress(watch, reached))
    if (awaited === "Version") watch.versions.push(expectation, version)
    if (awaited === "Deletion") addTo(watch.deletions, expectation, expectation)
  }

  /** What the request waits for, without what a later write to the same object replaces. */
  #listOf(request: ReconcileRequest, watch: Watch, namespace: string | undefined, name: string): Array<Expectation> {
    const known = this.#byRequest.get(request)
    const earlier = known?.find((it) => it.watch === watch && it.name === name && it.namespace === namespace)
    if (earlier !== undefined) this.#forget(earlier)
    if (known !== undefined && known.length > 0) return known
    const list: Array<Expectation> = []
    this.#byRequest.set(request, list)
    return list
  }

  #onProgress(watch: Watch, version: string): void {
    if (watch.versions.first === undefined) return
    const reached = Number(version)
    for (let first = watch.versions.first; first !== undefined && first.rank <= reached; first = watch.versions.first) this.#settle(first)
  }

  #onChange(watch: Watch, object: KubeObject): void {
    if (watch.deletions.size === 0) return
    const { name, namespace } = object.metadata
    const waiting = watch.deletions.get({ namespace, name: name! })
    for (const it of waiting?.slice() ?? []) if (isSettled(watch, it.namespace, it.name, it.awaited, it.value)) this.#settle(it)
  }

  #settle(expectation: Expectation): void {
    this.#forget(expectation)
    if (expectation.all.length === 0) this.#onSettled(expectation.request)
  }

  #forget(expectation: Expectation): void {
    const { all, awaited, request, watch } = expectation
    const at = all.indexOf(expectation)
    // What was read is forgotten once more when the read has ended.
    if (at < 0) return
    all.splice(at, 1)
    if (expectation.isRanked) watch.versions.remove(expectation)
    if (awaited === "Deletion") dropFrom(watch.deletions, expectation, expectation)
    if (all.length === 0) this.#byRequest.delete(request)
  }
}

const follows = ({ informer: { resource } }: Watch, { group, kind }: KubeResource.KubeResource): boolean => resource.kind === kind && resource.group === group

/** The core group has no name: `v1`, but `batch/v1`. */
const isInGroup = (apiVersion: string | undefined, group: string): boolean =>
  group === "" ? apiVersion?.includes("/") !== true : apiVersion?.startsWith(group) === true && apiVersion[group.length] === "/"

const isInReach = ({ informer }: Watch, namespace: string | undefined): boolean => informer.namespace === undefined || informer.namespace === namespace

const isSettled = ({ informer: { store } }: Watch, namespace: string | undefined, name: string, awaited: Awaited, value: string): boolean => {
  if (awaited === "Read") return false
  if (awaited === "Version") {
    if (!isOlder(store.version, value)) return true
    return store.isAhead && !isOlder(store.get(namespace, name)?.metadata.resourceVersion, value)
  }
  const seen = store.get(namespace, name)
  return seen === undefined || seen.metadata.uid !== value || seen.metadata.deletionTimestamp !== undefined
}

const addTo = <V>(lists: RequestMap<Array<V>>, key: ReconcileRequest, value: V): void => {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

const dropFrom = <V>(lists: RequestMap<Array<V>>, key: ReconcileRequest, value: V): void => {
  const list = lists.get(key)
  if (list === undefined) return
  const at = list.indexOf(value)
  if (at >= 0) list.splice(at, 1)
  if (list.length === 0) lists.delete(key)
}
