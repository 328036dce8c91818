/** A transport whose messages take a time drawn from the seed. */
import { KubeTransport, type KubeWatchRequest, type WatchEvent } from "@fairlead/kube"
import { Network, type Simulation } from "@fairlead/simulation"
import { Effect, Layer } from "effect"

/** Local network with a tail: most messages take about a millisecond, a few a hundred. */
const latencies = {
  request: { min: 0.3, max: 60 },
  answer: { min: 0.3, max: 60 },
  event: { min: 0.3, max: 120 }
}

/**
 * Wraps the transport of the environment. `label` names the program that it serves: each has a network of its own, so
 * that one program's requests never shift another's latencies.
 *
 * Latencies have fractions, so two messages practically never arrive at once and the order of everything is a matter
 * of the seed alone: it is the same whether the transport below carries objects or bytes.
 */
export const layer = (simulation: Simulation.Simulation, label: string): Layer.Layer<KubeTransport, never, KubeTransport> =>
  Layer.effect(KubeTransport, Effect.map(KubeTransport, (inner) => make(inner, simulation, label)))

const make = (inner: KubeTransport["Service"], simulation: Simulation.Simulation, label: string): KubeTransport["Service"] => {
  const network = Network.make({ random: simulation.fork(`network of ${label}`), ...latencies })
  return {
    request: (request) => Effect.suspend(() => travel(simulation, inner.request(request), network.request())),
    watch: (request, onEvents) => Effect.suspend(() => watch(inner, simulation, network.openStream(), request, onEvents))
  }
}

/**
 * Carries a call out after its way there, and gives its answer after the way back. Interrupting it loses what is under
 * way. One timer for each way and nothing else: this is the hottest path of a simulation.
 */
const travel = <A, E>(simulation: Simulation.Simulation, call: Effect.Effect<A, E>, { back, there }: Network.RequestLatency): Effect.Effect<A, E> =>
  after(simulation, there, Effect.matchCauseEffect(call, {
    onSuccess: (answer) => after(simulation, back, Effect.succeed(answer)),
    onFailure: (cause) => after(simulation, back, Effect.failCause(cause))
  }))

/** The timer of an interrupted wait is left to run out, since it wakes nobody any more: to have it cancelled would cost every other wait. */
const after = <A, E>(simulation: Simulation.Simulation, delay: number, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.callback((resume) => void simulation.schedule(delay, () => resume(effect)))

const watch = (
  inner: KubeTransport["Service"],
  simulation: Simulation.Simulation,
  stream: Network.EventStream,
  request: KubeWatchRequest,
  onEvents: (events: ReadonlyArray<WatchEvent>) => void
) => {
  const line = new Line(simulation, stream, onEvents)
  const now = simulation.elapsed()
  return Effect.sleep(stream.arrivalOf(now) - now).pipe(
    Effect.andThen(inner.watch(request, (events) => line.send(events))),
    Effect.exit,
    Effect.tap(() => line.drained),
    Effect.flatten,
    Effect.ensuring(Effect.sync(() => line.cut()))
  )
}

/** One watch's way back: events arrive in the order in which they were sent, and those that a slow one held up arrive together with it. */
class Line {
  private sentAt = -1
  private arrivesAt = -1
  private batch: Array<WatchEvent> = []
  private underWay = 0
  private onEmpty: () => void = () => undefined
  private isCut = false
  private readonly simulation: Simulation.Simulation
  private readonly stream: Network.EventStream
  private readonly onEvents: (events: ReadonlyArray<WatchEvent>) => void

  constructor(simulation: Simulation.Simulation, stream: Network.EventStream, onEvents: (events: ReadonlyArray<WatchEvent>) => void) {
    this.simulation = simulation
    this.stream = stream
    this.onEvents = onEvents
  }

  /** One time is drawn for each moment, however many calls the transport below makes of its events. Every way takes time, so what has arrived is never added to. */
  send(events: ReadonlyArray<WatchEvent>): void {
    const now = this.simulation.elapsed()
    if (now !== this.sentAt) {
      this.sentAt = now
      const arrivesAt = this.stream.arrivalOf(now)
      if (arrivesAt !== this.arrivesAt) this.open(arrivesAt, now)
    }
    this.batch.push(...events)
  }

  private open(arrivesAt: number, now: number): void {
    const batch: Array<WatchEvent> = []
    this.batch = batch
    this.arrivesAt = arrivesAt
    this.underWay++
    this.simulation.schedule(arrivesAt - now, () => {
      if (!this.isCut) this.onEvents(batch)
      if (--this.underWay === 0) this.onEmpty()
    })
  }

  /** Waits until everything sent has arrived. */
  get drained(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      if (this.underWay === 0) resume(Effect.void)
      else this.onEmpty = () => resume(Effect.void)
    })
  }

  /** What is still under way is lost. */
  cut(): void {
    this.isCut = true
  }
}
