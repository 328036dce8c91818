/** Gathers the rules of cluster roles that are made of others. */
import { Controller, Result, Source } from "@fairlead/controller"
import { type ClusterRole, jsonEqual, KubeResource } from "@fairlead/kube"
import { Effect } from "effect"
import { matcher } from "../internal/podClaims.ts"
import { unlessGone } from "../internal/unlessGone.ts"
import { type ControllerSetting, queue } from "./ControllerSetting.ts"

type Rules = Exclude<ClusterRole["rules"], undefined>

/** The rules of all other roles that the selectors name, each once, in the order of the roles' names. */
const gather = (role: ClusterRole, roles: ReadonlyArray<ClusterRole>): Rules => {
  const sorted = [...roles].sort((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1))
  const rules: Array<Rules[number]> = []
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const matches = matcher(selector)
    for (const other of sorted) {
      if (other.metadata.name === role.metadata.name || !matches(other.metadata.labels)) continue
      for (const rule of other.rules ?? []) if (!rules.some((it) => jsonEqual(it, rule))) rules.push(rule)
    }
  }
  return rules
}

/** Runs until interrupted. */
export const run = (setting: ControllerSetting): Effect.Effect<never> => {
  const roles = setting.follow<ClusterRole>(KubeResource.clusterRoles)
  const made = () => roles.store.list().filter((it) => it.aggregationRule !== undefined).map(({ metadata }) => ({ name: metadata.name! }))
  return Controller.run({
    name: "clusterrole-aggregation",
    workers: 1,
    shutdownTimeout: 0,
    queue,
    sources: [Source.mapped(roles, made)],
    reconcile: ({ name }) => {
      const role = roles.store.get(undefined, name)
      if (role?.aggregationRule === undefined) return Effect.succeed(Result.done)
      const rules = gather(role, roles.store.list())
      if (jsonEqual(role.rules ?? [], rules)) return Effect.succeed(Result.done)
      return Effect.as(unlessGone(setting.client.update<ClusterRole>(KubeResource.clusterRoles, { ...role, rules })), Result.done)
    }
  })
}
