import { Result } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Selector from "../src/Selector.ts"

const parse = (text: string): Selector.LabelSelector => Result.getOrThrow(Selector.parseLabelSelector(text))
const matches = (text: string, labels: Selector.Labels): boolean => Selector.matchesLabels(parse(text), labels)
const parseFields = (text: string): Selector.FieldSelector => Result.getOrThrow(Selector.parseFieldSelector(text))

const errorOf = <A>(result: Result.Result<A, Selector.SelectorError>): Selector.SelectorError => {
  if (Result.isSuccess(result)) throw new Error("the selector was read")
  return result.failure
}

const keyRule = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const valueRule = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
  "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

describe("Selector.parseLabelSelector", () => {
  it.each<[string, Selector.Labels, boolean]>([
    ["", undefined, true],
    ["  ", { a: "b" }, true],
    ["a=b", { a: "b" }, true],
    ["a==b", { a: "b" }, true],
    ["a=b", { a: "c" }, false],
    ["a=b", undefined, false],
    ["a=", { a: "" }, true],
    ["a=", {}, false],
    ["a!=b", { a: "b" }, false],
    ["a!=b", {}, true],
    ["a!=", {}, true],
    ["a!=", { a: "" }, false],
    ["a in (b,c)", { a: "c" }, true],
    ["a in (b,c)", { a: "d" }, false],
    ["a in (b,c)", undefined, false],
    ["a in ()", { a: "" }, true],
    ["a in ()", {}, false],
    ["a in (web,)", { a: "" }, true],
    ["a in (,web)", { a: "web" }, true],
    ["a in (x,,y)", { a: "" }, true],
    ["a notin (b)", { a: "b" }, false],
    ["a notin (b)", {}, true],
    ["a notin (b,c)", { a: "d" }, true],
    ["a", { a: "" }, true],
    ["a", {}, false],
    ["!a", { a: "x" }, false],
    ["!a", undefined, true],
    ["! a", {}, true],
    ["a>5", { a: "6" }, true],
    ["a>5", { a: "5" }, false],
    ["a>5", { a: "six" }, false],
    ["a>5", {}, false],
    ["a<9223372036854775807", { a: "9223372036854775806" }, true],
    ["a=b,c!=d,!e,f in (g,h)", { a: "b", f: "h" }, true],
    ["a=b,c!=d,!e,f in (g,h)", { a: "b", f: "h", e: "" }, false],
    [" a = b , c in ( d , e ) ", { a: "b", c: "e" }, true],
    ["in in (in,notin),notin=in", { in: "notin", notin: "in" }, true],
    ["example.com/a-b.c_d=X", { "example.com/a-b.c_d": "X" }, true],
    ["constructor", {}, false],
    ["!toString", {}, true],
    ["valueOf in (a,b)", {}, false],
    ["constructor!=x", undefined, true]
  ])("%o on %o gives %o", (text, labels, expected) => {
    expect(matches(text, labels)).toBe(expected)
  })

  it.each([
    ["a===b", "unable to parse requirement: found '=', expected: identifier"],
    ["a=b=", "found '=', expected: ',' or 'end of string'"],
    ["a like b", "unable to parse requirement: found 'like', expected: in, notin, =, ==, !=, gt, lt"],
    ["a in b", "unable to parse requirement: found 'b' expected: '('"],
    ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
    ["a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"],
    ["a in (,=)", "unable to parse requirement: found '=', expected: ',', or identifier"],
    ["a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"],
    ["a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"],
    ["a in", "unable to parse requirement: found '' expected: '('"],
    [",", "found ',', expected: !, identifier, or 'end of string'"],
    ["a,,b", "found ',', expected: identifier after ','"],
    ["a=b,", "found '', expected: identifier after ','"],
    ["=a", "found '=', expected: !, identifier, or 'end of string'"],
    ["!a=b", "found '=', expected: ',' or 'end of string'"],
    ["!!a", "unable to parse requirement: found '!', expected: identifier"],
    ["a=b c", "found 'c', expected: ',' or 'end of string'"],
    ["a=b\0c", "found 'c', expected: ',' or 'end of string'"],
    ["a in (,,)", "unable to parse requirement: found ')', expected: ',', or identifier"]
  ])("says of %o that %s", (text, message) => {
    const error = errorOf(Selector.parseLabelSelector(text))
    expect(error.message).toBe(message)
    expect(error.reason._tag).toBe("Syntax")
  })

  it.each([
    ["-a=b", `<nil>: Invalid value: "-a": name part ${keyRule}`],
    ["a=-b-", `values[0][a]: Invalid value: "-b-": ${valueRule}`],
    ["x/y/z=b", `<nil>: Invalid value: "x/y/z": a valid label key ${keyRule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`],
    ["UPPER.com/a=b", "<nil>: Invalid value: \"UPPER.com/a\": prefix part a lowercase RFC 1123 subdomain must consist of lower case " +
      "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used " +
      "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"],
    ["a in (ok,/bad)", `values[0][a]: Invalid value: "/bad": ${valueRule}`],
    [`a=${"0123456789".repeat(6)}0123`, `values[0][a]: Invalid value: "${"0123456789".repeat(6)}0123": must be no more than 63 bytes`],
    ["a>b", "values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer"],
    ["a<", "values[0]: Invalid value: \"\": for 'Gt', 'Lt' operators, the value must be an integer"],
    ["a>-", `[values[0]: Invalid value: "-": for 'Gt', 'Lt' operators, the value must be an integer, values[0][a]: Invalid value: "-": ${valueRule}]`],
    ["/a", "<nil>: Invalid value: \"/a\": prefix part must be non-empty"],
    ["b/=c", `<nil>: Invalid value: "b/": name part must be non-empty; name part ${keyRule}`]
  ])("says of %o which rule it breaks", (text, message) => {
    const error = errorOf(Selector.parseLabelSelector(text))
    expect(error.message).toBe(`unable to parse requirement: ${message}`)
    expect(error.reason._tag).toBe("InvalidRequirement")
  })

  it("requirements are sorted by key, and values without repetition", () => {
    expect(parse("c,b in (z,a,z),!a").requirements).toEqual([
      { key: "a", operator: "!", values: [] },
      { key: "b", operator: "in", values: ["a", "z"] },
      { key: "c", operator: "exists", values: [] }
    ])
  })

  it("a selector that was printed reads as the same requirements", () => {
    const key = fc.constantFrom("a", "b", "example.com/c", "in", "notin")
    const value = fc.stringMatching(/^([a-z0-9]([-a-z0-9_.]{0,5}[a-z0-9])?)?$/)
    const requirement = fc.oneof(
      key,
      key.map((name) => `!${name}`),
      fc.tuple(key, fc.constantFrom("=", "==", "!="), value).map((parts) => parts.join("")),
      fc.tuple(key, fc.constantFrom(">", "<"), fc.nat()).map((parts) => parts.join("")),
      fc.tuple(key, fc.constantFrom("in", "notin"), fc.uniqueArray(value, { minLength: 1, maxLength: 4 }))
        .map(([name, operator, values]) => `${name} ${operator} (${values.join(", ")})`)
    )
    fc.assert(fc.property(fc.array(requirement, { maxLength: 4 }), (requirements) => {
      const selector = parse(requirements.join(","))
      expect(parse(Selector.formatLabelSelector(selector)).requirements).toEqual(selector.requirements)
    }))
  })

  it("never throws, whatever the text", () => {
    const token = fc.constantFrom("a", "in", "notin", "(", ")", ",", "!", "=", "==", "!=", ">", "<", " ", "\0", "é", "/", "-", "7")
    fc.assert(fc.property(fc.oneof(fc.string(), fc.array(token).map((tokens) => tokens.join(""))), (text) => {
      const result = Selector.parseLabelSelector(text)
      expect(Result.isSuccess(result) || result.failure.message.length > 0).toBe(true)
    }))
  })

  it("exactLabel gives the one value that is demanded, and none otherwise", () => {
    expect(Selector.exactLabel(parse("a=b"), "a")).toBe("b")
    expect(Selector.exactLabel(parse("a in (b)"), "a")).toBe("b")
    expect(Selector.exactLabel(parse("a in (b,c)"), "a")).toBeUndefined()
    expect(Selector.exactLabel(parse("a!=b"), "a")).toBeUndefined()
    expect(Selector.exactLabel(parse("a"), "a")).toBeUndefined()
    expect(Selector.exactLabel(parse("a=b"), "c")).toBeUndefined()
  })
})

