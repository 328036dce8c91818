/** Faults between a client and a server, as rules outside of both: they stand in front of a fetch and are lifted with their scope. */
import { Effect, type Scope } from "effect"
import { failure } from "./ApiFailure.ts"
import type { ApiServer } from "./ApiServer.ts"

/** A fetch, such as `fetchHandler` makes one. */
export type Fetch = (request: Request) => Promise<Response>

/** What becomes of a call. */
export type CallVerdict =
  | { readonly _tag: "Pass" }
  /** It is carried out so many milliseconds later. */
  | { readonly _tag: "Delay"; readonly millis: number }
  /** It is not carried out; the client gets this `Status`. */
  | { readonly _tag: "Fail"; readonly code: number; readonly reason: string; readonly message: string }
  /** The connection breaks, before or after the server carried the call out; the client cannot tell which. */
  | { readonly _tag: "Drop"; readonly lost: "Request" | "Answer" }
  /** It arrives twice, as when a proxy tries again; the client gets the second answer. */
  | { readonly _tag: "Duplicate" }
  /** A list is answered as of an older version, as by a server that lags behind. Other calls pass. */
  | { readonly _tag: "Stale"; readonly revision: number }
  /** The history up to now is compacted first, so that older versions are `Expired`. */
  | { readonly _tag: "Compact" }

/** What becomes of one event of a watch. */
export type EventVerdict =
  | { readonly _tag: "Pass" }
  | { readonly _tag: "Delay"; readonly millis: number }
  | { readonly _tag: "Drop" }
  | { readonly _tag: "Duplicate" }
  /** It comes after the next one. */
  | { readonly _tag: "Reorder" }
  /** The stream breaks in its place. */
  | { readonly _tag: "Cut" }

/** What a rule about calls sees. */
export interface FaultCall {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
}

/** What a rule about events sees: the call that opened the watch, and the event as text. */
export interface FaultEvent {
  readonly call: FaultCall
  readonly line: string
}

/** Faults that can be installed. The first verdict other than `Pass` stands, in the order of installation. */
export interface Faults {
  /** The fetch with the faults in front of it. */
  readonly fetch: Fetch
  readonly onCall: (rule: (call: FaultCall) => CallVerdict) => Effect.Effect<void, never, Scope.Scope>
  readonly onEvent: (rule: (event: FaultEvent) => EventVerdict) => Effect.Effect<void, never, Scope.Scope>
}

const pass = { _tag: "Pass" } as const

/** Rules in the order of their installation. */
class RuleList<Subject, Verdict extends { readonly _tag: string }> {
  #rules: ReadonlyArray<(subject: Subject) => Verdict> = []

  judge(subject: Subject): Verdict | typeof pass {
    for (const rule of this.#rules) {
      const verdict = rule(subject)
      if (verdict._tag !== "Pass") return verdict
    }
    return pass
  }

  readonly install = (rule: (subject: Subject) => Verdict): Effect.Effect<void, never, Scope.Scope> =>
    Effect.asVoid(Effect.acquireRelease(
      Effect.sync(() => (this.#rules = [...this.#rules, rule])),
      () => Effect.sync(() => (this.#rules = this.#rules.filter((other) => other !== rule)))
    ))
}

/** Puts faults in front of a fetch to `server`; there are none until rules are installed. Time is the server's. */
export const make = (server: ApiServer, inner: Fetch): Faults => {
  const calls = new RuleList<FaultCall, CallVerdict>()
  const events = new RuleList<FaultEvent, EventVerdict>()
  const wait = (millis: number): Promise<void> => new Promise((done) => void server.context.schedule(millis, done))
  const fetch: Fetch = async (request) => {
    const url = new URL(request.url)
    const call = { method: request.method, path: url.pathname, query: url.searchParams }
    const response = await carryOut(server, inner, wait, request, call, calls.judge(call))
    if (response.body === null || !isWatch(call) || response.status !== 200) return response
    return new Response(response.body.pipeThrough(disturb(wait, (line) => events.judge({ call, line }))), { status: 200, headers: response.headers })
  }
  return { fetch, onCall: calls.install, onEvent: events.install }
}

const isWatch = ({ path, query }: FaultCall): boolean => (query.has("watch") && !["0", "false"].includes(query.get("watch")!)) || path.includes("/watch/")

const carryOut = async (
  server: ApiServer,
  inner: Fetch,
  wait: (millis: number) => Promise<void>,
  request: Request,
  { method, query }: FaultCall,
  verdict: CallVerdict
): Promise<Response> => {
  switch (verdict._tag) {
    case "Pass":
      break
    case "Delay":
      await wait(verdict.millis)
      break
    case "Fail": {
      const { status } = failure(verdict.code, verdict.reason, verdict.message)
      return Response.json(status, { status: verdict.code })
    }
    case "Drop":
      if (verdict.lost === "Answer") await (await inner(request)).body?.cancel()
      throw new TypeError(`fetch failed: the ${verdict.lost.toLowerCase()} was lost`)
    case "Duplicate":
      await (await inner(request.clone())).body?.cancel()
      break
    case "Stale": {
      if (method !== "GET" || query.has("watch") || query.has("resourceVersion")) break
      const url = new URL(request.url)
      url.searchParams.set("resourceVersion", String(verdict.revision))
      url.searchParams.set("resourceVersionMatch", "Exact")
      return inner(new Request(url, request))
    }
    case "Compact":
      server.compact(server.revision())
  }
  return inner(request)
}

/** A stream of lines in which rules have their say. */
const disturb = (wait: (millis: number) => Promise<void>, judge: (line: string) => EventVerdict): TransformStream<Uint8Array, Uint8Array> => {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let rest = ""
  let held: string | undefined
  const one = async (line: string, out: TransformStreamDefaultController<Uint8Array>): Promise<boolean> => {
    const verdict = judge(line)
    if (verdict._tag === "Cut") {
      out.terminate()
      return false
    }
    if (verdict._tag === "Drop") return true
    if (verdict._tag === "Reorder" && held === undefined) {
      held = line
      return true
    }
    if (verdict._tag === "Delay") await wait(verdict.millis)
    const lines = [line, ...(verdict._tag === "Duplicate" ? [line] : []), ...(held === undefined ? [] : [held])]
    held = undefined
    out.enqueue(encoder.encode(lines.map((text) => `${text}\n`).join("")))
    return true
  }
  return new TransformStream({
    transform: async (piece, out) => {
      const lines = (rest + decoder.decode(piece, { stream: true })).split("\n")
      rest = lines.pop() ?? ""
      for (const line of lines) if (!(await one(line, out))) return
    }
  })
}
