/** A transport that rules make fail, and that can be cut off for good as when its program is killed. */
import { KubeError, type KubeRequest, KubeTransport, type KubeWatchRequest, type WatchEvent } from "@fairlead/kube"
import { Effect, Layer } from "effect"
import type { FaultRules } from "./Faults.ts"

/** Whether the program that calls is still alive. The dead hear nothing more, and nobody hears of them. */
export interface Life {
  isOver: boolean
}

/** After this time without an answer a caller gives up, in virtual milliseconds. */
const patience = 10_000

/** Puts the rules between a program and the transport of the environment. */
export const layer = (rules: Pick<FaultRules, "calls" | "watches">, life: Life): Layer.Layer<KubeTransport, never, KubeTransport> =>
  Layer.effect(KubeTransport, Effect.map(KubeTransport, (inner) => ({
    request: (request) => Effect.suspend(() => (life.isOver ? Effect.never : judged(inner, rules, life, request))),
    watch: (request, onEvents) =>
      Effect.suspend(() => {
        if (life.isOver) return Effect.never
        return watched(inner, rules, request, (events) => {
          if (!life.isOver) onEvents(events)
        })
      })
  })))

const lost = (request: KubeRequest | KubeWatchRequest): KubeError.KubeError =>
  new KubeError.KubeError({ method: "verb" in request ? request.verb : "watch", reason: { _tag: "TransportFailed", description: "no answer came" } })

const judged = (inner: KubeTransport["Service"], { calls }: Pick<FaultRules, "calls">, life: Life, request: KubeRequest) => {
  const verdict = calls.judge(request)
  const silence = Effect.andThen(Effect.sleep(patience), Effect.fail(lost(request)))
  switch (verdict._tag) {
    case "Pass":
      return inner.request(request)
    case "Delay":
      // What still waits when its program is killed never leaves the machine: a second pod that nobody asked for any more would run for a moment.
      return Effect.andThen(Effect.sleep(verdict.duration), Effect.suspend(() => (life.isOver ? Effect.never : inner.request(request))))
    case "Fail":
      return Effect.fail(verdict.failure)
    case "Drop":
      return verdict.lost === "Request" ? silence : Effect.andThen(Effect.exit(inner.request(request)), silence)
  }
}

const watched = (
  inner: KubeTransport["Service"],
  { watches }: Pick<FaultRules, "watches">,
  request: KubeWatchRequest,
  onEvents: (events: ReadonlyArray<WatchEvent>) => void
) => {
  const verdict = watches.judge(request)
  switch (verdict._tag) {
    case "Pass":
      return inner.watch(request, onEvents)
    case "Delay":
      return Effect.timeoutOrElse(inner.watch(request, onEvents), { duration: verdict.duration, orElse: () => Effect.fail(lost(request)) })
    case "Fail":
      return Effect.fail(verdict.failure)
    case "Drop":
      // Half open: the server believes that somebody listens, the client that nothing happens.
      return Effect.andThen(inner.watch(request, () => undefined), Effect.never)
  }
}
