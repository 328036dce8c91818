import type { StatusCause } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import * as Validation from "../../../src/builtin/validation/Validation.ts"

const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"], scope: "*" }
const match = { matchPolicy: "Equivalent", namespaceSelector: {}, objectSelector: {}, resourceRules: [rule] }

const problems = (plural: string, body: object, old?: object): ReadonlyArray<string> => {
  const causes: Array<StatusCause> = []
  const object = { metadata: { name: "p" }, ...body }
  if (old === undefined) Validation.create("admissionregistration.k8s.io", plural, object, causes)
  else Validation.update("admissionregistration.k8s.io", plural, undefined, object, old, causes)
  return causes.map(({ field, message }) => `${field}: ${message}`)
}

const policy = (spec: object): ReadonlyArray<string> =>
  problems("validatingadmissionpolicies", { spec: { failurePolicy: "Fail", matchConstraints: match, validations: [{ expression: "true" }], ...spec } })

const compileError = (column: number, what: string, source: string): string =>
  `compilation failed: ERROR: <input>:1:${column}: ${what}\n | ${source}\n | ${".".repeat(column - 1)}^`

describe("a policy that checks", () => {
  it("may be right", () => {
    expect(policy({ paramKind: { apiVersion: "v1", kind: "ConfigMap" }, matchConditions: [{ name: "a", expression: "params.data.x == 'y'" }], variables: [{ name: "v", expression: "1" }], validations: [{ expression: "variables.v == 1" }] })).toEqual([])
  })

  it("must say what it is about and what must hold", () => {
    expect(policy({ failurePolicy: "Never", matchConstraints: undefined, validations: [] })).toEqual([
      "spec.failurePolicy: Unsupported value: \"Never\": supported values: \"Fail\", \"Ignore\"",
      "spec.matchConstraints: Required value",
      "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
      "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item"
    ])
    expect(policy({ matchConstraints: { ...match, resourceRules: [] } })).toEqual(["spec.matchConstraints.resourceRules: Required value"])
  })

  it("must have expressions that compile to what is wanted", () => {
    expect(policy({ validations: [{ expression: "object.x" }, { expression: "1 +" }, { expression: "params.x", messageExpression: "authorizer", message: "a\nb", reason: "Odd" }] })).toEqual([
      "spec.validations[0].expression: Invalid value: \"object.x\": must evaluate to bool but got dyn",
      expect.stringContaining("spec.validations[1].expression: Invalid value: \"1 +\": compilation failed: ERROR: <input>:1:4: Syntax error:"),
      `spec.validations[2].expression: Invalid value: "params.x": ${compileError(1, "undeclared reference to 'params' (in container '')", "params.x")}`,
      `spec.validations[2].messageExpression: Invalid value: "authorizer": ${compileError(1, "undeclared reference to 'authorizer' (in container '')", "authorizer")}`,
      "spec.validations[2].message: Invalid value: \"a\\nb\": message must not contain line breaks",
      "spec.validations[2].reason: Unsupported value: \"Odd\": supported values: \"Forbidden\", \"Invalid\", \"RequestEntityTooLarge\""
    ])
  })

  it("must have good names in it", () => {
    expect(policy({
      paramKind: { apiVersion: "a/b/c", kind: "K!" },
      matchConditions: [{ name: "", expression: " " }, { name: "a", expression: "true" }, { name: "a", expression: "true" }],
      variables: [{ name: "in", expression: "" }],
      auditAnnotations: [{ key: "k", valueExpression: "'x'" }, { key: "k", valueExpression: "1" }]
    }).map((text) => text.replace(/label must.*/, "…"))).toEqual([
      "spec.paramKind.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c",
      expect.stringContaining("spec.paramKind.kind: Invalid value: \"K!\": may have mixed case, but should otherwise match: "),
      "spec.matchConditions[0].expression: Required value",
      "spec.matchConditions[0].name: Required value",
      "spec.matchConditions[2].name: Duplicate value: \"a\"",
      "spec.variables[0].name: Invalid value: \"in\": name is not a valid CEL identifier",
      "spec.variables[0].expression: Required value: expression is not specified",
      "spec.auditAnnotations[1].valueExpression: Invalid value: \"1\": must evaluate to one of [string null_type] but got int",
      "spec.auditAnnotations[1].key: Duplicate value: \"k\""
    ])
  })

  it("names rules that make sense", () => {
    const rules = (more: object): ReadonlyArray<string> => policy({ matchConstraints: { ...match, resourceRules: [{ ...rule, ...more }] } }).map((text) => text.replace("spec.matchConstraints.resourceRules[0].", ""))
    expect(rules({ operations: ["*", "PATCH"] })).toEqual([
      "operations: Invalid value: [\"*\",\"PATCH\"]: if '*' is present, must not specify other operations",
      "operations[1]: Unsupported value: \"PATCH\": supported values: \"*\", \"CONNECT\", \"CREATE\", \"DELETE\", \"UPDATE\""
    ])
    expect(rules({ apiGroups: [], apiVersions: ["*", ""], resources: ["pods/*", "pods/log"], scope: "Some" })).toEqual([
      "apiGroups: Required value",
      "apiVersions: Invalid value: [\"*\",\"\"]: if '*' is present, must not specify other API versions",
      "apiVersions[1]: Required value",
      "resources[1]: Invalid value: \"pods/log\": if 'pods/*' is present, must not specify pods/log",
      "scope: Unsupported value: \"Some\": supported values: \"*\", \"Cluster\", \"Namespaced\""
    ])
  })
})

