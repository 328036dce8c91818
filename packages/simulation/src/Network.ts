/** How long messages take on a simulated network, drawn from the seed. */
import type { SeededRandom } from "./SeededRandom.ts"

/**
 * The least and the most time that a message takes, in milliseconds. Most messages are near the least; a few are slow.
 * Times have fractions, so two messages practically never arrive at once, and the seed decides who is first.
 */
export interface LatencyRange {
  readonly min: number
  readonly max: number
}

/** Latencies of each kind of message. */
export interface NetworkOptions {
  readonly random: SeededRandom
  /** A request on its way to the server. */
  readonly request: LatencyRange
  /** An answer on its way back. */
  readonly answer: LatencyRange
  /** An event of a watch on its way to the watcher. */
  readonly event: LatencyRange
}

/** Times of one request, in milliseconds. */
export interface RequestLatency {
  readonly there: number
  readonly back: number
}

/** One stream of events. */
export interface EventStream {
  /**
   * When an event that is sent at `now` arrives; both are times of the simulation's `elapsed`. Events of one stream never
   * overtake each other, as on one connection: those that a slow one held up arrive at the same time as it.
   */
  readonly arrivalOf: (now: number) => number
}

/** Draws latencies. */
export interface Network {
  /** Times of the next request. The n-th request gets the n-th times of the seed, whatever else is drawn. */
  readonly request: () => RequestLatency
  /** A new stream of events. The n-th stream gets the n-th sequence of the seed, however long the others are. */
  readonly openStream: () => EventStream
}

/** Makes a network. */
export const make = (options: NetworkOptions): Network => {
  const there = sequence(options.random.fork("request"), options.request)
  const back = sequence(options.random.fork("answer"), options.answer)
  let streams = 0
  return {
    request: () => ({ there: there(), back: back() }),
    openStream: () => {
      const latency = sequence(options.random.fork(`stream ${streams++}`), options.event)
      let lastArrival = 0
      return {
        arrivalOf: (now) => (lastArrival = Math.max(lastArrival, now + latency()))
      }
    }
  }
}

/** An endless sequence of latencies. */
export const sequence = (random: SeededRandom, { min, max }: LatencyRange): () => number => {
  if (!(min >= 0 && max >= min && max < Infinity)) {
    throw new RangeError(`latencies must have 0 <= min <= max, but are min ${min} and max ${max}`)
  }
  return () => {
    // The cube gives a long tail with nothing but multiplication, which is exact alike on every engine.
    const draw = random.next()
    return min + (max - min) * draw * draw * draw
  }
}
