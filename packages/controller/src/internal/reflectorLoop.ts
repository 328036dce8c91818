/** Drives the reflector's state machine: calls the transport, feeds the answers in, waits between failures. */
import { Clock, Effect, Random } from "effect"
import { KubeError, type KubeList, type KubeResource, type KubeTransport } from "@fairlead/kube"
import { monotonicMillis } from "../MonotonicTime.ts"
import {
  nextCall, onEnd, onEvents, onPage, type ReflectorCall, type ReflectorEnd, type ReflectorOptions, type ReflectorSink, type ReflectorState, type ReflectorVerdict
} from "./reflectorState.ts"

/** Client time beyond the server's `timeoutSeconds`, after which a watch counts as dead. */
const idleGraceMillis = 5000
/** A list that has no answer after this is asked for again. */
const listTimeoutMillis = 60_000

/** What the loop works on; `state` and `watchingSince` can be read by others at any time. */
export interface Reflection {
  state: ReflectorState
  /** Monotonic time at which the running watch was opened. */
  watchingSince: number | undefined
}

export interface ReflectorTarget {
  readonly transport: KubeTransport["Service"]
  readonly resource: KubeResource.KubeResource
  readonly namespace: string | undefined
  readonly metadataOnly: boolean
  readonly options: ReflectorOptions
  readonly sink: ReflectorSink
}

/** Runs until interrupted. */
export const follow = Effect.fnUntraced(function*(target: ReflectorTarget, reflection: Reflection) {
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  const now = (): number => monotonicMillis(clock)
  for (;;) {
    const watchSeconds = Math.round(target.options.watchSeconds * (0.8 + 0.2 * random.nextDoubleUnsafe()))
    const call = nextCall(reflection.state, { ...target.options, watchSeconds })
    const verdict = yield* Effect.catchDefect(
      call.verb === "list" ? list(target, reflection, call, now) : watch(target, reflection, call, watchSeconds, now),
      (defect) => Effect.sync(() => onEnd(reflection.state, { _tag: "Failed", error: broken(call.verb, `it died: ${String(defect)}`) }, now()))
    )
    reflection.state = verdict.state
    const delay = verdict.delayMillis * (0.75 + 0.5 * random.nextDoubleUnsafe())
    if (verdict.report !== undefined) yield* report(target, verdict, delay)
    if (delay > 0) yield* Effect.sleep(delay)
  }
})

const list = (target: ReflectorTarget, reflection: Reflection, call: ReflectorCall, now: () => number): Effect.Effect<ReflectorVerdict> =>
  target.transport.request({ verb: "list", resource: target.resource, namespace: target.namespace, query: call.query, metadataOnly: target.metadataOnly }).pipe(
    Effect.timeoutOrElse({ duration: listTimeoutMillis, orElse: () => Effect.fail(broken("list", `no answer within ${listTimeoutMillis} ms`)) }),
    Effect.match({
      onSuccess: (answer) => Array.isArray((answer as KubeList).items)
        ? onPage(reflection.state, answer as KubeList, target.sink, now())
        : onEnd(reflection.state, { _tag: "Failed", error: broken("list", "the answer has no items") }, now()),
      onFailure: (error) => onEnd(reflection.state, { _tag: "Failed", error }, now())
    })
  )

const watch = (target: ReflectorTarget, reflection: Reflection, call: ReflectorCall, watchSeconds: number, now: () => number): Effect.Effect<ReflectorVerdict> =>
  Effect.suspend(() => {
    const opened = now()
    let isOpen = true
    reflection.watchingSince = opened
    return target.transport.watch(
      { resource: target.resource, namespace: target.namespace, query: call.query, metadataOnly: target.metadataOnly },
      (events) => {
        if (isOpen) reflection.state = onEvents(reflection.state, events, target.sink)
      }
    ).pipe(
      Effect.map((): ReflectorEnd => ({ _tag: "Ended", lastedMillis: now() - opened })),
      Effect.timeoutOrElse({ duration: watchSeconds * 1000 + idleGraceMillis, orElse: () => Effect.succeed<ReflectorEnd>({ _tag: "Idle" }) }),
      Effect.catch((error) => Effect.succeed<ReflectorEnd>({ _tag: "Failed", error })),
      Effect.map((end) => onEnd(reflection.state, end, now())),
      Effect.ensuring(Effect.sync(() => {
        isOpen = false
        reflection.watchingSince = undefined
      }))
    )
  })

const broken = (verb: string, description: string): KubeError.KubeError => new KubeError.KubeError({ method: verb, reason: { _tag: "TransportFailed", description } })

const report = (target: ReflectorTarget, verdict: ReflectorVerdict, delay: number): Effect.Effect<void> => {
  const what = verdict.report instanceof KubeError.KubeError ? verdict.report.message : verdict.report
  const next = verdict.state.phase._tag === "Watching" ? `watching again from ${verdict.state.phase.version}` : "listing again"
  return Effect.logInfo(`informer of ${target.resource.plural}: ${what}; ${next} in ${Math.round(delay)} ms`)
}
