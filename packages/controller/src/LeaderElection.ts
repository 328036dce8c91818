/** Lets one of many candidates work, by a Lease. */
import { Clock, Data, Duration, Effect, Fiber, Layer } from "effect"
import { KubeClient, KubeError, KubeTransport } from "@fairlead/kube"
import { CurrentHealth } from "./Health.ts"
import { type Elector, makeElector } from "./internal/elector.ts"
import { monotonicMillis } from "./MonotonicTime.ts"
import { Series } from "./internal/series.ts"
import { Leadership } from "./Leadership.ts"

/** The lease was lost while the work went on; the work has been interrupted. Usually a reason to end the program. */
export class LeadershipLost extends Data.TaggedError("LeadershipLost")<{
  readonly lease: string
  readonly identity: string
  readonly description: string
}> {
  override get message(): string {
    return `${this.identity} lost the lease ${this.lease}: ${this.description}`
  }
}

/** Which lease, and who asks for it. */
export interface LeaderElectionOptions {
  readonly namespace: string
  readonly name: string
  /** Must be different for every process: the name of the pod and something random. */
  readonly identity: string
  /** How long others wait for a leader that says nothing more; 15 s when left out. */
  readonly leaseDuration?: Duration.Input | undefined
  /** After this time without a renewal the leader gives up; 10 s when left out. Must be shorter than `leaseDuration`. */
  readonly renewDeadline?: Duration.Input | undefined
  /** Time between renewals; 2 s when left out. */
  readonly retryPeriod?: Duration.Input | undefined
}

/** Elects leaders. */
export const LeaderElection = {
  /**
   * Waits for the lease and runs `effect` while it is held.
   *
   * Flow: try every 2 s to 4.4 s to take the lease; run `effect`; renew every 2 s. When `effect` ends or is
   * interrupted, and has finished, the lease is given back, so the next leader need not wait. When the lease is lost,
   * `effect` is interrupted and the whole fails with `LeadershipLost`; controllers then interrupt their reconciles at once.
   *
   * Guarantees: expiry is judged by when this process saw the lease change, not by the clocks of others. A leader that
   * cannot renew stops 5 s before anybody else may start.
   *
   * Caveats: a process that is frozen (swapped out, a long pause) learns of its loss late. `LeaderElection.fence`
   * refuses its writes from the moment that the lease may have expired.
   *
   * For a warm standby start informers outside of `effect` and controllers inside.
   */
  run: <A, E, R>(options: LeaderElectionOptions, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | LeadershipLost, R | KubeClient> => run(options, effect),

  /** A transport that refuses to write for fibers whose lease is not certainly held any more. */
  fence: Layer.effect(KubeTransport, Effect.map(KubeTransport, (transport) => fenced(transport))) as Layer.Layer<KubeTransport, never, KubeTransport>
}

const run = Effect.fnUntraced(function*<A, E, R>(options: LeaderElectionOptions, effect: Effect.Effect<A, E, R>) {
  const lease = `${options.namespace}/${options.name}`
  const leaseMillis = Duration.toMillis(options.leaseDuration ?? "15 seconds")
  const renewMillis = Duration.toMillis(options.renewDeadline ?? "10 seconds")
  const retryMillis = Duration.toMillis(options.retryPeriod ?? "2 seconds")
  if (!(leaseMillis > renewMillis && renewMillis > retryMillis)) {
    return yield* Effect.die(new Error(`of the lease ${lease}, leaseDuration (${leaseMillis} ms) must be longer than renewDeadline (${renewMillis} ms), and that longer than retryPeriod (${retryMillis} ms)`))
  }
  const elector = yield* makeElector({ namespace: options.namespace, name: options.name, identity: options.identity, leaseMillis, renewMillis, retryMillis })
  const stop = yield* observeElector(elector, options.name, leaseMillis)
  const lead = Effect.acquireUseRelease(
    Effect.forkDetach(elector.keep),
    (keeping) => Effect.raceFirst(
      Effect.flatMap(Effect.logInfo(`${options.identity} holds the lease ${lease}`), () => Effect.provideService(effect, Leadership, elector)),
      Effect.flatMap(Fiber.join(keeping), (description) => Effect.fail(new LeadershipLost({ lease, identity: options.identity, description })))
    ),
    (keeping) => Effect.flatMap(Fiber.interrupt(keeping), () => elector.release)
  )
  return yield* elector.acquire.pipe(
    Effect.onInterrupt(() => elector.release),
    Effect.flatMap(() => lead),
    Effect.ensuring(Effect.sync(stop))
  )
})

const observeElector = Effect.fnUntraced(function*(elector: Elector, name: string, leaseMillis: number) {
  const clock = yield* Clock.Clock
  const health = yield* CurrentHealth
  const services = yield* Effect.context<never>()
  const series = new Series(services, { name }).gauge("leader_election_master_status", "1 while this process holds the lease", () => (elector.isHeld() ? 1 : 0))
  const unregister = health.register({
    name: `lease ${name}`,
    ready: () => undefined,
    live: () => {
      const age = monotonicMillis(clock) - elector.renewedAt
      return elector.isLeading && age > leaseMillis ? `held, but not renewed for ${Math.round(age / 1000)} s` : undefined
    }
  })
  return () => {
    series.remove()
    unregister()
  }
})

const reads: ReadonlySet<string> = new Set(["get", "list"])

const fenced = (transport: KubeTransport["Service"]): KubeTransport["Service"] => ({
  ...transport,
  request: (request) => reads.has(request.verb)
    ? transport.request(request)
    : Effect.flatMap(Leadership, (leadership) => leadership.isHeld() ? transport.request(request) : Effect.fail(
      new KubeError.KubeError({
        method: `${request.verb} ${request.resource.plural}`,
        reason: { _tag: "TransportFailed", description: "not sent, because the lease that this work runs under may have expired" }
      })
    ))
})
