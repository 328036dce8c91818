/** Scopes that name the class of an object. */
import { Selector } from "@fairlead/kube"
import { Result } from "effect"
import type { ScopeRequirement } from "./Evaluator.ts"

/** Whether any of the classes of an object fits; an object without a class is asked about once. */
export const matchesScope = ({ scopeName, operator, values }: ScopeRequirement, classes: ReadonlyArray<string | undefined>): boolean => {
  const selector = Selector.fromLabelSelector({ matchExpressions: [{ key: scopeName, operator, values }] })
  if (Result.isFailure(selector)) return false
  const named = classes.filter((it) => it !== undefined && it !== "")
  return named.length === 0 ? selector.success.matches({}) : named.some((name) => selector.success.matches({ [scopeName]: name! }))
}
