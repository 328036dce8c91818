/** Carries out the rules of a schema on values. */
import type { StatusCause } from "@fairlead/kube"
import type { Structural } from "./Structural.ts"

export const compileRules = (_schema: Structural, _isRoot: boolean) => ({
  checkDefault: (_value: unknown, _path: string): ReadonlyArray<StatusCause> => []
})
