/** Turns one label requirement into a predicate. */
import type { LabelRequirement, Labels } from "../Selector.ts"

type Predicate = (labels: Labels) => boolean

/**
 * The value is compared by type first: labels come from JSON, where a key such as `constructor` that is not there would
 * otherwise be found on the prototype.
 */
export const compileLabelRequirement = ({ key, operator, values }: LabelRequirement): Predicate => {
  switch (operator) {
    case "=":
    case "==":
    case "in":
      return compileIn(key, values)
    case "!=":
    case "notin": {
      const isIn = compileIn(key, values)
      return (labels) => !isIn(labels)
    }
    case "exists":
      return (labels) => labels !== undefined && typeof labels[key] === "string"
    case "!":
      return (labels) => labels === undefined || typeof labels[key] !== "string"
    case "gt":
    case "lt":
      return compileOrder(key, operator, toInt64(values[0]))
  }
}

const compileIn = (key: string, values: ReadonlyArray<string>): Predicate => {
  if (values.length === 1) {
    const value = values[0]!
    return (labels) => labels !== undefined && labels[key] === value
  }
  const set = new Set(values)
  return (labels) => labels !== undefined && set.has(labels[key]!)
}

const compileOrder = (key: string, operator: "gt" | "lt", bound: bigint | undefined): Predicate => {
  if (bound === undefined) return () => false
  return (labels) => {
    const value = toInt64(labels?.[key])
    return value !== undefined && (operator === "gt" ? value > bound : value < bound)
  }
}

/** A decimal 64-bit integer as Go reads it; `undefined` when the text is none. */
export const toInt64 = (text: unknown): bigint | undefined => {
  if (typeof text !== "string" || !/^[+-]?[0-9]+$/.test(text) || text.length > 100) return undefined
  const value = BigInt(text.replace("+", ""))
  return value === BigInt.asIntN(64, value) ? value : undefined
}
