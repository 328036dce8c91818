/** Records events of the core group, as the controllers of Kubernetes do: the same event again only counts the first one up. */
import { KubeClient, type KubeError, type KubeObject, KubeResource } from "@fairlead/kube"
import { Clock, Effect } from "effect"
import { timestamp } from "./timestamp.ts"

/** Tells people what happens to an object. Never fails. */
export type Tell = (resource: KubeResource.KubeResource, object: KubeObject, type: "Normal" | "Warning", reason: string, message: string) => Effect.Effect<void>

interface Told {
  readonly namespace: string
  readonly name: string
  readonly count: number
}

/** Different events that are remembered, over all components. */
const toldMost = 4096

/** What was told by all components that share it. */
export class CoreEvents {
  readonly #client: KubeClient["Service"]
  readonly #told = new Map<string, Told>()
  #number = 0

  constructor(client: KubeClient["Service"]) {
    this.#client = client
  }

  /** Speaks in the name of one component. */
  readonly of = (component: string): Tell => (resource, object, type, reason, message) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => this.#tell(component, regardingOf(resource, object), { type, reason, message }, now))

  #tell(component: string, regarding: Regarding, event: { readonly type: string; readonly reason: string; readonly message: string }, now: number): Effect.Effect<void> {
    const key = JSON.stringify([component, regarding.apiVersion, regarding.kind, regarding.namespace, regarding.name, regarding.uid, event.type, event.reason, event.message])
    const before = this.#told.get(key)
    const told = before === undefined ? this.#first(regarding, now) : { ...before, count: before.count + 1 }
    this.#told.delete(key)
    this.#told.set(key, told)
    if (this.#told.size > toldMost) this.#told.delete(this.#told.keys().next().value!)
    const time = timestamp(now)
    const create = (it: Told): Effect.Effect<unknown, KubeError.KubeError> =>
      this.#client.create(KubeResource.coreEvents, eventOf(component, regarding, event, it, time))
    const write = before === undefined
      ? create(told)
      : Effect.catchIf(
        this.#client.patch(KubeResource.coreEvents, { namespace: told.namespace, name: told.name }, "strategic", { count: told.count, lastTimestamp: time }) as Effect.Effect<unknown, KubeError.KubeError>,
        (error) => error.reason._tag === "NotFound",
        () => create(told)
      )
    return Effect.catch(Effect.asVoid(write), (error) => Effect.logDebug(`event ${event.reason} of ${regarding.kind} ${regarding.name} is given up: ${error.message}`))
  }

  #first(regarding: Regarding, now: number): Told {
    const nanos = BigInt(now) * 1_000_000n + BigInt(this.#number++ % 1_000_000)
    return { namespace: regarding.namespace ?? "default", name: `${regarding.name}.${nanos.toString(16)}`, count: 1 }
  }
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
