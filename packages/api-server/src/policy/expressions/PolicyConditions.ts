/** Decides by conditions whether a policy or webhook is meant by a write that its rules fit. */
import { boolType } from "../../cel/types/Type.ts"
import type { PolicySpec } from "./PolicyKinds.ts"
import { OutOfBudget, type PolicyCompiler, type PolicyExpression, type PolicyRun } from "./PolicyPrograms.ts"

/** Conditions that are ready. */
export type Conditions = ReadonlyArray<PolicyExpression>

/** Compiles conditions. */
export const compileConditions = (compiler: PolicyCompiler, conditions: PolicySpec["matchConditions"]): Conditions =>
  (conditions ?? []).map(({ expression }) => compiler.compile(expression, [boolType]))

/** Whether all conditions hold; `problem` if one could not be found out and none was false. */
export const conditionsHold = (conditions: Conditions, run: () => PolicyRun): boolean | { readonly problem: string } => {
  if (conditions.length === 0) return true
  const problems: Array<string> = []
  try {
    const running = run()
    const outcomes = conditions.map((condition) => running.run(condition))
    for (const outcome of outcomes) {
      if ("problem" in outcome) problems.push(outcome.problem)
      else if (outcome.value === false) return false
    }
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error
    return { problem: error.message }
  }
  const different = [...new Set(problems)]
  return different.length === 0 ? true : { problem: different.length === 1 ? different[0]! : `[${different.join(", ")}]` }
}