describe("Selector.fromLabelSelector", () => {
  const from = (selector: Selector.LabelSelectorObject | undefined): Selector.LabelSelector =>
    Result.getOrThrow(Selector.fromLabelSelector(selector))

  it("no selector selects nothing, an empty one everything", () => {
    expect(from(undefined).matches({ a: "b" })).toBe(false)
    expect(from({}).matches(undefined)).toBe(true)
    expect(from({ matchLabels: {}, matchExpressions: [] }).matches({ a: "b" })).toBe(true)
  })

  it("labels and expressions must all hold", () => {
    const selector = from({
      matchLabels: { app: "web" },
      matchExpressions: [
        { key: "tier", operator: "In", values: ["b", "a"] },
        { key: "zone", operator: "NotIn", values: ["x"] },
        { key: "old", operator: "DoesNotExist" },
        { key: "app", operator: "Exists" }
      ]
    })
    expect(selector.matches({ app: "web", tier: "a" })).toBe(true)
    expect(selector.matches({ app: "web", tier: "a", zone: "x" })).toBe(false)
    expect(selector.matches({ app: "web", tier: "a", old: "" })).toBe(false)
    expect(Selector.formatLabelSelector(selector)).toBe("app=web,app,!old,tier in (a,b),zone notin (x)")
  })

  it("says which operator does not exist and which values are wrong", () => {
    expect(errorOf(Selector.fromLabelSelector({ matchExpressions: [{ key: "a", operator: "in" }] })).message)
      .toBe("\"in\" is not a valid label selector operator")
    expect(errorOf(Selector.fromLabelSelector({ matchExpressions: [{ key: "a", operator: "In" }] })).message)
      .toBe("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty")
    expect(errorOf(Selector.fromLabelSelector({ matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] })).message)
      .toBe("values: Invalid value: [\"b\"]: values set must be empty for exists and does not exist")
    expect(errorOf(Selector.fromLabelSelector({ matchLabels: { "": "b" } })).message).toContain("key: Invalid value: \"\": name part must be non-empty")
  })

  it("fromLabels selects what has all the labels", () => {
    const selector = Selector.fromLabels({ b: "2", a: "1" })
    expect(selector.matches({ a: "1", b: "2", c: "3" })).toBe(true)
    expect(selector.matches({ a: "1" })).toBe(false)
    expect(Selector.formatLabelSelector(selector)).toBe("a=1,b=2")
    expect(Selector.fromLabels(undefined).matches(undefined)).toBe(true)
  })
})

