/** Watches on collections: what was, then every change as it happens, until somebody ends it. */
import type { KubeObject, WatchEvent } from "@fairlead/kube"
import { ApiFailure, badVersion, expired, tooLargeVersion } from "../ApiFailure.ts"
import { emptyBody } from "../kinds/EmptyStatus.ts"
import type { ServedResource } from "../ServedResource.ts"
import { toServed } from "../ServedResource.ts"
import type { CollectionWatcher } from "../store/Collection.ts"
import type { StoreEvent } from "../store/History.ts"
import type { Call } from "./Call.ts"
import { type ListOptions, readListOptions } from "./ListOptions.ts"
import { readSelection, type Selection } from "./Selection.ts"

/** Takes what a watch has to say. Plain functions that must not throw. */
export interface WatchListener {
  readonly onEvents: (events: ReadonlyArray<WatchEvent>) => void
  /** The server ended the watch; not called after `close`. */
  readonly onEnd: () => void
}

/** An open watch. */
export interface WatchHandle {
  readonly close: () => void
}

/** Opens a watch; events may come before it returns. Throws `ApiFailure` if the watch is refused. */
export const watch = (call: Call, listener: WatchListener): WatchHandle => {
  const selection = readSelection(call)
  const options = readListOptions(call, true)
  if (options.resourceVersion !== "" && !/^\d+$/.test(options.resourceVersion)) {
    throw badVersion(options.resourceVersion)
  }
  return new WatchSession(call, selection, options, listener).open()
}

const bookmarkIntervalMs = 60_000
const bookmarkBeforeEndSeconds = 2
const timeoutSecondsMin = 1800

class WatchSession implements WatchHandle, CollectionWatcher {
  readonly namespace: string
  private readonly call: Call
  private readonly selection: Selection
  private readonly options: ListOptions
  private readonly listener: WatchListener
  private readonly cancels: Array<() => void> = []
  private closed = false
  /** Changes up to this revision are known to the client. */
  private revision = 0
  /** Whether every event goes out as it is stored. */
  private readonly showsAll: boolean
  /** Bookmarks before the end say something only if they are newer than this. */
  private start = 0

  constructor(call: Call, selection: Selection, options: ListOptions, listener: WatchListener) {
    this.namespace = call.namespace
    this.call = call
    this.selection = selection
    this.showsAll = selection.matches === undefined && call.resource.conversion === undefined
    this.options = options
    this.listener = listener
  }

  open(): WatchHandle {
    const { call, options } = this
    const asked = Number(options.resourceVersion || "0")
    const { revision } = call.server.store
    if (options.sendInitialEvents === true) {
      if (asked > revision) return this.fail(tooLargeVersion(asked, revision))
      this.startWithState()
      if (options.allowBookmarks && !this.closed) this.send([initialEventsEnd(call.resource, revision)])
    } else if (asked === 0) {
      this.revision = revision
    } else if (asked < call.resource.collection.history.compactedRevision) {
      return this.fail(expired(`too old resource version: ${asked} (${call.resource.collection.history.compactedRevision})`))
    } else {
      this.revision = asked
      this.replay(asked)
    }
    this.start = options.sendInitialEvents === undefined ? asked : revision
    if (!this.closed) this.follow()
    return this
  }

  readonly close = (): void => {
    if (this.closed) return
    this.closed = true
    this.call.resource.collection.watchers.delete(this)
    for (const cancel of this.cancels) cancel()
  }

  private end(): void {
    if (this.closed) return
    this.close()
    this.listener.onEnd()
  }

  private fail(failure: ApiFailure): WatchHandle {
    this.send([{ type: "ERROR", object: failure.status }])
    this.end()
    return this
  }

  private startWithState(): void {
    const { resource, namespace, server } = this.call
    const { matches, hint } = this.selection
    const all = resource.collection.list(namespace, hint)
    this.revision = server.store.revision
    const events: Array<WatchEvent> = []
    for (const object of all) {
      if (matches === undefined || matches(object)) events.push({ type: "ADDED", object: toServed(resource, object) })
    }
    if (events.length > 0) this.send(events)
  }

