/** How objects of one kind count against quotas. */
import type { KubeObject } from "@fairlead/kube"
import { Quantity } from "@fairlead/kube"
import { type GroupResource, printResource } from "../../ApiFailure.ts"
import type { Amounts } from "../../internal/resourceLists.ts"
import type { Operation } from "../Admission.ts"

/** One condition on the objects that a quota counts. */
export interface ScopeRequirement {
  readonly scopeName: string
  readonly operator: string
  readonly values?: ReadonlyArray<string>
}

/** Measures the objects of one kind. */
export interface Evaluator {
  /** Whether the entry `name` of a quota is about objects of this kind. */
  readonly covers: (name: string) => boolean
  /** What an object uses; `now` in milliseconds. */
  readonly usage: (object: KubeObject, now: number) => Amounts
  /** Whether an object lies within a scope. */
  readonly isInScope: (object: KubeObject, scope: ScopeRequirement) => boolean
  /** What an object fails to say though quotas on `names` need it. */
  readonly missing: (object: KubeObject, names: ReadonlyArray<string>) => string | undefined
  /** Whether a write may change what is used. */
  readonly handles: (operation: Operation, subresource: string, object: KubeObject, previous: KubeObject | undefined) => boolean
}

/** That many things. */
export const count = (things: number): Quantity.Quantity => Quantity.parse(String(things))!

/** Name under which quotas count the objects of a kind. */
const countName = (resource: GroupResource): string => `count/${printResource(resource)}`

/** Kinds of which only the number matters; `alias` is the name that quotas had for it first. */
export const countEvaluator = (resource: GroupResource, alias: string | undefined): Evaluator => {
  const names = alias === undefined ? [countName(resource)] : [countName(resource), alias]
  const usage = new Map(names.map((name) => [name, count(1)]))
  return {
    covers: (name) => names.includes(name),
    usage: () => usage,
    isInScope: () => false,
    missing: () => undefined,
    handles: (operation, subresource) => operation === "create" && subresource === ""
  }
}
