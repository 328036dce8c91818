/** A kind with a field of every type, for expressions to work on. */
import { definitionOf } from "./anySchema.ts"

const str = { type: "string", maxLength: 64 }
const properties = {
  i: { type: "integer" }, d: { type: "number" }, s: str, b: { type: "boolean" }, ls: { type: "array", maxItems: 20, items: str }, li: { type: "array", maxItems: 20, items: { type: "integer" } },
  m: { type: "object", maxProperties: 10, additionalProperties: str }, o: { type: "object", properties: { a: str, n: { type: "integer" } } }, x: { "x-kubernetes-int-or-string": true },
  dur: { type: "string", format: "duration" }, dt: { type: "string", format: "date-time" }, da: { type: "string", format: "date" }, by: { type: "string", format: "byte", maxLength: 64 },
  u: { type: "object", "x-kubernetes-preserve-unknown-fields": true }, n: { type: "string", nullable: true }, set: { type: "array", maxItems: 10, "x-kubernetes-list-type": "set", items: str },
  ml: { type: "array", maxItems: 10, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], items: { type: "object", required: ["k"], properties: { k: str, v: { type: "integer" } } } },
  long: { type: "string" }, big: { type: "array", items: { type: "string" } }, e: { type: "string", enum: ["one", "two"] }, emb: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true }
}
const spec = { i: 5, d: 2.5, s: "abc", b: true, ls: ["b", "a", "c"], li: [3, 1, 2], m: { a: "1", b: "2" }, o: { a: "x", n: 1 }, x: "50%", dur: "1h30m", dt: "2026-02-03T04:05:06.789Z", da: "2026-02-03", by: "aGVsbG8=", u: { k: 1 }, n: null, set: ["p", "q"], ml: [{ k: "a", v: 1 }, { k: "b" }], long: "long text", big: ["z"], e: "one", emb: { apiVersion: "v1", kind: "Pod", metadata: { name: "n" } } }

/** The definition with one rule: an expression, and behind `###` that of its message. */
export const expressionDefinition = (line: string): object => {
  const [rule, messageExpression] = line.split(" ### ")
  return definitionOf({ type: "object", properties, "x-kubernetes-validations": [messageExpression === undefined ? { rule } : { rule, messageExpression }] })
}

/** An object of it. */
export const expressionObject = { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "a", namespace: "default" }, spec }

/** What stood in its place before. */
export const expressionOld = { ...expressionObject, spec: { ...spec, i: 4, s: "old" } }
