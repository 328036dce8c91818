import type { KubeObject, Status } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import type { ApiRequest, ApiResponse } from "../../src/index.ts"
import { makeServer } from "../makeServer.ts"

const group = "admissionregistration.k8s.io"
const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["configmaps", "secrets", "pods"] }
const rules = { resourceRules: [{ ...rule, operations: [...rule.operations, "DELETE"] }] }

/** A server with a policy that is bound everywhere. */
const withPolicy = (spec: object, bindingSpec: object = { validationActions: ["Deny"] }, kind: "validating" | "mutating" = "validating") => {
  const made = makeServer()
  const add = (plural: string, body: object): void => {
    const answer = made.server.handle({ verb: "create", group, version: "v1", plural, body })
    expect(answer).toMatchObject({ code: 201 })
  }
  add(`${kind}admissionpolicies`, { metadata: { name: "p" }, spec: { matchConstraints: kind === "mutating" ? { resourceRules: [rule] } : rules, ...spec } })
  add(`${kind}admissionpolicybindings`, { metadata: { name: "b" }, spec: { policyName: "p", ...bindingSpec } })
  const write = (name: string, data: object = {}, more: Partial<ApiRequest> = {}): ApiResponse =>
    made.call("create", { body: { metadata: { name }, data }, ...more })
  const refused = (name: string, data: object = {}, more: Partial<ApiRequest> = {}): string | undefined => {
    const answer = write(name, data, more)
    return answer.code === 201 ? undefined : `${answer.code} ${(answer.body as Status).message}`
  }
  return { ...made, write, refused }
}

const denies = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request:"