describe("Selector.parseFieldSelector", () => {
  it.each<[string, Record<string, string>, boolean]>([
    ["", {}, true],
    [",", { "metadata.name": "a" }, true],
    ["metadata.name=a", { "metadata.name": "a" }, true],
    ["metadata.name==a", { "metadata.name": "a" }, true],
    ["metadata.name=a", { "metadata.name": "b" }, false],
    ["metadata.name!=a", { "metadata.name": "b" }, true],
    ["spec.nodeName=", {}, true],
    ["spec.nodeName!=", {}, false],
    ["metadata.name!=a,spec.nodeName=n", { "metadata.name": "b", "spec.nodeName": "n" }, true],
    ["metadata.name!=a,spec.nodeName=n", { "metadata.name": "b" }, false],
    ["a=x\\,y\\=z\\\\", { a: "x,y=z\\" }, true],
    ["constructor=", {}, true]
  ])("%o on %o gives %o", (text, fields, expected) => {
    expect(Selector.matchesFields(parseFields(text), fields)).toBe(expected)
  })

  it("the field is not trimmed, so that the server can refuse it", () => {
    expect(parseFields(" metadata.name=a").requirements).toEqual([{ field: " metadata.name", operator: "=", value: "a" }])
  })

  it.each([
    ["metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'", "InvalidTerm"],
    ["metadata.name in (a,b)", "invalid selector: 'metadata.name in (a,b)'; can't understand 'b)'", "InvalidTerm"],
    ["!metadata.name", "invalid selector: '!metadata.name'; can't understand '!metadata.name'", "InvalidTerm"],
    ["metadata.name=a\\", "invalid field selector: invalid escape sequence: \\", "InvalidEscape"],
    ["metadata.name=a\\b", "invalid field selector: invalid escape sequence: \\b", "InvalidEscape"],
    ["a=b=c", "invalid field selector: unescaped character in value: 61", "UnescapedCharacter"]
  ])("says of %o that %s", (text, message, tag) => {
    const error = errorOf(Selector.parseFieldSelector(text))
    expect(error.message).toBe(message)
    expect(error.reason._tag).toBe(tag)
  })

  it("a selector that was printed reads as the same requirements", () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom("a", "b.c"), fc.constantFrom("=", "!="), fc.string())), (terms) => {
      const requirements = terms.map(([field, operator, value]) => ({ field, operator: operator as "=" | "!=", value }))
      const text = Selector.formatFieldSelector({ requirements, matches: () => true })
      const read = parseFields(text).requirements
      expect(read.toSorted(byText)).toEqual(requirements.toSorted(byText))
    }))
  })

  it("exactField gives the value that is demanded, and none otherwise", () => {
    expect(Selector.exactField(parseFields("metadata.name=a,status.phase!=b"), "metadata.name")).toBe("a")
    expect(Selector.exactField(parseFields("status.phase!=b"), "status.phase")).toBeUndefined()
  })
})

const byText = (a: Selector.FieldRequirement, b: Selector.FieldRequirement): number => {
  const left = JSON.stringify(a)
  const right = JSON.stringify(b)
  return left < right ? -1 : left > right ? 1 : 0
}
