import { describe, expect, it } from "vitest"
import * as Checker from "../src/Checker.ts"

/** No value may come twice. */
const unique = (): Checker.Checker<number> => {
  const seen = new Set<number>()
  return {
    name: "unique",
    kind: "Safety",
    observe: (value) => {
      if (seen.has(value)) return `${value} came twice`
      seen.add(value)
      return undefined
    }
  }
}

/** Ten must come. */
const reachesTen = (): Checker.Checker<number> => {
  let reached = false
  return {
    name: "reaches ten",
    kind: "Liveness",
    observe: (value) => {
      reached ||= value === 10
      return undefined
    },
    finish: () => (reached ? [] : ["10 never came"])
  }
}

const verdictOf = (...values: ReadonlyArray<number>): Checker.Verdict => {
  let time = 0
  const checkers = Checker.make([unique(), reachesTen()], () => time)
  for (const value of values) {
    time++
    checkers.observe(value)
  }
  return checkers.finish()
}

describe("Checker", () => {
  it("a run that keeps all invariants passes", () => {
    expect(verdictOf(1, 10)).toEqual({ outcome: "Passed", violations: [], violationCount: 0, observationCount: 2 })
  })

  it("a breach during the run carries its time", () => {
    expect(verdictOf(10, 4, 4)).toEqual({
      outcome: "Safety",
      violations: [{ checker: "unique", kind: "Safety", time: 3, message: "4 came twice" }],
      violationCount: 1,
      observationCount: 3
    })
  })

  it("what did not happen is found at the end", () => {
    expect(verdictOf(1)).toMatchObject({ outcome: "Liveness", violations: [{ checker: "reaches ten", time: 1 }] })
  })

  it("unsafe outweighs stuck", () => {
    expect(verdictOf(1, 1)).toMatchObject({ outcome: "Safety", violationCount: 2 })
  })

  it("keeps the first breaches of each checker and counts the rest", () => {
    const verdict = verdictOf(10, ...Array.from({ length: 100 }, () => 10))
    expect(verdict.violations.length).toBe(20)
    expect(verdict.violationCount).toBe(100)
  })

  it("finish gives one verdict, and tells of each breach at once", () => {
    const told: Array<string> = []
    const checkers = Checker.make([unique(), reachesTen()], () => 0, (violation) => told.push(violation.message))
    checkers.observe(1)
    checkers.observe(1)
    expect(told).toEqual(["1 came twice"])
    const verdict = checkers.finish()
    checkers.observe(1)
    expect(checkers.finish()).toBe(verdict)
    expect(told).toEqual(["1 came twice", "10 never came"])
  })
})
