import { describe, expect, it } from "vitest"
import type { User } from "../../src/index.ts"
import type { ApiFailure } from "../../src/ApiFailure.ts"
import { impersonate, type WantedUser } from "../../src/policy/Impersonation.ts"
import { makeServer } from "../makeServer.ts"

const listing = { verb: "list", group: "", version: "v1", plural: "pods", namespace: "default" }
const agent = "system:serviceaccount:ns:agent"
const wanted = (name: string, more: Partial<WantedUser> = {}): WantedUser => ({ name, uid: "", groups: [], extra: {}, ...more })

/** A server on which `ann` has these rules, and what comes of her acting as somebody. */
const withRules = (...rules: ReadonlyArray<object>) => {
  const { server } = makeServer()
  const rbac = { group: "rbac.authorization.k8s.io", version: "v1", verb: "create" } as const
  server.handle({ ...rbac, plural: "clusterroles", body: { metadata: { name: "r" }, rules } })
  server.handle({ ...rbac, plural: "clusterrolebindings", body: { metadata: { name: "r" }, roleRef: { kind: "ClusterRole", name: "r" }, subjects: ["ann", agent].map((name) => ({ kind: "User", name })) } })
  return (who: WantedUser, as: Partial<User> = {}): User | string => {
    try {
      return impersonate(server.context, { name: "ann", groups: [], ...as }, who, listing)
    } catch (error) {
      return (error as ApiFailure).message
    }
  }
}

const rule = (verbs: string, apiGroups: string, resources: string, more: object = {}): object => ({ verbs: [verbs], apiGroups: [apiGroups], resources: [resources], ...more })

describe("acting as somebody else", () => {
  it("takes the old right for every part of the other user", () => {
    const act = withRules(rule("impersonate", "", "users"), rule("impersonate", "", "groups", { resourceNames: ["devs"] }), rule("impersonate", "authentication.k8s.io", "uids"))
    expect(act(wanted("bob", { groups: ["devs"], uid: "7" }))).toEqual({ name: "bob", uid: "7", groups: ["devs", "system:authenticated"] })
    expect(act(wanted("bob", { groups: ["ops"] }))).toContain('cannot impersonate resource "groups" in API group ""')
  })

  it("or two constrained rights: to be the other, and to do this as the other", () => {
    const onList = rule("impersonate-on:user-info:list", "", "pods")
    expect(withRules(onList)(wanted("bob"))).toContain('cannot impersonate:user-info resource "users" in API group "authentication.k8s.io"')
    expect(withRules(rule("impersonate:user-info", "authentication.k8s.io", "users"))(wanted("bob"))).toContain('cannot impersonate-on:user-info:list resource "pods"')
    expect(withRules(onList, rule("impersonate:user-info", "authentication.k8s.io", "users"))(wanted("bob"))).toEqual({ name: "bob", groups: ["system:authenticated"] })
  })

  it("gives service accounts and nodes their groups", () => {
    const all = { name: "root", groups: ["system:masters"] }
    const act = withRules()
    expect(act(wanted("system:serviceaccount:ns:sa"), all)).toMatchObject({ groups: ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"] })
    expect(act(wanted("system:node:n1"), all)).toMatchObject({ groups: ["system:nodes", "system:authenticated"] })
    expect(act(wanted("system:anonymous"), all)).toMatchObject({ groups: ["system:unauthenticated"] })
  })

  it("lets the account of a node's agent be that node, if it may be nodes at all", () => {
    const act = withRules(rule("impersonate:associated-node", "authentication.k8s.io", "nodes", { resourceNames: ["*"] }), rule("impersonate-on:associated-node:list", "", "pods"))
    const subject = { name: agent, extra: { "authentication.kubernetes.io/node-name": ["n1"] } }
    expect(act(wanted("system:node:n1"), subject)).toEqual({ name: "system:node:n1", groups: ["system:nodes", "system:authenticated"] })
    expect(act(wanted("system:node:n2"), subject)).toContain("cannot impersonate")
  })
})
