/** The synchronous heart of an informer: from an object off the wire to the store and on to everyone who listens. */
import { type KubeObject, KubeResource } from "@fairlead/kube"
import { keyOf } from "../ReconcileRequest.ts"
import type { Change, Indexes } from "../Store.ts"
import type { Transform } from "../Transform.ts"
import type { ReflectorSink } from "./reflectorState.ts"
import { type NamedObject, StoreState } from "./storeState.ts"

interface Subscription<A extends KubeObject> {
  readonly onChange: (change: Change<A>) => void
  readonly onProgress: ((version: string) => void) | undefined
  active: boolean
}

/** Parked objects that are remembered by key; more are only counted. */
const parkedMax = 1000

/** Takes what the reflector hears. One object that cannot be read, or one listener that throws, never stops the rest. */
export class InformerCore<A extends KubeObject> implements ReflectorSink {
  readonly store: StoreState<A>
  /** Key → why the newest state of that object could not be taken. */
  readonly parked = new Map<string, string>()
  events = 0
  parkings = 0
  readonly #resource: KubeResource.KubeResource
  readonly #apiVersion: string
  readonly #transform: Transform<A>
  readonly #report: (message: string) => void
  readonly #onReplaced: () => void
  #subscriptions: ReadonlyArray<Subscription<A>> = []

  constructor(options: {
    readonly resource: KubeResource.KubeResource
    readonly transform: Transform<A>
    readonly indexes: Indexes<A>
    readonly report: (message: string) => void
    readonly onReplaced: () => void
  }) {
    this.#resource = options.resource
    this.#apiVersion = KubeResource.apiVersionOf(options.resource)
    this.#transform = options.transform
    this.#report = options.report
    this.#onReplaced = options.onReplaced
    this.store = new StoreState(options.indexes)
  }

  subscribe(onChange: (change: Change<A>) => void, onProgress?: (version: string) => void): () => void {
    const subscription: Subscription<A> = { onChange, onProgress, active: true }
    this.#subscriptions = [...this.#subscriptions, subscription]
    for (const object of this.store.list()) this.#deliver(subscription, { type: "Added", object, initial: true })
    return () => {
      subscription.active = false
      this.#subscriptions = this.#subscriptions.filter((it) => it !== subscription)
    }
  }

  upsert(object: KubeObject): void {
    this.events++
    if (!this.#isNamed(object)) return
    const { name } = object.metadata
    const namespace = this.#namespaceOf(object)
    let change: Change<A> | undefined
    try {
      change = this.store.upsert(namespace, name!, this.#transform(this.#withHeader(object)))
      if (this.parked.size > 0) this.parked.delete(keyOf(namespace, name!))
    } catch (defect) {
      this.#park(keyOf(namespace, name!), defect)
    }
    if (change !== undefined) this.#dispatch(this.#subscriptions, change)
  }

  /** Takes what was read past the watch. */
  readAhead(object: KubeObject): void {
    this.upsert(object)
    this.store.readAhead(object.metadata.resourceVersion)
  }

  remove(object: KubeObject): void {
    this.events++
    if (!this.#isNamed(object)) return
    const { name } = object.metadata
    const namespace = this.#namespaceOf(object)
    const change = this.store.remove(namespace, name!, this.#lastState(object))
    if (this.parked.size > 0) this.parked.delete(keyOf(namespace, name!))
    if (change !== undefined) this.#dispatch(this.#subscriptions, change)
  }

  /** A read at `version` did not find the object. */
  removeAbsent(namespace: string | undefined, name: string, version: string): void {
    const change = this.store.removeAbsent(this.#resource.namespaced ? namespace : undefined, name, version)
    if (change !== undefined) this.#dispatch(this.#subscriptions, change)
  }

  replace(objects: ReadonlyArray<KubeObject>, version: string): void {
    const taken: Array<NamedObject<A>> = []
    const parkedBefore = Array.from(this.parked.keys())
    this.parked.clear()
    for (const object of objects) {
      if (!this.#isNamed(object)) continue
      const name = object.metadata.name!
      const namespace = this.#namespaceOf(object)
      const readable = this.#take(namespace, name, object) ?? this.store.get(namespace, name)
      if (readable !== undefined) taken.push({ namespace, name, object: readable })
    }
    if (parkedBefore.length > 0 && this.parked.size === 0) this.#report(`all ${parkedBefore.length} parked objects are readable again or gone`)
    const changes = this.store.replace(taken, version)
    // Listeners that join while this goes on are replayed the new store; they must not hear of it twice.
    const subscriptions = this.#subscriptions
    for (const change of changes) this.#dispatch(subscriptions, change)
    this.#onReplaced()
    this.#progressed(version)
  }

  advance(version: string): void {
    this.store.advance(version)
    this.#progressed(version)
  }

  malformed(description: string): void {
    this.parkings++
    this.#report(description)
  }

  #progressed(version: string): void {
    for (const subscription of this.#subscriptions) {
      if (subscription.onProgress === undefined) continue
      try {
        subscription.onProgress(version)
      } catch (defect) {
        this.#report(`a listener for progress threw: ${String(defect)}`)
      }
    }
  }

  #dispatch(subscriptions: ReadonlyArray<Subscription<A>>, change: Change<A>): void {
    for (let i = 0; i < subscriptions.length; i++) this.#deliver(subscriptions[i]!, change)
  }

  #deliver(subscription: Subscription<A>, change: Change<A>): void {
    if (!subscription.active) return
    try {
      subscription.onChange(change)
    } catch (defect) {
      const { namespace, name } = change.object.metadata
      this.#report(`a listener threw on ${change.type} ${keyOf(namespace, name ?? "")}: ${String(defect)}`)
    }
  }

  #isNamed(object: KubeObject): boolean {
    const name: unknown = object?.metadata?.name
    const namespace: unknown = object?.metadata?.namespace
    if (typeof name === "string" && name !== "" && (!this.#resource.namespaced || (typeof namespace === "string" && namespace !== ""))) return true
    this.malformed(`an object has no usable metadata: name ${JSON.stringify(name)}, namespace ${JSON.stringify(namespace)}`)
    return false
  }

  #namespaceOf(object: KubeObject): string | undefined {
    return this.#resource.namespaced ? object.metadata.namespace : undefined
  }

  #read(object: KubeObject): A {
    const taken = this.#transform(this.#withHeader(object))
    this.store.probe(taken)
    return taken
  }

  /** The last state of an object may be unreadable; it is gone all the same. */
  #lastState(object: KubeObject): A | undefined {
    try {
      return this.#read(object)
    } catch {
      return undefined
    }
  }

  /** Transforms an object and tries its indexes; parks it when either throws. */
  #take(namespace: string | undefined, name: string, object: KubeObject): A | undefined {
    try {
      return this.#read(object)
    } catch (defect) {
      this.#park(keyOf(namespace, name), defect)
      return undefined
    }
  }

  #park(key: string, defect: unknown): void {
    const why = String(defect)
    this.parkings++
    if (this.parked.get(key) !== why) this.#report(`${key} is parked, because it cannot be read: ${why}`)
    if (this.parked.size < parkedMax || this.parked.has(key)) this.parked.set(key, why)
  }

  /** Items of a list come without the header that they have in events. */
  #withHeader(object: KubeObject): KubeObject {
    return object.kind === undefined ? { apiVersion: this.#apiVersion, kind: this.#resource.kind, ...object } : object
  }
}
