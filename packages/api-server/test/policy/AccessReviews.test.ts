import type { Status } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { makeServer } from "../makeServer.ts"

const review = (plural: string, body: object): ReadonlyArray<string> => {
  const { server } = makeServer()
  const answer = server.handle({ verb: "create", group: "authorization.k8s.io", version: "v1", plural, body, ...(plural.startsWith("local") ? { namespace: "default" } : {}) })
  return answer.code === 201 ? [JSON.stringify((answer.body as unknown as { status: unknown }).status)] : ((answer.body as Status).details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`)
}

const pods = { verb: "get", resource: "pods" }

describe("reviews of access", () => {
  it("are about a resource or a path, and about somebody", () => {
    expect(review("subjectaccessreviews", { spec: { user: "a", groups: ["system:masters"], resourceAttributes: pods } })).toEqual(['{"allowed":true}'])
    expect(review("subjectaccessreviews", { spec: { resourceAttributes: pods, nonResourceAttributes: { path: "/x", verb: "get" } } })).toEqual([
      'spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":"get"}: cannot be specified in combination with resourceAttributes',
      'spec.user: Invalid value: "": at least one of user or group must be specified'
    ])
    expect(review("selfsubjectaccessreviews", { metadata: { name: "x" }, spec: { resourceAttributes: pods } })).toEqual(['metadata: Invalid value: {"name":"x"}: must be empty'])
  })

  it("name selectors well", () => {
    const selector = { rawSelector: "", requirements: [{ key: "", operator: "In" }, { key: "k", operator: "Exists", values: ["v"] }, { key: "k", operator: "Odd" }] }
    expect(review("selfsubjectaccessreviews", { spec: { resourceAttributes: { ...pods, labelSelector: selector, fieldSelector: {} } } })).toEqual([
      "spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required",
      "spec.resourceAttributes.labelSelector.requirements[0].key: Required value: must be specified",
      "spec.resourceAttributes.labelSelector.requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      "spec.resourceAttributes.labelSelector.requirements[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      'spec.resourceAttributes.labelSelector.requirements[2].operator: Invalid value: "Odd": not a valid selector operator'
    ])
  })

  it("stay in their namespace", () => {
    expect(review("localsubjectaccessreviews", { spec: { user: "a", resourceAttributes: { ...pods, namespace: "other" } } }))
      .toEqual(['spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace'])
  })
})

describe("roles that take over the rules of others", () => {
  it("are for those who may do everything", () => {
    const { server } = makeServer()
    const rbac = { group: "rbac.authorization.k8s.io", version: "v1", verb: "create" } as const
    const body = { metadata: { name: "r" }, rules: [], aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] } }
    const refused = server.handle({ ...rbac, plural: "clusterroles", body, user: { name: "ann", groups: [] } })
    expect((refused.body as Status).message).toBe('clusterroles.rbac.authorization.k8s.io "r" is forbidden: must have cluster-admin privileges to use the aggregationRule')
    expect(server.handle({ ...rbac, plural: "clusterroles", body })).toMatchObject({ code: 201 })
  })
})
