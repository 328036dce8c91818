import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Exit, Scope } from "effect"
import * as Rule from "../src/Rule.ts"
import * as SeededRandom from "../src/SeededRandom.ts"

interface Call {
  readonly verb: string
}

const get: Call = { verb: "get" }
const write: Call = { verb: "write" }
const isWrite = (call: Call): boolean => call.verb === "write"

describe("Rule", () => {
  it.effect("the first verdict other than Pass stands, in the order of installation", () =>
    Effect.gen(function*() {
      const rules = Rule.make<Call, string>()
      yield* rules.install("only writes", Rule.when(isWrite, Rule.fail("conflict")))
      yield* rules.install("everything", () => Rule.delay("5 millis"))
      expect(rules.judge(write)).toEqual({ _tag: "Fail", failure: "conflict" })
      expect(rules.judge(get)).toEqual({ _tag: "Delay", duration: Duration.millis(5) })
    }))

  it("without rules every request passes", () => {
    expect(Rule.make<Call, string>().judge(get)).toEqual({ _tag: "Pass" })
  })

  it.effect("a rule is lifted with its scope, also when one installed later stays", () =>
    Effect.gen(function*() {
      const rules = Rule.make<Call, string>()
      const scope = yield* Scope.make()
      yield* Scope.provide(rules.install("short", () => Rule.drop()), scope)
      yield* rules.install("long", () => Rule.drop("Answer"))
      expect(rules.judge(get)).toEqual({ _tag: "Drop", lost: "Request" })
      yield* Scope.close(scope, Exit.void)
      expect(rules.judge(get)).toEqual({ _tag: "Drop", lost: "Answer" })
    }))

  it.effect("counts say how often each rule was asked and struck, also after it was lifted", () =>
    Effect.gen(function*() {
      const struck: Array<string> = []
      const rules = Rule.make<Call, string>((name, call, verdict) => struck.push(`${name} ${call.verb} ${verdict._tag}`))
      yield* Effect.scoped(Effect.gen(function*() {
        yield* rules.install("writes", Rule.when(isWrite, Rule.fail("no")))
        yield* rules.install("never", () => Rule.pass)
        rules.judge(get)
        rules.judge(write)
      }))
      rules.judge(write)
      yield* rules.install("writes", () => Rule.drop())
      rules.judge(get)
      expect(rules.counts()).toEqual([{ name: "writes", asked: 3, struck: 2 }, { name: "never", asked: 1, struck: 0 }])
      expect(struck).toEqual(["writes write Fail", "writes get Drop"])
    }))

  it("sometimes strikes its share, the same requests for the same seed", () => {
    const strikes = (seed: number): ReadonlyArray<number> => {
      const rule = Rule.sometimes<Call, string>(SeededRandom.make(seed).fork("rule"), 0.25, () => Rule.fail("no"))
      return Array.from({ length: 4_000 }, (_, index) => (rule(get)._tag === "Pass" ? -1 : index)).filter((index) => index >= 0)
    }
    expect(strikes(1)).toEqual(strikes(1))
    expect(strikes(1)).not.toEqual(strikes(2))
    expect(strikes(1).length / 4_000).toBeCloseTo(0.25, 1)
  })

  it("atMost counts strikes, not requests", () => {
    const rule = Rule.atMost(2, Rule.when(isWrite, Rule.fail("no")))
    expect([get, write, get, write, write].map((call) => rule(call)._tag)).toEqual(["Pass", "Fail", "Pass", "Fail", "Pass"])
  })
})
