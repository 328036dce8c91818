/** What this process has just done to objects, for as long as its cache may not show it yet. */
import type { KubeObject } from "@fairlead/kube"

/** Remembers for a while what was just done, so that a lagging cache costs neither a second write nor a read. */
export interface RecentLaunches<A extends KubeObject> {
  readonly created: (object: A, now: number) => void
  /** The object as it was created, unless that was too long ago. */
  readonly find: (namespace: string, name: string, now: number) => A | undefined
  /** Notes that a quota has just refused the object of this name. */
  readonly refused: (namespace: string, name: string, now: number) => void
  /** When a quota last refused the object of this name. */
  readonly refusedAt: (namespace: string, name: string) => number | undefined
  /** Notes that the cache shows an object: it need not be remembered any more. */
  readonly seen: (object: KubeObject) => void
  readonly forget: (namespace: string, name: string) => void
  /** Notes that the deletion of the object with this uid was asked for. */
  readonly deleted: (uid: string, now: number) => void
  readonly isDeleted: (uid: string) => boolean
}

interface Entry {
  readonly at: number
  /** Of an object. */
  readonly uid?: string | undefined
}

/** Makes an empty memory. Entries older than `keepMillis` are dropped as new ones come. */
export const makeRecentLaunches = <A extends KubeObject>(keepMillis: number, refusalKeepMillis: number): RecentLaunches<A> => {
  const objects = new Map<string, Entry & { readonly object: A }>()
  // Their keys by uid, so that it costs next to nothing to see an object again and again, and no key is put together for it.
  const keys = new Map<string | undefined, string>()
  const refusals = new Map<string, Entry>()
  const deletions = new Map<string, Entry>()
  const put = <B extends Entry>(map: Map<string, B>, key: string, entry: B, keep: number): void => {
    drop(map, key)
    map.set(key, entry)
    // Insertion order is order of time, so the expired entries are the first ones.
    for (const [oldKey, old] of map) {
      if (entry.at - old.at <= keep) break
      drop(map, oldKey)
    }
  }
  const drop = (map: Map<string, Entry>, key: string): void => {
    if (map.size === 0) return
    const uid = map.get(key)?.uid
    if (uid !== undefined) keys.delete(uid)
    map.delete(key)
  }
  const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`
  const forget = (namespace: string, name: string): void => {
    if (objects.size === 0 && refusals.size === 0) return
    const key = keyOf(namespace, name)
    drop(objects, key)
    drop(refusals, key)
  }
  return {
    created: (object, now) => {
      const key = keyOf(object.metadata.namespace ?? "", object.metadata.name ?? "")
      const { uid } = object.metadata
      drop(refusals, key)
      put(objects, key, { object, uid, at: now }, keepMillis)
      keys.set(uid, key)
    },
    find: (namespace, name, now) => {
      const entry = objects.get(keyOf(namespace, name))
      return entry === undefined || now - entry.at > keepMillis ? undefined : entry.object
    },
    refused: (namespace, name, now) => put(refusals, keyOf(namespace, name), { at: now }, refusalKeepMillis),
    refusedAt: (namespace, name) => refusals.get(keyOf(namespace, name))?.at,
    seen: ({ metadata }) => {
      if (refusals.size > 0) return forget(metadata.namespace ?? "", metadata.name ?? "")
      const key = keys.get(metadata.uid)
      if (key !== undefined) drop(objects, key)
    },
    forget,
    deleted: (uid, now) => put(deletions, uid, { at: now }, keepMillis),
    isDeleted: (uid) => deletions.has(uid)
  }
}