  private replay(since: number): void {
    const { resource, namespace } = this.call
    const events: Array<WatchEvent> = []
    for (const event of resource.collection.history.after(since)) {
      this.revision = event.revision
      if (namespace !== "" && event.namespace !== namespace) continue
      const shown = this.show(event)
      if (shown !== undefined) events.push(shown)
    }
    if (events.length > 0) this.send(events)
  }

  private follow(): void {
    const { call, options } = this
    call.resource.collection.watchers.add(this)
    const { schedule, random } = call.server
    const seconds = options.timeoutSeconds ?? Math.floor(timeoutSecondsMin * (1 + random()))
    this.cancels.push(schedule(seconds * 1000, () => this.end()))
    if (!options.allowBookmarks) return
    this.planBookmark()
    if (seconds > bookmarkBeforeEndSeconds) this.cancels.push(schedule((seconds - bookmarkBeforeEndSeconds) * 1000, () => this.bookmarkBeforeEnd()))
  }

  private bookmarkBeforeEnd(): void {
    const { resource, server } = this.call
    if (!this.closed && server.store.revision > this.start) this.send([bookmark(resource, server.store.revision)])
  }

  private planBookmark(): void {
    const cancel = this.call.server.schedule(bookmarkIntervalMs, () => {
      if (this.closed) return
      this.send([bookmark(this.call.resource, this.call.server.store.revision)])
      this.cancels.splice(this.cancels.indexOf(cancel), 1)
      this.planBookmark()
    })
    this.cancels.push(cancel)
  }

  onEvent(event: StoreEvent): void {
    if (this.closed || event.revision <= this.revision) return
    if (this.showsAll) return this.send(plainEvents(event))
    try {
      const shown = this.show(event)
      if (shown !== undefined) this.send([shown])
    } catch (error) {
      // An object that cannot be converted ends the watch.
      if (!(error instanceof ApiFailure)) throw error
      this.send([{ type: "ERROR", object: error.status as never }])
      this.end()
    }
  }

  private send(events: ReadonlyArray<WatchEvent>): void {
    this.listener.onEvents(events)
  }

  /** The event as this watch sees it: objects come and go with the selection. */
  private show(event: StoreEvent): WatchEvent | undefined {
    const { matches } = this.selection
    const { resource } = this.call
    if (matches === undefined) return { type: event.type, object: toServed(resource, event.object) }
    const was = event.previous !== undefined && matches(event.previous)
    if (event.type === "DELETED") return was ? { type: "DELETED", object: toServed(resource, event.object) } : undefined
    const is = matches(event.object)
    if (is) return { type: was ? "MODIFIED" : "ADDED", object: toServed(resource, event.object) }
    return was ? { type: "DELETED", object: toServed(resource, lastMatch(event)) } : undefined
  }
}

/** The event for those who watch everything. */
const plainEvents = (event: StoreEvent): ReadonlyArray<WatchEvent> => (event.shown ??= [{ type: event.type, object: event.object }])

/** The object as it last matched, under the version at which it ceased to. */
const lastMatch = ({ previous, revision }: StoreEvent): KubeObject => ({
  ...previous!,
  metadata: { ...previous!.metadata, resourceVersion: String(revision) }
})

const bookmark = (resource: ServedResource, revision: number): WatchEvent => ({
  type: "BOOKMARK",
  object: { apiVersion: resource.apiVersion, kind: resource.kind, metadata: { resourceVersion: String(revision) }, ...(resource.custom ? {} : emptyBody(resource)) }
})

const initialEventsEnd = (resource: ServedResource, revision: number): WatchEvent => {
  const { object } = bookmark(resource, revision) as { object: KubeObject }
  return { type: "BOOKMARK", object: { ...object, metadata: { ...object.metadata, annotations: { "k8s.io/initial-events-end": "true" } } } }
}
