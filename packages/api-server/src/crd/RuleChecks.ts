/** Compiles the rules of a schema and weighs what they may cost. */
import type { StatusCause } from "@fairlead/kube"
import type { SchemaProps } from "./SchemaProps.ts"

export class RuleScope {
  values(_schema: SchemaProps, _child: SchemaProps): RuleScope { return this }
  property(_schema: SchemaProps, _name: string, _child: SchemaProps): RuleScope { return this }
  items(_schema: SchemaProps, _child: SchemaProps): RuleScope { return this }
  check(_schema: SchemaProps, _path: string, _uncorrelated: string | undefined): ReadonlyArray<StatusCause> { return [] }
}
export const rootScope = (_schema: SchemaProps): RuleScope => new RuleScope()
export const checkTotalCost = (_scope: RuleScope, _path: string, _found: Array<StatusCause>): void => undefined
