/** Metrics that are read when somebody asks, so that counting costs the inner loops nothing but an addition. */
import { type Context, Metric } from "effect"
import type { Histogram } from "./histogram.ts"

/** Registers series in the context's metric registry and takes them all away again. */
export class Series {
  readonly #context: Context.Context<never>
  readonly #attributes: { readonly [name: string]: string }
  readonly #registrations: Array<Metric.Registration> = []

  constructor(context: Context.Context<never>, attributes: { readonly [name: string]: string }) {
    this.#context = context
    this.#attributes = attributes
  }

  counter(name: string, description: string, read: () => number, attributes: { readonly [name: string]: string } = {}): this {
    const metric = Metric.counter(name, { description, incremental: true, attributes: { ...this.#attributes, ...attributes } })
    return this.#register(metric, () => ({ count: read(), incremental: true }))
  }

  gauge(name: string, description: string, read: () => number, attributes: { readonly [name: string]: string } = {}): this {
    const metric = Metric.gauge(name, { description, attributes: { ...this.#attributes, ...attributes } })
    return this.#register(metric, () => ({ value: read() }))
  }

  histogram(name: string, description: string, histogram: Histogram): this {
    const metric = Metric.histogram(name, { description, boundaries: [], attributes: this.#attributes })
    return this.#register(metric, () => histogram.state())
  }

  remove(): void {
    for (const it of this.#registrations.splice(0)) it.remove()
  }

  #register<Input, State>(metric: Metric.Metric<Input, State>, get: () => State): this {
    this.#registrations.push(Metric.registerUnsafe(metric, this.#context, { get, update: () => undefined, modify: () => undefined }))
    return this
  }
}