describe("a policy that checks", () => {
  it("tells the first expression that is false, or its message", () => {
    const { refused } = withPolicy({
      validations: [
        { expression: "object.data.size() < 3", message: " too many " },
        { expression: "object.data.size() < 2", messageExpression: "'has ' + string(object.data.size())", reason: "Forbidden" },
        { expression: "object.data.size() < 1", messageExpression: "'two\\nlines'" }
      ]
    })
    expect(refused("a", { a: "1", b: "2", c: "3" })).toBe(`422 configmaps "a" is forbidden: ${denies} too many`)
    expect(refused("a", { a: "1", b: "2" })).toBe(`403 configmaps "a" is forbidden: ${denies} has 2`)
    expect(refused("a", { a: "1" })).toBe(`422 configmaps "a" is forbidden: ${denies} failed expression: object.data.size() < 1`)
  })

  it("fails or is ignored where an expression cannot be carried out, as it says", () => {
    const validations = [{ expression: "object.data.missing == 'x'" }]
    expect(withPolicy({ validations }).refused("a", { k: "v" }))
      .toBe(`422 configmaps "a" is forbidden: ${denies} expression 'object.data.missing == 'x'' resulted in error: no such key: missing`)
    expect(withPolicy({ validations, failurePolicy: "Ignore" }).refused("a", { k: "v" })).toBeUndefined()
  })

  it("looks only at writes for which its conditions hold", () => {
    const { refused } = withPolicy({
      matchConditions: [{ name: "not-me", expression: "request.userInfo.username != 'admin'" }, { name: "named", expression: "object.metadata.name != 'free'" }],
      validations: [{ expression: "false", message: "no" }]
    })
    const user = { name: "ann", groups: ["system:authenticated"] }
    expect(refused("a")).toBeUndefined()
    expect(refused("b", {}, { user })).toBe(`422 configmaps "b" is forbidden: ${denies} no`)
    expect(refused("free", {}, { user })).toBeUndefined()
  })

  it("knows the namespace, the old object, the request and its own variables", () => {
    const { call, refused } = withPolicy({
      variables: [{ name: "team", expression: "namespaceObject.metadata.labels['kubernetes.io/metadata.name']" }, { name: "twice", expression: "variables.team + variables.team" }],
      validations: [
        { expression: "request.operation != 'CREATE' || variables.twice == 'defaultdefault'" },
        { expression: "oldObject == null || object == null || object.data.k == oldObject.data.k", message: "k stays" },
        { expression: "request.operation != 'DELETE' || oldObject.metadata.name != 'kept'", message: "stays" }
      ]
    })
    expect(refused("kept", { k: "1" })).toBeUndefined()
    expect((call("patch", { name: "kept", patchType: "merge", body: { data: { k: "2" } } }).body as Status).message).toContain("k stays")
    expect((call("delete", { name: "kept" }).body as Status).message).toBe(`configmaps "kept" is forbidden: ${denies} stays`)
  })

  it("asks what users may do", () => {
    const { refused, server } = withPolicy({
      validations: [
        { expression: "authorizer.group('').resource('nodes').check('list').allowed()", message: "may not list nodes" },
        { expression: "!authorizer.serviceAccount('default', 'default').group('').resource('nodes').check('list').allowed()" }
      ]
    })
    const user = { name: "ann", groups: ["system:authenticated"] }
    expect(refused("a")).toBeUndefined()
    expect(refused("b", {}, { user })).toContain("may not list nodes")
    server.handle({ verb: "create", group: "rbac.authorization.k8s.io", version: "v1", plural: "clusterroles", body: { metadata: { name: "n" }, rules: [{ apiGroups: [""], resources: ["nodes"], verbs: ["list"] }] } })
    server.handle({
      verb: "create", group: "rbac.authorization.k8s.io", version: "v1", plural: "clusterrolebindings",
      body: { metadata: { name: "n" }, roleRef: { kind: "ClusterRole", name: "n" }, subjects: [{ kind: "User", name: "ann" }] }
    })
    expect(refused("b", {}, { user })).toBeUndefined()
  })

  it("is carried out for every parameter that the binding selects", () => {
    const { call, refused } = withPolicy(
      { paramKind: { apiVersion: "v1", kind: "Secret" }, matchConstraints: { resourceRules: [{ ...rules.resourceRules[0], resources: ["configmaps"] }] }, validations: [{ expression: "object.metadata.name != params.metadata.name", messageExpression: "'is ' + params.metadata.name" }] },
      { validationActions: ["Deny"], paramRef: { selector: { matchLabels: { a: "b" } }, parameterNotFoundAction: "Deny" } }
    )
    expect(refused("one")).toBe(`422 configmaps "one" is forbidden: ${denies} failed to configure binding: no params found for policy binding with \`Deny\` parameterNotFoundAction`)
    for (const name of ["one", "two"]) call("create", { plural: "secrets", body: { metadata: { name, labels: { a: "b" } } } })
    expect(refused("two")).toContain("is two")
    expect(refused("three")).toBeUndefined()
  })

  it("cannot be about parameters of a kind that is not served", () => {
    const { refused } = withPolicy(
      { paramKind: { apiVersion: "example.com/v1", kind: "Limit" }, validations: [{ expression: "true" }] },
      { validationActions: ["Deny"], paramRef: { name: "x", parameterNotFoundAction: "Allow" } }
    )
    expect(refused("a")).toBe("422 configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Limit'")
  })

  it("leaves alone what is excluded, named otherwise or labelled otherwise", () => {
    const spec = { validations: [{ expression: "false" }] }
    const only = (more: object) => withPolicy({ ...spec, matchConstraints: { ...rules, ...more } }).refused("a")
    expect(only({})).toBeDefined()
    expect(only({ excludeResourceRules: [{ ...rules.resourceRules[0], resources: ["configmaps"] }] })).toBeUndefined()
    expect(only({ objectSelector: { matchLabels: { a: "b" } } })).toBeUndefined()
    expect(only({ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "other" } } })).toBeUndefined()
    expect(only({ resourceRules: [{ ...rules.resourceRules[0], resourceNames: ["z"] }] })).toBeUndefined()
    expect(only({ resourceRules: [{ ...rules.resourceRules[0], scope: "Cluster" }] })).toBeUndefined()
  })

  it("stops when its budget is spent", () => {
    const { refused } = withPolicy({ validations: [{ expression: "[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, authorizer.path('/x').check('get').allowed() || true))" }] })
    expect(refused("a")).toContain("operation cancelled: actual cost limit exceeded")
  })

  it("never refuses changes of policies themselves", () => {
    const { server } = withPolicy({ matchConstraints: { resourceRules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"] }] }, validations: [{ expression: "false" }] })
    expect(server.handle({ verb: "delete", group, version: "v1", plural: "validatingadmissionpolicies", name: "p" }).code).toBe(200)
  })
})

describe("a policy that changes", () => {
  const label = (key: string, value = "'1'") => ({ patchType: "ApplyConfiguration", applyConfiguration: { expression: `Object{metadata: Object.metadata{labels: {'${key}': ${value}}}}` } })
  const patch = (expression: string) => ({ patchType: "JSONPatch", jsonPatch: { expression } })

  it("merges configurations and applies patches, with variables and escaped keys", () => {
    const { write } = withPolicy({
      reinvocationPolicy: "Never",
      variables: [{ name: "value", expression: "object.metadata.name + '.x'" }],
      mutations: [label("a"), patch("[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('x/y'), value: variables.value}]")]
    }, {}, "mutating")
    expect((write("n").body as KubeObject).metadata.labels).toEqual({ a: "1", "x/y": "n.x" })
  })

  it("merges lists by their keys and gets defaults", () => {
    const { call } = withPolicy({
      reinvocationPolicy: "Never",
      mutations: [{
        patchType: "ApplyConfiguration",
        applyConfiguration: { expression: "Object{spec: Object.spec{initContainers: [Object.spec.initContainers{name: 'mesh', image: 'mesh', restartPolicy: 'Always'}]}}" }
      }]
    }, {}, "mutating")
    call("create", { plural: "serviceaccounts", body: { metadata: { name: "default" } } })
    const answer = call("create", { plural: "pods", body: { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "i" }], initContainers: [{ name: "first", image: "f" }] } } })
    const { initContainers } = (answer.body as unknown as { spec: { initContainers: ReadonlyArray<{ name: string; imagePullPolicy: string }> } }).spec
    expect(initContainers.map(({ imagePullPolicy, name }) => `${name} ${imagePullPolicy}`)).toEqual(["first Always", "mesh Always"])
  })

  it("says why it cannot", () => {
    const failing = (expression: string, more: object = {}) => withPolicy({ reinvocationPolicy: "Never", mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression } }], ...more }, {}, "mutating")
    const start = "403 policy 'p' with binding 'b' denied request:"
    expect(failing("Object{spec: Object.wrong{}}").refused("a")).toBe(`${start} type mismatch: unexpected type name "Object.wrong", expected "Object.spec", which matches field name path from root Object type`)
    expect(failing("Object{frob: 1}").refused("a")).toBe(`${start} error applying patch: failed to convert patch object to typed object: .frob: field not declared in schema`)
    expect(failing("Object{metadata: Object.metadata{name: object.data.x}}").refused("a", { y: "1" })).toContain("resulted in error: no such key: x")
    expect(failing("Object{frob: 1}", { failurePolicy: "Ignore" }).refused("a")).toBeUndefined()
  })

  it("looks again when a later one changed the object, if it wants to", () => {
    const seen = (reinvocationPolicy: string): unknown => {
      const { server, write } = withPolicy({ reinvocationPolicy, mutations: [label("seen", "has(object.metadata.labels) && 'late' in object.metadata.labels ? 'yes' : 'no'")] }, {}, "mutating")
      const body = { metadata: { name: "z" }, spec: { matchConstraints: { resourceRules: [rule] }, reinvocationPolicy: "Never", mutations: [label("late")] } }
      server.handle({ verb: "create", group, version: "v1", plural: "mutatingadmissionpolicies", body })
      server.handle({ verb: "create", group, version: "v1", plural: "mutatingadmissionpolicybindings", body: { metadata: { name: "z" }, spec: { policyName: "z" } } })
      return (write("n").body as KubeObject).metadata.labels?.["seen"]
    }
    expect(seen("Never")).toBe("no")
    expect(seen("IfNeeded")).toBe("yes")
  })
})
