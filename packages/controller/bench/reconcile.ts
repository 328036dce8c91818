/** Microseconds that the runtime adds to one reconcile and to one cached event. */
import { Effect, Layer } from "effect"
import { type KubeObject, KubeResource, KubeTransport, type WatchEvent } from "@fairlead/kube"
import { Simulation } from "@fairlead/simulation"
import { Controller, Informer, Result, Source } from "../src/index.ts"

const print = (line: object): void => console.log(JSON.stringify(line))

/** A transport with a fixed list and a watch that is fed by hand. */
const scripted = (items: ReadonlyArray<KubeObject>) => {
  let emit: (events: ReadonlyArray<WatchEvent>) => void = () => undefined
  const layer = Layer.succeed(KubeTransport, {
    request: () => Effect.succeed({ metadata: { resourceVersion: "1000000" }, items }),
    watch: (_request, onEvents) => Effect.callback(() => void (emit = onEvents))
  })
  return { layer, emit: (events: ReadonlyArray<WatchEvent>) => emit(events) }
}

const pod = (i: number, version: number): KubeObject => ({
  apiVersion: "v1", kind: "Pod", metadata: { name: `pod-${i}`, namespace: `namespace-${i % 20}`, uid: `uid-${i}`, resourceVersion: String(version) }
})

const count = 10_000

const reconciles = (name: string, reconcile: Effect.Effect<Result>, options: { timeout?: number | undefined } = {}): void => {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 7; round++) {
    const transport = scripted(Array.from({ length: count }, (_, i) => pod(i, i + 1)))
    let runs = 0
    const program = Effect.gen(function*() {
      const informer = yield* Informer.make({ resource: KubeResource.pods })
      yield* informer.synced
      const start = performance.now()
      yield* Effect.raceFirst(
        Controller.run({ name: "bench", sources: [Source.of(informer)], workers: 64, timeout: options.timeout ?? "5 minutes", reconcile: () => Effect.suspend(() => {
          runs++
          return reconcile
        }) }),
        Effect.whileLoop({ while: () => runs < count, body: () => Effect.sleep(1), step: () => undefined })
      )
      best = Math.min(best, performance.now() - start)
    })
    const exit = Simulation.make({ seed: 1 }).run(Effect.scoped(program).pipe(Effect.provide(transport.layer)))
    if (exit._tag === "Failure") throw new Error(String(exit.cause))
  }
  print({ name, value: Number(((best * 1000) / count).toFixed(2)), unit: "µs", atMost: 10 })
}

const events = (subscribers: number): void => {
  const transport = scripted([])
  const rounds = 20
  let best = Number.POSITIVE_INFINITY
  const program = Effect.gen(function*() {
    const informer = yield* Informer.make({ resource: KubeResource.pods, indexes: { owner: (it) => [it.metadata.uid!.slice(0, 5)] } })
    yield* informer.synced
    yield* Effect.sleep(1)
    let heard = 0
    for (let i = 0; i < subscribers; i++) informer.subscribe(() => void heard++)
    let version = 2_000_000
    for (let round = 0; round < rounds; round++) {
      const batch = Array.from({ length: count }, (_, i) => ({ type: "MODIFIED", object: pod(i, version++) }) as const)
      const start = performance.now()
      for (const event of batch) transport.emit([event])
      best = Math.min(best, performance.now() - start)
    }
    if (heard !== subscribers * rounds * count) throw new Error(`heard ${heard} changes`)
  })
  const exit = Simulation.make({ seed: 1 }).run(Effect.scoped(program).pipe(Effect.provide(transport.layer)))
  if (exit._tag === "Failure") throw new Error(String(exit.cause))
  print({ name: `event into the cache, one index, ${subscribers} listeners`, value: Number(((best * 1000) / count).toFixed(3)), unit: "µs", atMost: 2 })
}

reconciles("reconcile that ends at once", Effect.succeed(Result.done))
reconciles("reconcile that ends at once, no timeout", Effect.succeed(Result.done), { timeout: Number.POSITIVE_INFINITY })
reconciles("reconcile that sleeps 1 ms", Effect.as(Effect.sleep(1), Result.done))
reconciles("reconcile that requeues after 1 h", Effect.succeed(Result.requeueAfter("1 hour")))
for (const subscribers of [1, 5]) events(subscribers)
