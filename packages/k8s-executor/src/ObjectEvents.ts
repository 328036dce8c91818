/** Kubernetes Events about launched objects, as additional reasons of their phase. */
import type { Event } from "@fairlead/kube"

/** One thing that happened to an object. */
export interface ObjectEvent {
  readonly reason: string
  /** Milliseconds since the epoch, by the clock of whoever wrote the event. */
  readonly at: number
  /** Place in the order of arrival: near `at`, but always above that of the events of the object that came before. */
  readonly cursor: number
}

/** Where the runner finds events. */
export interface ObjectEvents {
  /** Events about the object with this uid that came after the one with this cursor, oldest first. */
  readonly since: (uid: string, cursor: number) => ReadonlyArray<ObjectEvent>
  /** Forgets an object that is not looked at any more. */
  readonly forget: (uid: string) => void
}

/** `ObjectEvents` that somebody feeds, usually from a watch on Events. */
export interface ObjectEventLog extends ObjectEvents {
  readonly record: (event: Event) => void
  /** Number of objects with events. */
  readonly size: () => number
}

/**
 * Makes a log in memory with firm bounds: of each object the newest `perObject` events, and the `objects` objects that
 * had events last. A repeated event (with a higher count) takes the place of its earlier self.
 */
export const makeObjectEventLog = (limits: { readonly perObject: number; readonly objects: number } = { perObject: 20, objects: 10_000 }): ObjectEventLog => {
  const byUid = new Map<string, Map<string, ObjectEvent>>()
  const bucketOf = (uid: string): Map<string, ObjectEvent> => {
    const bucket = byUid.get(uid) ?? new Map<string, ObjectEvent>()
    byUid.delete(uid)
    byUid.set(uid, bucket)
    if (byUid.size > limits.objects) byUid.delete(byUid.keys().next().value!)
    return bucket
  }
  return {
    record: (event) => {
      const uid = event.regarding?.uid
      const at = timeOf(event)
      if (uid === undefined || at === undefined || event.note === undefined) return
      const bucket = bucketOf(uid)
      const key = event.metadata.uid ?? `${event.metadata.namespace}/${event.metadata.name}`
      // Events carry whole seconds, so several share a time and late ones come out of order: neither may get lost.
      const cursor = Math.max(at, 1 + Math.max(0, ...[...bucket.values()].map((it) => it.cursor)))
      bucket.delete(key)
      bucket.set(key, { reason: event.note, at, cursor })
      if (bucket.size > limits.perObject) bucket.delete(bucket.keys().next().value!)
    },
    since: (uid, cursor) => [...(byUid.get(uid)?.values() ?? [])].filter((it) => it.cursor > cursor),
    forget: (uid) => void byUid.delete(uid),
    size: () => byUid.size
  }
}

/** The newest time that an event carries; which field is set depends on who wrote it. */
const timeOf = (event: Event): number | undefined => {
  const times = [event.series?.lastObservedTime, event.deprecatedLastTimestamp, event.eventTime, event.metadata.creationTimestamp]
  for (const time of times) {
    const at = typeof time === "string" ? Date.parse(time) : Number.NaN
    if (!Number.isNaN(at)) return at
  }
  return undefined
}