describe("a binding", () => {
  it("names a policy, and does something", () => {
    expect(problems("validatingadmissionpolicybindings", { spec: { paramRef: { name: "a", selector: {} }, validationActions: ["Deny", "Warn", "Deny"] } })).toEqual([
      "spec.policyName: Required value",
      "spec.paramRef.name: Forbidden: name and selector are mutually exclusive",
      "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive",
      "spec.paramRef.parameterNotFoundAction: Required value",
      "spec.validationActions[2]: Duplicate value: \"Deny\"",
      expect.stringContaining("spec.validationActions: Invalid value: [\"Deny\",\"Warn\",\"Deny\"]: must not contain both Deny and Warn")
    ])
  })
})

describe("a policy that changes", () => {
  const changes = (mutations: ReadonlyArray<object>, more: object = {}): ReadonlyArray<string> =>
    problems("mutatingadmissionpolicies", { spec: { failurePolicy: "Fail", matchConstraints: match, reinvocationPolicy: "Never", mutations, ...more } })

  it("makes configurations or patches, of new and changed objects", () => {
    expect(changes([{ patchType: "ApplyConfiguration", applyConfiguration: { expression: "Object{}" } }, { patchType: "JSONPatch", jsonPatch: { expression: "[JSONPatch{op: 'remove', path: '/x'}]" } }])).toEqual([])
    expect(changes([{ patchType: "JSONPatch", applyConfiguration: { expression: "Object{}" } }, { patchType: "Odd" }, { patchType: "ApplyConfiguration", applyConfiguration: { expression: "1" } }])).toEqual([
      "spec.mutations[0].applyConfiguration: Invalid value: \"{applyConfiguration}\": must not be specified when patchType is JSONPatch",
      "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
      "spec.mutations[1].patchType: Unsupported value: \"Odd\": supported values: \"ApplyConfiguration\", \"JSONPatch\"",
      "spec.mutations[2].applyConfiguration.expression: Invalid value: \"1\": must evaluate to Object but got int"
    ])
    expect(changes([], { reinvocationPolicy: "", matchConstraints: { ...match, resourceRules: [{ ...rule, operations: ["DELETE"] }] } })).toEqual([
      "spec.matchConstraints.resourceRules.operations: Unsupported value: \"DELETE\": supported values: \"*\", \"CONNECT\", \"CREATE\", \"UPDATE\"",
      "spec.mutations: Required value: mutations must contain at least one item",
      "spec.reinvocationPolicy: Required value"
    ])
  })
})

describe("a webhook", () => {
  const webhook = { name: "a.example.com", clientConfig: { url: "https://x/y" }, sideEffects: "None", admissionReviewVersions: ["v1"], rules: [rule] }
  const hooks = (...webhooks: ReadonlyArray<object>): ReadonlyArray<string> => problems("validatingwebhookconfigurations", { webhooks })

  it("has a full name and an address, and no side effects", () => {
    expect(hooks(webhook)).toEqual([])
    expect(hooks(webhook, webhook)).toEqual(["webhooks[1].name: Duplicate value: \"a.example.com\""])
    expect(hooks({ ...webhook, name: "a.b", clientConfig: {}, sideEffects: "Some", admissionReviewVersions: ["v2"], timeoutSeconds: 31 })).toEqual([
      "webhooks[0].name: Invalid value: \"a.b\": should be a domain with at least three segments separated by dots",
      "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"",
      "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
      "webhooks[0].clientConfig: Required value: exactly one of url or service is required",
      "webhooks[0].admissionReviewVersions: Invalid value: [\"v2\"]: must include at least one of v1, v1beta1"
    ])
  })

  it("keeps conditions that stay as they are unchecked", () => {
    const odd = { webhooks: [{ ...webhook, matchConditions: [{ name: "a", expression: "nobody" }] }] }
    expect(problems("validatingwebhookconfigurations", odd)).toHaveLength(1)
    expect(problems("validatingwebhookconfigurations", odd, odd)).toEqual([])
  })
})
