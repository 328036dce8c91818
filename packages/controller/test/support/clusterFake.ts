/** A small, honest API server for these tests: one global version, history, watches that resume or expire, conflicts, finalizers. */
import { Effect, Layer } from "effect"
import { KubeError, type KubeAnswer, type KubeObject, type KubeRequest, KubeResource, KubeTransport, type KubeWatchRequest, type Status, type WatchEvent } from "@fairlead/kube"

type Stored = KubeObject & { readonly [field: string]: unknown }
type Type = "ADDED" | "MODIFIED" | "DELETED"

interface Entry {
  readonly version: number
  readonly path: string
  readonly type: Type
  readonly object: Stored
}

interface Watcher {
  readonly request: KubeWatchRequest
  readonly path: string
  readonly emit: (events: ReadonlyArray<WatchEvent>) => void
  readonly end: (error?: KubeError.KubeError) => void
  /** Events wait here while the watcher is frozen. */
  readonly waiting: Array<WatchEvent>
}

/** What a rule may do to a call: fail it before it is carried out, or lose its answer afterwards. */
export type Fault = { readonly before?: KubeError.KubeError; readonly after?: KubeError.KubeError; readonly hang?: boolean; readonly die?: string }

export const statusError = (code: number, reason: string, message = reason, retryAfterSeconds?: number): KubeError.KubeError =>
  KubeError.fromStatus("fake", {
    kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code, reason, message,
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } })
  })

export const expired = (): KubeError.KubeError => statusError(410, "Expired", "too old resource version")
export const expiredStatus: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code: 410, reason: "Expired", message: "too old resource version" }
export const unavailable = (): KubeError.KubeError => statusError(503, "ServiceUnavailable")

const pathOfCollection = (resource: KubeResource.KubeResource): string => KubeResource.pathOf(resource)

export class ClusterFake {
  version = 100
  readonly requests: Array<string> = []
  readonly watches: Array<{ readonly [name: string]: string | undefined }> = []
  /** Looks at every call first. */
  rule: (verb: string, request: KubeRequest | KubeWatchRequest) => Fault | undefined = () => undefined
  supportsWatchList = true
  /** While true, watchers get nothing; `thaw` delivers what they missed. */
  frozen = false
  #collections = new Map<string, Map<string, Stored>>()
  #history: Array<Entry> = []
  #compactedTo = 0
  #watchers: Array<Watcher> = []

