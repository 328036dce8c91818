import type { Status } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { makeServer } from "../makeServer.ts"

const group = "admissionregistration.k8s.io"
const rbac = "rbac.authorization.k8s.io"
const ann = { name: "ann", groups: ["system:authenticated"] }
const rule = { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] }
const paramKind = { apiVersion: "v1", kind: "ConfigMap" }
const policy = { paramKind, matchConstraints: { resourceRules: [rule] }, validations: [{ expression: "true" }] }
const shown = "user &{ann  [system:authenticated] map[]}"

/** What ann is told who may do what the rules say, everywhere. */
const withRights = (...rules: ReadonlyArray<object>) => {
  const { call } = makeServer()
  const at = { namespace: undefined, group: rbac } as const
  call("create", { ...at, plural: "clusterroles", body: { metadata: { name: "r" }, rules } })
  call("create", { ...at, plural: "clusterrolebindings", body: { metadata: { name: "b" }, roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "r" }, subjects: [{ kind: "User", name: "ann", apiGroup: rbac }] } })
  return (plural: string, spec: object, name = "p", user = ann): string => {
    const { body, code } = call("create", { group, plural, namespace: undefined, user, body: { metadata: { name }, spec } })
    return code === 201 ? "201" : (body as Status).details!.causes!.map(({ field, message }) => `${field}: ${message}`).join("\n")
  }
}

const reads = (more: object = {}): object => ({ apiGroups: [""], resources: ["configmaps"], verbs: ["get"], ...more })

describe("the author of a policy with parameters", () => {
  it("must be allowed to read all of them", () => {
    const refused = `spec.paramKind: Forbidden: ${shown} must have "get" permission on all objects of the referenced paramKind (kind=ConfigMap, apiVersion=v1)`
    expect(withRights()("validatingadmissionpolicies", policy)).toBe(refused)
    expect(withRights(reads({ resourceNames: ["x"] }))("validatingadmissionpolicies", policy)).toBe(refused)
    expect(withRights(reads())("validatingadmissionpolicies", policy)).toBe("201")
    expect(withRights()("validatingadmissionpolicies", { ...policy, paramKind: undefined })).toBe("201")
    expect(withRights()("validatingadmissionpolicies", policy, "p", { name: "admin", groups: ["system:masters"] })).toBe("201")
  })

  it("and who binds it, to read those that the binding names", () => {
    const paramRef = { name: "x", namespace: "n", parameterNotFoundAction: "Deny" }
    const binding = { policyName: "p", paramRef, validationActions: ["Deny"] }
    const bind = (...rules: ReadonlyArray<object>): string => {
      const add = withRights(...rules)
      expect(add("validatingadmissionpolicies", policy, "p", { name: "admin", groups: ["system:masters"] })).toBe("201")
      return add("validatingadmissionpolicybindings", binding, "b")
    }
    expect(bind()).toBe(`spec.paramRef: Forbidden: ${shown} does not have "get" permission on the object referenced by paramRef`)
    expect(bind(reads({ resourceNames: ["x"] }))).toBe("201")
  })
})
