import { describe, expect, it } from "vitest"
import { Environment } from "../../src/cel/Environment.ts"
import { dynType } from "../../src/cel/types/Type.ts"
import { fromJson, toJson } from "../../src/policy/expressions/JsonValues.ts"

const environment = new Environment(new Map([["object", dynType]]))
const object = fromJson({ s: "text", l: [1, 2, 3], nul: null, m: { a: "b" } })

const run = (text: string) => {
  const compiled = environment.compile(text)
  if ("problem" in compiled) throw new Error(compiled.problem)
  return compiled.program.run([object], 1_000_000)
}

const valueOf = (text: string) => {
  const result = run(text)
  return "problem" in result ? result.problem.message : toJson(result.value)
}

/** Checked against k8s.io/apiserver 0.36.2. */
describe("expressions over values without a schema", () => {
  it.each([
    ["object.nul == null", true],
    ["{'a': null}.a == null", true],
    ["has(object.nul)", true],
    ["object.l[1.0]", 2],
    ["object.l[uint(2)]", 3],
    ["object.m == {'a': 'b'}", true],
    ["isIP('::1') && ip('::1').isLoopback()", true],
    ["cidr('10.0.0.0/8').containsIP('10.1.2.3')", true]
  ])("gives %s", (text, value) => expect(valueOf(text)).toEqual(value))

  it.each([
    ["object.l['a']", "unsupported index type 'string' in list"],
    ["object.s + 1", "no such overload"],
    ["object.none", "no such key: none"],
    ["object.l[7]", "index out of bounds: 7"],
    ["1 / (object.l[0] - 1)", "division by zero"]
  ])("tells why %s has no value", (text, problem) => expect(valueOf(text)).toBe(problem))

  it.each([
    ["object.l.map(x, x * 2)", 45],
    ["2 in object.l", 3],
    ["2 in [1, 2, 3]", 0]
  ])("spends on %s what the original does", (text, cost) => expect(run(text).cost).toBe(cost))
})
