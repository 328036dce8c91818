import { describe, expect, it } from "vitest"
import type { Status } from "@fairlead/kube"
import { makeServer } from "../../makeServer.ts"

const group = "flowcontrol.apiserver.k8s.io"
const resourceRule = { verbs: ["get"], apiGroups: [""], resources: ["pods"], namespaces: ["n"] }
const subject = { kind: "User", user: { name: "u" } }
const schema = { priorityLevelConfiguration: { name: "x" }, matchingPrecedence: 100, rules: [{ subjects: [subject], resourceRules: [resourceRule] }] }

const made = (plural: string, spec: object, name = "a") => {
  const { call } = makeServer()
  const { code, body } = call("create", { group, plural, namespace: undefined, body: { metadata: { name }, spec } })
  return { code, spec: (body as unknown as { spec?: object }).spec, causes: (body as Status).details?.causes?.map(({ field, message }) => `${field}: ${message}`) ?? [] }
}

const ruled = (rule: object): object => ({ ...schema, rules: [rule] })
const resources = (change: object): object => ruled({ subjects: [subject], resourceRules: [{ ...resourceRule, ...change }] })
const paths = (...nonResourceURLs: ReadonlyArray<string>): object => ruled({ subjects: [subject], nonResourceRules: [{ verbs: ["*"], nonResourceURLs }] })
const on = "spec.rules[0]"

describe("flow schemas", () => {
  it("have a precedence unless they say otherwise", () => {
    expect(made("flowschemas", { priorityLevelConfiguration: { name: "x" } })).toMatchObject({ code: 201, spec: { matchingPrecedence: 1000 } })
    expect(made("flowschemas", schema)).toMatchObject({ code: 201, causes: [] })
  })

  it.each<readonly [string, object, ReadonlyArray<string>]>([
    ["a negative precedence", { ...schema, matchingPrecedence: -1 }, ["spec.matchingPrecedence: Invalid value: -1: must be a positive value"]],
    ["too large a precedence", { ...schema, matchingPrecedence: 10_001 }, ["spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000"]],
    ["the first precedence", { ...schema, matchingPrecedence: 1 }, ["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"]],
    ["no level", { ...schema, priorityLevelConfiguration: {} }, ["spec.priorityLevelConfiguration.name: Required value: must reference a priority level"]],
    ["an unknown method", { ...schema, distinguisherMethod: { type: "X" } }, ['spec.distinguisherMethod.type: Unsupported value: {"Type":"X"}: supported values: "ByNamespace", "ByUser"']],
    ["an empty rule", ruled({}), [
      `${on}.subjects: Required value: subjects must contain at least one value`,
      `${on}: Required value: at least one of resourceRules and nonResourceRules has to be non-empty`
    ]],
    ["an unknown subject", ruled({ subjects: [{ kind: "X" }], resourceRules: [resourceRule] }), [`${on}.subjects[0].kind: Unsupported value: "X": supported values: "Group", "ServiceAccount", "User"`]],
    ["a subject of another kind", ruled({ subjects: [{ kind: "Group", user: { name: "u" } }], resourceRules: [resourceRule] }), [
      `${on}.subjects[0].group: Required value: group is required when subject kind is 'Group'`,
      `${on}.subjects[0].user: Forbidden: user is forbidden when subject kind is not 'User'`
    ]],
    ["an account without namespace", ruled({ subjects: [{ kind: "ServiceAccount", serviceAccount: { name: "*" } }], resourceRules: [resourceRule] }), [
      `${on}.subjects[0].serviceAccount.namespace: Required value: must specify namespace for service account`
    ]],
    ["a star among verbs", resources({ verbs: ["*", "get"] }), [`${on}.resourceRules[0].verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs`]],
    ["no namespace", resources({ namespaces: [] }), [`${on}.resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace`]],
    ["a star in the middle", paths("/a*"), [`${on}.nonResourceRules[0].nonResourceURLs[0]: Invalid value: "/a*": wildcard can only do suffix matching`]],
    ["a path without slash", paths("a"), [`${on}.nonResourceRules[0].nonResourceURLs[0]: Invalid value: "a": must start with slash`]]
  ])("refuse %s", (_, spec, causes) => {
    expect(made("flowschemas", spec).causes).toEqual(causes)
  })
})

const limited = (change: object): object => ({ type: "Limited", limited: { limitResponse: { type: "Reject" }, ...change } })
const queued = (queuing: object): object => limited({ limitResponse: { type: "Queue", queuing } })
const queuing = "spec.limited.limitResponse.queuing"

describe("priority levels", () => {
  it("have shares and queues unless they say otherwise", () => {
    expect(made("prioritylevelconfigurations", queued({})).spec).toMatchObject({
      limited: { nominalConcurrencyShares: 30, lendablePercent: 0, limitResponse: { queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } } }
    })
  })

  it.each<readonly [string, object, ReadonlyArray<string>]>([
    ["another exempt level", { type: "Exempt" }, ["spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'"]],
    ["an unknown type", { type: "X" }, ['spec.type: Unsupported value: "X": supported values: "Exempt", "Limited"']],
    ["no limits", { type: "Limited" }, ["spec.limited: Required value: must not be empty when type is Limited"]],
    ["negative shares", limited({ nominalConcurrencyShares: -1 }), ["spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer"]],
    ["more than everything to lend", limited({ lendablePercent: 101 }), ["spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive"]],
    ["an unknown response", limited({ limitResponse: { type: "X" } }), ['spec.limited.limitResponse.type: Unsupported value: "X": supported values: "Queue", "Reject"']],
    ["a queue that is not used", limited({ limitResponse: { type: "Reject", queuing: {} } }), [`${queuing}: Forbidden: must be nil if limited.limitResponse.type is not Limited`]],
    ["a hand larger than the deck", queued({ queues: 4, handSize: 5 }), [`${queuing}.handSize: Invalid value: 5: should not be greater than queues (4)`]],
    ["a hand that takes too many bits", queued({ queues: 10_000_000, handSize: 3 }), [
      `${queuing}.handSize: Invalid value: 3: required entropy bits of deckSize 10000000 and handSize 3 should not be greater than 60`
    ]]
  ])("refuse %s", (_, spec, causes) => {
    expect(made("prioritylevelconfigurations", spec).causes).toEqual(causes)
  })

  it("that the server made stay as they are, but for what an exempt one gives away", () => {
    const { call } = makeServer()
    const patch = (name: string, spec: object) => call("patch", { group, plural: "prioritylevelconfigurations", namespace: undefined, name, patchType: "merge", body: { spec } })
    expect(patch("exempt", { exempt: { lendablePercent: 5 } })).toMatchObject({ code: 200 })
    expect((patch("catch-all", { limited: { nominalConcurrencyShares: 7 } }).body as Status).message).toContain("spec of 'catch-all' must equal the fixed value")
  })
})
