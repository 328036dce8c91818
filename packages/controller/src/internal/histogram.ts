/** A histogram that costs a binary search to feed, and is turned into a metric only when somebody reads it. */
import type { Metric } from "effect"

/** The buckets of controller-runtime's work queue, in seconds. */
export const queueBuckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000]

/** The buckets of controller-runtime's reconcile time, in seconds. */
export const reconcileBuckets = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5,
  6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60
]

export class Histogram {
  readonly #bounds: ReadonlyArray<number>
  readonly #counts: Array<number>
  #count = 0
  #sum = 0
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY

  constructor(bounds: ReadonlyArray<number>) {
    this.#bounds = bounds
    this.#counts = bounds.map(() => 0)
  }

  observe(value: number): void {
    let from = 0
    let to = this.#bounds.length
    while (from < to) {
      const middle = (from + to) >> 1
      if (value <= this.#bounds[middle]!) to = middle
      else from = middle + 1
    }
    if (from < this.#counts.length) this.#counts[from]!++
    this.#count++
    this.#sum += value
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
  }

  state(): Metric.HistogramState {
    let below = 0
    const buckets = this.#bounds.map((bound, i): [number, number] => [bound, (below += this.#counts[i]!)])
    return { buckets, count: this.#count, min: this.#count === 0 ? 0 : this.#min, max: this.#count === 0 ? 0 : this.#max, sum: this.#sum }
  }
}
