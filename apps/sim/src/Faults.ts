/** What goes wrong in a run, and how often: all of it follows from the seed. */
import type { DatastoreService } from "@fairlead/datastore"
import { KubeError, type KubeRequest, type KubeWatchRequest } from "@fairlead/kube"
import { Rule, type SeededRandom } from "@fairlead/simulation"
import { Effect, type Scope } from "effect"

/** Kinds of faults, each of which can be asked for alone. */
export const faultKinds = [
  /** Calls to the API server are refused, fail, get lost, lose their answer, or take long. */
  "calls",
  /** Watches break off, or fall silent without breaking off. */
  "watches",
  /** The server forgets its history, so that watches cannot be resumed. */
  "history",
  /** The store of files does not answer, or answers that it failed although it did not. */
  "files",
  /** The engine is killed and another one started. */
  "engine",
  /** Pods vanish, as when a node is drained by force. */
  "pods"
] as const
export type FaultKind = (typeof faultKinds)[number]

/** How much goes wrong. Shares are between 0 and 1, times are virtual milliseconds. */
export interface FaultPlan {
  readonly kinds: ReadonlyArray<FaultKind>
  /** Share of the calls to the server that something happens to. */
  readonly calls: number
  /** Share of the watches that something happens to, and the longest they live then. */
  readonly watches: number
  readonly watchLife: number
  /** Share of the calls to the store of files that fail. */
  readonly files: number
  /** Mean time between two losses of the history, two ends of an engine, two losses of a pod. */
  readonly history: number
  readonly engine: number
  readonly pods: number
  /** From then on all is well, and everything must come to its end. */
  readonly until: number
}

/** Draws how much goes wrong. Some runs are calm and some are wild: faults that always come thick hide those that need a calm time in between. */
export const drawFaults = (random: SeededRandom.SeededRandom, kinds: ReadonlyArray<FaultKind>, until: number): FaultPlan => {
  const between = (min: number, max: number): number => min * (max / min) ** random.next()
  const drawn = {
    calls: between(0.01, 0.25),
    watches: between(0.2, 1),
    watchLife: between(1000, 30_000),
    files: between(0.01, 0.2),
    history: between(2000, 60_000),
    engine: between(2000, 60_000),
    pods: between(500, 20_000)
  }
  return { kinds, until, ...drawn }
}

/** The plan in words, for people who want to know what a seed stands for. */
export const describeFaults = (plan: FaultPlan): string => {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
  const seconds = (millis: number): string => `${(millis / 1000).toFixed(1)} s`
  const words: { readonly [kind in FaultKind]: string } = {
    calls: `${percent(plan.calls)} of the calls`,
    watches: `${percent(plan.watches)} of the watches within ${seconds(plan.watchLife)}`,
    history: `the history about every ${seconds(plan.history)}`,
    files: `${percent(plan.files)} of the calls to the files`,
    engine: `the engine about every ${seconds(plan.engine)}`,
    pods: `a pod about every ${seconds(plan.pods)}`
  }
  return `faults until ${seconds(plan.until)}: ${plan.kinds.map((kind) => words[kind]).join(", ")}`
}

/** A call to the store of files. */
export type FileCall = keyof DatastoreService

/** The rules of a run. */
export interface FaultRules {
  readonly calls: Rule.Rules<KubeRequest, KubeError.KubeError>
  readonly watches: Rule.Rules<KubeWatchRequest, KubeError.KubeError>
  readonly files: Rule.Rules<FileCall, string>
}

/** No rule holds yet. */
export const makeRules = (): FaultRules => ({ calls: Rule.make(), watches: Rule.make(), files: Rule.make() })

/** Installs the plan's rules until the scope closes. */
export const install = (rules: FaultRules, plan: FaultPlan, random: SeededRandom.SeededRandom): Effect.Effect<void, never, Scope.Scope> => {
  const wanted = (kind: FaultKind, effect: Effect.Effect<void, never, Scope.Scope>) => (plan.kinds.includes(kind) ? effect : Effect.void)
  const share = <Request, Failure>(kind: "calls" | "watches" | "files", rule: (random: SeededRandom.SeededRandom) => Rule.Rule<Request, Failure>) =>
    Rule.sometimes(random.fork(`whether ${kind}`), plan[kind], rule(random.fork(`how ${kind}`)))
  return Effect.all([
    wanted("calls", rules.calls.install("calls", share("calls", callRule))),
    wanted("watches", rules.watches.install("watches", share("watches", watchRule(plan.watchLife)))),
    wanted("files", rules.files.install("files", share("files", fileRule)))
  ], { discard: true })
}

/** What an overloaded, restarting or distant server does. 429 and 409 were not carried out; the others may have been. */
const answers = [[409, "Conflict"], [429, "TooManyRequests"], [500, "InternalError"], [503, "ServiceUnavailable"], [504, "Timeout"]] as const

const callRule = (random: SeededRandom.SeededRandom): Rule.Rule<KubeRequest, KubeError.KubeError> => (request) => {
  const draw = random.nextBelow(10)
  if (draw < 2) return Rule.drop("Request")
  if (draw < 5) return Rule.drop("Answer")
  if (draw < 6) return Rule.delay(`${1 + random.nextBelow(20_000)} millis`)
  const [code, reason] = answers[random.nextBelow(answers.length)]!
  // Reads never conflict.
  if (code === 409 && (request.verb === "get" || request.verb === "list")) return Rule.pass
  return Rule.fail(KubeError.fromStatus(`${request.verb} ${request.resource.plural}`, {
    apiVersion: "v1",
    kind: "Status",
    metadata: {},
    status: "Failure",
    code,
    reason,
    message: "a rule of the simulation says so",
    ...(code === 429 ? { details: { retryAfterSeconds: 1 + random.nextBelow(3) } } : {})
  }))
}

/** A delay is the time that a watch lives; it then breaks off or, when its requests are dropped, says nothing more. */
const watchRule = (lifeMax: number) => (random: SeededRandom.SeededRandom): Rule.Rule<KubeWatchRequest, KubeError.KubeError> => () =>
  random.nextBelow(8) === 0 ? Rule.drop("Answer") : Rule.delay(`${1 + random.nextBelow(Math.ceil(lifeMax))} millis`)

const fileRule = (random: SeededRandom.SeededRandom): Rule.Rule<FileCall, string> => () =>
  random.nextBelow(3) === 0 ? Rule.drop("Answer") : Rule.fail("a rule of the simulation says so")