  get layer(): Layer.Layer<KubeTransport> {
    return Layer.succeed(KubeTransport, {
      request: (request) => Effect.suspend(() => this.#request(request)),
      watch: (request, onEvents) => Effect.suspend(() => this.#watch(request, onEvents))
    })
  }

  get watcherCount(): number {
    return this.#watchers.length
  }

  writes(): ReadonlyArray<string> {
    return this.requests.filter((it) => !it.startsWith("get ") && !it.startsWith("list "))
  }

  /** Writes an object as another client would. */
  put(resource: KubeResource.KubeResource, object: KubeObject): Stored {
    const collection = this.#collection(resource)
    const key = `${object.metadata.namespace ?? ""}/${object.metadata.name}`
    const before = collection.get(key)
    const metadata = { uid: before?.metadata.uid ?? `uid-${this.version + 1}`, ...object.metadata }
    return this.#commit(resource, { ...object, metadata }, before === undefined ? "ADDED" : "MODIFIED")
  }

  remove(resource: KubeResource.KubeResource, namespace: string, name: string): void {
    const object = this.#collection(resource).get(`${namespace}/${name}`)
    if (object !== undefined) this.#commit(resource, object, "DELETED")
  }

  find(resource: KubeResource.KubeResource, namespace: string, name: string): Stored | undefined {
    return this.#collection(resource).get(`${namespace}/${name}`)
  }

  all(resource: KubeResource.KubeResource): ReadonlyArray<Stored> {
    return Array.from(this.#collection(resource).values())
  }

  /** Forgets the history, so that watches from older versions get a 410. */
  compact(): void {
    this.#compactedTo = this.version
    this.#history = []
  }

  /** Ends all watches, cleanly or with an error. */
  endWatches(error?: KubeError.KubeError): void {
    for (const watcher of this.#watchers.splice(0)) watcher.end(error)
  }

  /** Sends the same events to every watcher (of one kind), whatever the state says. */
  send(events: ReadonlyArray<WatchEvent>, resource?: KubeResource.KubeResource): void {
    for (const watcher of this.#watchers.slice()) if (resource === undefined || watcher.request.resource === resource) watcher.emit(events)
  }

  bookmark(): void {
    this.send([{ type: "BOOKMARK", object: { metadata: { resourceVersion: String(this.version) } } }])
  }

  thaw(): void {
    this.frozen = false
    for (const watcher of this.#watchers.slice()) watcher.emit(watcher.waiting.splice(0))
  }

  #collection(resource: KubeResource.KubeResource): Map<string, Stored> {
    const path = pathOfCollection(resource)
    let collection = this.#collections.get(path)
    if (collection === undefined) this.#collections.set(path, (collection = new Map()))
    return collection
  }

  #commit(resource: KubeResource.KubeResource, object: Stored, type: Type): Stored {
    const version = ++this.version
    const stored: Stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
    const key = `${stored.metadata.namespace ?? ""}/${stored.metadata.name}`
    if (type === "DELETED") this.#collection(resource).delete(key)
    else this.#collection(resource).set(key, stored)
    const entry: Entry = { version, path: pathOfCollection(resource), type, object: stored }
    this.#history.push(entry)
    for (const watcher of this.#watchers.slice()) {
      if (watcher.path !== entry.path || !selects(watcher.request, stored)) continue
      if (this.frozen) watcher.waiting.push({ type, object: stored })
      else watcher.emit([{ type, object: stored }])
    }
    return stored
  }

  #request(request: KubeRequest): Effect.Effect<KubeAnswer, KubeError.KubeError> {
    this.requests.push([request.verb, request.resource.plural, request.name, request.subresource].filter((it) => it !== undefined).join(" "))
    const fault = this.rule(request.verb, request)
    if (fault?.die !== undefined) throw new Error(fault.die)
    if (fault?.hang === true) return Effect.never
    if (fault?.before !== undefined) return Effect.fail(fault.before)
    try {
      const answer = this.#carryOut(request)
      return fault?.after === undefined ? Effect.succeed(answer) : Effect.fail(fault.after)
    } catch (error) {
      return Effect.fail(error as KubeError.KubeError)
    }
  }

  #carryOut(request: KubeRequest): KubeAnswer {
    const collection = this.#collection(request.resource)
    if (request.verb === "list") return this.#list(request, Array.from(collection.values()))
    const body = request.body as Stored | undefined
    const key = `${request.namespace ?? ""}/${request.name ?? body?.metadata?.name}`
    const before = collection.get(key)
    if (request.verb === "create") {
      if (before !== undefined) throw statusError(409, "AlreadyExists", `${key} already exists`)
      return this.#commit(request.resource, { ...body!, metadata: { ...body!.metadata, uid: `uid-${this.version + 1}` } }, "ADDED")
    }
    if (before === undefined) throw statusError(404, "NotFound", `${key} not found`)
    switch (request.verb) {
      case "get":
        return before
      case "update": {
        const asked = body!.metadata.resourceVersion
        if (asked !== undefined && asked !== before.metadata.resourceVersion) throw statusError(409, "Conflict", `${key} has version ${before.metadata.resourceVersion}`)
        return this.#settle(request.resource, { ...body!, metadata: { ...body!.metadata, uid: before.metadata.uid! } })
      }
      case "patch":
        return this.#settle(request.resource, request.patchType === "json" ? patched(before, request.body as ReadonlyArray<Operation>) : (merged(before, request.body) as Stored))
      default: {
        const deleting = { ...before, metadata: { ...before.metadata, deletionTimestamp: before.metadata.deletionTimestamp ?? "2026-01-01T00:00:00Z" } }
        return this.#settle(request.resource, deleting)
      }
    }
  }

  /** Deletes what is being deleted and has no finalizers left. */
  #settle(resource: KubeResource.KubeResource, object: Stored): Stored {
    const gone = object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0
    return this.#commit(resource, object, gone ? "DELETED" : "MODIFIED")
  }

  #list(request: KubeRequest, all: ReadonlyArray<Stored>): KubeAnswer {
    const items = all.filter((it) => selects(request, it))
    const limit = Number(request.query?.["limit"] ?? items.length)
    const [from, at] = (request.query?.["continue"] ?? `0@${this.version}`).split("@").map(Number) as [number, number]
    if (at < this.#compactedTo) throw expired()
    const next = from + limit < items.length ? { continue: `${from + limit}@${at}` } : {}
    return { metadata: { resourceVersion: String(at), ...next }, items: items.slice(from, from + limit) }
  }

  #watch(request: KubeWatchRequest, onEvents: (events: ReadonlyArray<WatchEvent>) => void): Effect.Effect<void, KubeError.KubeError> {
    this.watches.push(request.query ?? {})
    const fault = this.rule("watch", request)
    if (fault?.die !== undefined) throw new Error(fault.die)
    if (fault?.hang === true) return Effect.never
    if (fault?.before !== undefined) return Effect.fail(fault.before)
    const path = pathOfCollection(request.resource)
    const initial = request.query?.["sendInitialEvents"] === "true"
    if (initial && !this.supportsWatchList) return Effect.fail(statusError(422, "Invalid", "sendInitialEvents is forbidden"))
    const from = Number(request.query?.["resourceVersion"] ?? "0")
    if (!initial && from < this.#compactedTo) return Effect.fail(expired())
    return Effect.callback<void, KubeError.KubeError>((resume) => {
      const watcher: Watcher = {
        request, path, emit: onEvents, waiting: [],
        end: (error) => resume(error === undefined ? Effect.void : Effect.fail(error))
      }
      this.#watchers.push(watcher)
      const missed: ReadonlyArray<WatchEvent> = initial
        ? [
          ...Array.from(this.#collection(request.resource).values()).filter((it) => selects(request, it)).map((object) => ({ type: "ADDED", object }) as const),
          { type: "BOOKMARK", object: { metadata: { resourceVersion: String(this.version), annotations: { "k8s.io/initial-events-end": "true" } } } }
        ]
        : this.#history.filter((it) => it.version > from && it.path === path && selects(request, it.object)).map(({ object, type }) => ({ object, type }))
      if (missed.length > 0) onEvents(missed)
      return Effect.sync(() => {
        this.#watchers = this.#watchers.filter((it) => it !== watcher)
      })
    })
  }
}

const selects = (request: KubeRequest | KubeWatchRequest, object: KubeObject): boolean => {
  if (request.namespace !== undefined && object.metadata.namespace !== request.namespace) return false
  const labels = (request.query?.["labelSelector"] ?? "").split(",").filter((it) => it !== "").map((it) => it.split("="))
  if (!labels.every(([key, value]) => object.metadata.labels?.[key!] === value)) return false
  const name = /metadata\.name=([^,]+)/.exec(request.query?.["fieldSelector"] ?? "")?.[1]
  return name === undefined || name === object.metadata.name
}

interface Operation {
  readonly op: "add" | "remove" | "test" | "replace"
  readonly path: string
  readonly value?: unknown
}

const patched = (object: Stored, operations: ReadonlyArray<Operation>): Stored => {
  const copy = structuredClone(object) as unknown as { [key: string]: never }
  for (const { op, path, value } of operations) {
    const parts = path.split("/").slice(1)
    const last = parts.pop()!
    let at: { [key: string]: never } | Array<unknown> = copy
    for (const part of parts) at = (at as { [key: string]: never })[part]!
    const present = (at as { [key: string]: unknown })[last]
    if (op === "test") {
      if (JSON.stringify(present ?? null) !== JSON.stringify(value)) throw statusError(422, "Invalid", `test of ${path} failed`)
    } else if (op === "remove") {
      if (Array.isArray(at)) at.splice(Number(last), 1)
      else delete (at as { [key: string]: unknown })[last]
    } else if (Array.isArray(at)) at.splice(last === "-" ? at.length : Number(last), 0, value)
    else (at as { [key: string]: unknown })[last] = value
  }
  return copy as unknown as Stored
}

const merged = (target: unknown, patch: unknown): unknown => {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch
  const result: { [key: string]: unknown } = { ...(typeof target === "object" && !Array.isArray(target) ? target : {}) }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merged(result[key], value)
  }
  return result
}
