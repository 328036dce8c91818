/** Values of any schema, for tests of what must hold for all objects. */
import type { SchemaNode } from "../../src/builtin/SchemaNode.ts"

/** A reproducible stream of numbers in [0, 1). */
const numbers = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 0x1_0000_0000
  }
}

const texts = ["", "a", "A b", "a.b/c", "x".repeat(300), "10.0.0.1", "::1", "10.0.0.0/8", "50%", "1Gi", "2026-01-01T00:00:00Z", "Always", "*", "0"]
const numbersToTry = [0, 1, -1, 2, 65536, 2147483647]

const scalarOf = (node: SchemaNode, pick: <A>(from: ReadonlyArray<A>) => A): unknown => {
  switch (node.scalar) {
    case "boolean":
      return pick([true, false])
    case "int32":
    case "int64":
    case "int":
    case "float64":
      return pick(numbersToTry)
    case "quantity":
      return pick(["1", "100m", "1Gi", "-1", "0"])
    case "intOrString":
      return pick([1, 0, -1, "50%", "http", "110%"])
    case "time":
      return "2026-01-01T00:00:00Z"
    case "microTime":
      return "2026-01-01T00:00:00.000000Z"
    case "bytes":
      return pick(["", "YQ=="])
    case "duration":
      return "1s"
    default:
      return pick(texts)
  }
}

/** A value of this schema, drawn from the seed. */
export const anyValue = (schema: SchemaNode, seed: number): unknown => {
  const random = numbers(seed)
  const pick = <A>(from: ReadonlyArray<A>): A => from[Math.floor(random() * from.length)]!
  const value = (node: SchemaNode, depth: number): unknown => {
    switch (node.shape) {
      case "scalar":
        return scalarOf(node, pick)
      case "list":
        return Array.from({ length: depth <= 0 ? 0 : Math.floor(random() * 3) }, () => value(node.items!, depth - 1))
      case "map":
        return Object.fromEntries(Array.from({ length: Math.floor(random() * 3) }, () => [pick(texts), value(node.items!, depth - 1)]))
      case "struct": {
        const share = depth <= 0 ? 0 : 3 / Math.max(3, node.fields.length)
        return Object.fromEntries(node.fields.filter(() => random() < Math.max(share, depth > 0 ? 0.3 : 0)).map((field) => [field.name, value(field.node, depth - 1)]))
      }
      default:
        return pick([{ a: 1 }, "x", 1, null])
    }
  }
  return value(schema, 8)
}
