import { type ClusterRole, KubeClient, KubeResource } from "@fairlead/kube"
import { Effect } from "effect"
import { expect, it } from "vitest"
import { find, simulate } from "./world.ts"

const create = (name: string, more: Partial<ClusterRole>, labels: { readonly [key: string]: string } = {}) =>
  Effect.flatMap(KubeClient, (client) => client.create<ClusterRole>(KubeResource.clusterRoles, {
    apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name, labels }, ...more
  }))
const rule = (resource: string) => ({ apiGroups: [""], resources: [resource], verbs: ["get"] })

it("a cluster role that is made of others has their rules, each once", () => {
  simulate(Effect.gen(function*() {
    const parts = { part: "yes" }
    yield* create("whole", { aggregationRule: { clusterRoleSelectors: [{ matchLabels: parts }] } })
    yield* create("b", { rules: [rule("pods"), rule("secrets")] }, parts)
    yield* create("a", { rules: [rule("pods")] }, parts)
    yield* create("c", { rules: [rule("nodes")] })
    yield* Effect.sleep("1 second")
    expect((yield* find<ClusterRole>(KubeResource.clusterRoles, "whole"))?.rules).toEqual([rule("pods"), rule("secrets")])
  }))
})
