/** Invariants that are checked while a simulation runs and after it. */

/**
 * What a broken invariant means: `Safety`, something happened that never may; `Liveness`, something that must happen
 * in the end did not.
 */
export type InvariantKind = "Safety" | "Liveness"

/** Watches over one invariant. A text that it gives says what broke it. */
export interface Checker<Observation> {
  readonly name: string
  readonly kind: InvariantKind
  /** Called with every observation, in their order. */
  readonly observe?: (observation: Observation, time: number) => string | undefined
  /** Called once at the end, when faults are healed and all should be well. */
  readonly finish?: (time: number) => ReadonlyArray<string>
}

/** One breach of an invariant. */
export interface Violation {
  readonly checker: string
  readonly kind: InvariantKind
  /** Virtual milliseconds since the start. */
  readonly time: number
  readonly message: string
}

/** How a run did: unsafe outweighs stuck. */
export interface Verdict {
  readonly outcome: "Passed" | InvariantKind
  /** The first breaches of each checker, in the order of their time. */
  readonly violations: ReadonlyArray<Violation>
  /** Breaches in all, also those that were not kept. */
  readonly violationCount: number
  /** Observations that were checked; a run without any has proved nothing. */
  readonly observationCount: number
}

/** Several checkers over one run. */
export interface Checkers<Observation> {
  readonly observe: (observation: Observation) => void
  /** Ends the run. Later observations do not count. */
  readonly finish: () => Verdict
}

/** Breaches kept for each checker: the first tell more than the thousandth. */
const violationsMax = 20

/** Puts checkers over a run whose time `elapsed` tells. `onViolation` is told of each breach at once. */
export const make = <Observation>(
  checkers: ReadonlyArray<Checker<Observation>>,
  elapsed: () => number,
  onViolation: (violation: Violation) => void = () => undefined
): Checkers<Observation> => {
  const violations: Array<Violation> = []
  const counts = new Map<Checker<Observation>, number>()
  let violationCount = 0
  let observationCount = 0
  let verdict: Verdict | undefined
  const report = (checker: Checker<Observation>, time: number, message: string): void => {
    const count = (counts.get(checker) ?? 0) + 1
    counts.set(checker, count)
    violationCount++
    if (count > violationsMax) return
    const violation: Violation = { checker: checker.name, kind: checker.kind, time, message }
    violations.push(violation)
    onViolation(violation)
  }
  const conclude = (): Verdict => {
    const time = elapsed()
    for (const checker of checkers) {
      for (const message of checker.finish?.(time) ?? []) report(checker, time, message)
    }
    const broken = (kind: InvariantKind): boolean => violations.some((violation) => violation.kind === kind)
    const outcome = broken("Safety") ? "Safety" : broken("Liveness") ? "Liveness" : "Passed"
    return { outcome, violations, violationCount, observationCount }
  }
  return {
    observe: (observation) => {
      if (verdict !== undefined) return
      observationCount++
      const time = elapsed()
      for (const checker of checkers) {
        const message = checker.observe?.(observation, time)
        if (message !== undefined) report(checker, time, message)
      }
    },
    finish: () => (verdict ??= conclude())
  }
}
