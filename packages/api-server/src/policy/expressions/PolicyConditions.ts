/** Decides by conditions whether a policy or webhook is meant by a write that its rules fit. */
import { boolType } from "../../cel/types/Type.ts"
import type { PolicySpec } from "./PolicyKinds.ts"
import type { PolicyCompiler, PolicyExpression } from "./PolicyCompiler.ts"
import { type Matched, OutOfBudget, PolicyRun } from "./PolicyRun.ts"

/** Conditions that are ready. */
export interface Conditions {
  readonly compiler: PolicyCompiler
  readonly expressions: ReadonlyArray<PolicyExpression>
}

/** Compiles conditions. */
export const compileConditions = (compiler: PolicyCompiler, conditions: PolicySpec["matchConditions"]): Conditions => ({
  compiler,
  expressions: (conditions ?? []).map(({ expression }) => compiler.compile(expression, [boolType]))
})

/** Whether all conditions hold; `problem` if one could not be found out and none was false. */
export const conditionsHold = ({ compiler, expressions }: Conditions, matched: Matched): boolean | { readonly problem: string } => {
  if (expressions.length === 0) return true
  const problems: Array<string> = []
  try {
    const running = new PolicyRun(compiler, matched, true)
    const outcomes = expressions.map((condition) => running.run(condition))
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
