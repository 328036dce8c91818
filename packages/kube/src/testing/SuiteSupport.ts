/** What the tests of the transport suite share: objects, namespaces of their own and watches that give up. */
import { Context, Duration, Effect, Fiber, Queue, Schedule, type Scope } from "effect"
import { KubeClient } from "../KubeClient.ts"
import { isReason, type KubeError } from "../KubeError.ts"
import type { KubeObject, ObjectMeta } from "../KubeObject.ts"
import { namespaces, pods } from "../KubeResource.ts"
import { KubeTransport, type KubeWatchRequest, type WatchEvent } from "../KubeTransport.ts"
import type { ConfigMap, Namespace, Pod } from "../KubeTypes.ts"

/** What a test may use. */
export type TestServices = KubeClient | KubeTransport | Scope.Scope

/** One test of the suite. */
export interface TransportTest {
  readonly name: string
  readonly body: Effect.Effect<void, never, TestServices>
}

/** A test; whatever fails in it fails the test. */
export const test = <A, E>(name: string, body: Effect.Effect<A, E, TestServices>): TransportTest => ({
  name,
  body: Effect.asVoid(Effect.orDie(body))
})

/** Real time after which a watch that brings nothing fails its test. */
export const Patience = Context.Reference<Duration.Duration>("@fairlead/kube/testing/Patience", { defaultValue: () => Duration.seconds(5) })

/** The name of a new namespace that is deleted when the test is over. */
export const makeNamespace: Effect.Effect<string, KubeError, KubeClient | Scope.Scope> = Effect.gen(function*() {
  const kube = yield* KubeClient
  const created = yield* Effect.acquireRelease(
    kube.create<Namespace>(namespaces, { metadata: { generateName: "kube-suite-" } }),
    ({ metadata }) => Effect.ignore(kube.delete(namespaces, { name: metadata.name! }))
  )
  return created.metadata.name!
})

/** A config map to create. */
export const configMap = (
  namespace: string,
  name: string,
  more: { readonly metadata?: ObjectMeta; readonly data?: { readonly [key: string]: string } } = {}
): ConfigMap => ({ apiVersion: "v1", kind: "ConfigMap", ...more, metadata: { name, namespace, ...more.metadata } })

/**
 * Creates a pod that no scheduler looks at, in a namespace of its own. Real clusters refuse pods until the namespace
 * has its service account.
 */
export const makePod = (name: string): Effect.Effect<Pod, KubeError, KubeClient | Scope.Scope> =>
  Effect.gen(function*() {
    const namespace = yield* makeNamespace
    const pod: Pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace },
      spec: { schedulerName: "kube-suite-none", containers: [{ name: "main", image: "busybox" }] }
    }
    const create = (yield* KubeClient).create<Pod>(pods, pod)
    return yield* Effect.retry(create, { while: (error) => isReason(error, "Forbidden"), times: 50, schedule: Schedule.spaced("100 millis") })
  })

/** The reason that a call fails for. */
export const reasonOf = <A, R>(call: Effect.Effect<A, KubeError, R>): Effect.Effect<string, never, R> =>
  Effect.match(call, { onFailure: (error) => error.reason._tag, onSuccess: () => "no error" })

/** The version of an object as a number, to compare versions of one server. */
export const versionOf = (object: { readonly metadata: { readonly resourceVersion?: string } }): number =>
  Number(object.metadata.resourceVersion)

/** `<type> <name>` of each event. */
export const summaries = (events: ReadonlyArray<WatchEvent>): ReadonlyArray<string> =>
  events.map(({ type, object }) => `${type} ${"name" in object.metadata ? object.metadata.name : ""}`)

/** A watch that runs. */
export interface Watching {
  /** The next events; fails the test when they do not come or the watch fails. */
  readonly take: (count: number) => Effect.Effect<ReadonlyArray<WatchEvent>>
  /** Events that came and were not taken. */
  readonly pending: () => number
  readonly fiber: Fiber.Fiber<void, KubeError>
}

/** Opens a watch that closes with the test. */
export const startWatch = (request: KubeWatchRequest): Effect.Effect<Watching, never, KubeTransport | Scope.Scope> =>
  Effect.gen(function*() {
    const transport = yield* KubeTransport
    const patience = yield* Patience
    const queue = yield* Queue.unbounded<WatchEvent>()
    const fiber = yield* Effect.forkScoped(transport.watch(request, (events) => void Queue.offerAllUnsafe(queue, events)))
    const failure = Effect.orDie(Effect.andThen(Fiber.join(fiber), Effect.never))
    const take = (count: number): Effect.Effect<ReadonlyArray<WatchEvent>> => {
      const taken: Array<WatchEvent> = []
      const takeAll = Effect.as(Effect.repeat(Effect.tap(Queue.take(queue), (event) => Effect.sync(() => taken.push(event))), { times: count - 1 }), taken)
      return Effect.raceFirst(takeAll, failure).pipe(
        Effect.timeoutOrElse({
          duration: patience,
          orElse: () => Effect.die(new Error(`of ${count} events only these came within ${Duration.format(patience)}: [${summaries(taken).join(", ")}]`))
        })
      )
    }
    return { take, pending: () => Queue.sizeUnsafe(queue), fiber }
  })

/** How a watch that should end by itself ended: the reason that it failed for, or `no error`. */
export const endOf = (watching: Watching): Effect.Effect<string> =>
  Effect.flatMap(Patience, (patience) =>
    Effect.timeoutOrElse(reasonOf(Fiber.join(watching.fiber)), {
      duration: patience,
      orElse: () => Effect.die(new Error(`the watch did not end within ${Duration.format(patience)}`))
    }))

/** The version that a list of the collection shows, to start a watch from. */
export const listVersion = (request: KubeWatchRequest): Effect.Effect<string, KubeError, KubeClient> =>
  Effect.gen(function*() {
    const list = yield* (yield* KubeClient).list<KubeObject>(request.resource, request.namespace)
    return list.metadata.resourceVersion!
  })
