/** Records events of the core group, as the controllers of Kubernetes do: the same event again only counts the first one up. */
import { KubeClient, type KubeError, type KubeObject, KubeResource, KubeTime } from "@fairlead/kube"
import { Clock, Effect } from "effect"

/** Tells people what happens to an object. Never fails. */
export type Tell = (resource: KubeResource.KubeResource, object: KubeObject, type: "Normal" | "Warning", reason: string, message: string) => Effect.Effect<void>

interface Told {
  readonly namespace: string
  readonly name: string
  readonly count: number
}

/** Different messages of one kind about one object, since a time. */
interface Similar {
  readonly since: number
  readonly messages: Set<string>
}

/** Different events that are remembered, over all components. */
const toldMost = 4096
/** From so many different messages of one kind within ten minutes on, they become one event that is counted. */
const similarMost = 10
const similarMillis = 600_000

/** What was told by all components that share it. */
export class CoreEvents {
  readonly #client: KubeClient["Service"]
  readonly #told = new Map<string, Told>()
  readonly #similar = new Map<string, Similar>()
  #number = 0

  constructor(client: KubeClient["Service"]) {
    this.#client = client
  }

  /** Speaks in the name of one component. */
  readonly of = (component: string): Tell => (resource, object, type, reason, message) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => this.#tell(component, regardingOf(resource, object), { type, reason, message }, now))

  #tell(component: string, regarding: Regarding, event: EventText, now: number): Effect.Effect<void> {
    const group = JSON.stringify([component, regarding.apiVersion, regarding.kind, regarding.namespace, regarding.name, regarding.uid, event.type, event.reason])
    const isMany = this.#isMany(group, event.message, now)
    const text = isMany ? { ...event, message: `(combined from similar events): ${event.message}` } : event
    const key = isMany ? group : `${group} ${event.message}`
    const before = this.#told.get(key)
    const told = before === undefined ? this.#first(regarding, now) : { ...before, count: before.count + 1 }
    remember(this.#told, key, told)
    const time = KubeTime.format(now)
    const create = (it: Told): Effect.Effect<unknown, KubeError.KubeError> => this.#client.create(KubeResource.coreEvents, eventOf(component, regarding, text, it, time))
    const patch = { count: told.count, lastTimestamp: time, message: text.message }
    const write = before === undefined
      ? create(told)
      : Effect.catchIf(
        this.#client.patch(KubeResource.coreEvents, { namespace: told.namespace, name: told.name }, "strategic", patch) as Effect.Effect<unknown, KubeError.KubeError>,
        (error) => error.reason._tag === "NotFound",
        () => create(told)
      )
    return Effect.catch(Effect.asVoid(write), (error) => Effect.logDebug(`event ${event.reason} of ${regarding.kind} ${regarding.name} is given up: ${error.message}`))
  }

  /** Messages that name something new each time would fill the store. */
  #isMany(group: string, message: string, now: number): boolean {
    const found = this.#similar.get(group)
    const similar = found === undefined || now - found.since > similarMillis ? { since: now, messages: new Set<string>() } : found
    if (similar.messages.size < similarMost) similar.messages.add(message)
    remember(this.#similar, group, similar)
    return similar.messages.size >= similarMost && !(found === similar && this.#told.has(`${group} ${message}`))
  }

  #first(regarding: Regarding, now: number): Told {
    const nanos = BigInt(now) * 1_000_000n + BigInt(this.#number++ % 1_000_000)
    return { namespace: regarding.namespace ?? "default", name: `${regarding.name}.${nanos.toString(16)}`, count: 1 }
  }
}

interface EventText {
  readonly type: string
  readonly reason: string
  readonly message: string
}

/** Puts the entry last; what was not touched for longest is forgotten. */
const remember = <A>(entries: Map<string, A>, key: string, value: A): void => {
  entries.delete(key)
  entries.set(key, value)
  if (entries.size > toldMost) entries.delete(entries.keys().next().value!)
}

interface Regarding {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
}

const regardingOf = (resource: KubeResource.KubeResource, { metadata }: KubeObject): Regarding => ({
  apiVersion: KubeResource.apiVersionOf(resource),
  kind: resource.kind,
  ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  name: metadata.name ?? "",
  uid: metadata.uid ?? "",
  resourceVersion: metadata.resourceVersion ?? ""
})

const eventOf = (component: string, involvedObject: Regarding, event: object, { count, name, namespace }: Told, time: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name, namespace },
  involvedObject,
  ...event,
  source: { component },
  firstTimestamp: time,
  lastTimestamp: time,
  count,
  reportingComponent: component,
  reportingInstance: ""
} as KubeObject)
