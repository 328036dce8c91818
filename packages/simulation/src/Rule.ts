/** Faults as rules: small functions that say what becomes of a request. */
import { Duration, Effect, type Scope } from "effect"
import type { SeededRandom } from "./SeededRandom.ts"

/** What becomes of a request. */
export type Verdict<Failure> =
  /** Nothing happens to it. */
  | { readonly _tag: "Pass" }
  /** It is carried out later. */
  | { readonly _tag: "Delay"; readonly duration: Duration.Duration }
  /** It is not carried out; the caller gets this error. */
  | { readonly _tag: "Fail"; readonly failure: Failure }
  /** It gets lost. A lost answer was carried out first; the caller cannot tell which of the two was lost. */
  | { readonly _tag: "Drop"; readonly lost: "Request" | "Answer" }

/** Looks at a request and says what becomes of it. Rules may count and may draw from a stream of their own. */
export type Rule<Request, Failure> = (request: Request) => Verdict<Failure>

/** Lets a request pass. */
export const pass: Verdict<never> = { _tag: "Pass" }

/** Delays a request. */
export const delay = (duration: Duration.Input): Verdict<never> => ({ _tag: "Delay", duration: Duration.fromInputUnsafe(duration) })

/** Fails a request. */
export const fail = <Failure>(failure: Failure): Verdict<Failure> => ({ _tag: "Fail", failure })

/** Loses a request on its way there, or the answer on its way back. */
export const drop = (lost: "Request" | "Answer" = "Request"): Verdict<never> => ({ _tag: "Drop", lost })

/** Strikes every request that `picks` says yes to. */
export const when = <Request, Failure>(picks: (request: Request) => boolean, verdict: Verdict<Failure>): Rule<Request, Failure> => (request) =>
  picks(request) ? verdict : pass

/** Asks `rule` about a share of the requests, drawn from `random`, which should be a fork that nobody else uses. */
export const sometimes = <Request, Failure>(
  random: SeededRandom,
  share: number,
  rule: Rule<Request, Failure>
): Rule<Request, Failure> =>
(request) => (random.next() < share ? rule(request) : pass)

/** Lets `rule` strike so many times and no more. */
export const atMost = <Request, Failure>(strikesMax: number, rule: Rule<Request, Failure>): Rule<Request, Failure> => {
  let strikes = 0
  return (request) => {
    if (strikes >= strikesMax) return pass
    const verdict = rule(request)
    if (verdict._tag !== "Pass") strikes++
    return verdict
  }
}

/** How often a rule was asked and how often it struck; a scenario whose rules never struck has proved nothing. */
export interface RuleCount {
  readonly name: string
  readonly asked: number
  readonly struck: number
}

/** The rules that hold at the moment, for one kind of request. */
export interface Rules<Request, Failure> {
  /** Asks the rules in the order in which they were installed; the first verdict other than `Pass` stands. */
  readonly judge: Rule<Request, Failure>
  /** Installs a rule that is lifted when the scope closes. The name is for counts and journals. */
  readonly install: (name: string, rule: Rule<Request, Failure>) => Effect.Effect<void, never, Scope.Scope>
  /** Counts of all rules that ever were installed, in that order; rules of one name are counted together. */
  readonly counts: () => ReadonlyArray<RuleCount>
}

/** Makes a set of rules with none in it. `onStrike` is told of every verdict other than `Pass`, for a journal. */
export const make = <Request, Failure>(
  onStrike: (name: string, request: Request, verdict: Verdict<Failure>) => void = () => undefined
): Rules<Request, Failure> => {
  interface Installed {
    readonly rule: Rule<Request, Failure>
    readonly count: { readonly name: string; asked: number; struck: number }
  }
  const counts = new Map<string, Installed["count"]>()
  // Replaced, never changed, so that a rule may be lifted while the rules are asked.
  let installed: ReadonlyArray<Installed> = []
  const add = (name: string, rule: Rule<Request, Failure>): Installed => {
    const count = counts.get(name) ?? { name, asked: 0, struck: 0 }
    counts.set(name, count)
    const entry: Installed = { rule, count }
    installed = [...installed, entry]
    return entry
  }
  return {
    judge: (request) => {
      for (const { rule, count } of installed) {
        count.asked++
        const verdict = rule(request)
        if (verdict._tag === "Pass") continue
        count.struck++
        onStrike(count.name, request, verdict)
        return verdict
      }
      return pass
    },
    install: (name, rule) =>
      Effect.asVoid(Effect.acquireRelease(
        Effect.sync(() => add(name, rule)),
        (entry) => Effect.sync(() => (installed = installed.filter((other) => other !== entry)))
      )),
    counts: () => Array.from(counts.values(), (count) => ({ ...count }))
  }
}
