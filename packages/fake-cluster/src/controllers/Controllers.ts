/** The controllers of workloads and of what belongs to them, each started by the first object of its kind. */
import { Effect, type Scope } from "effect"
import { KubeResource } from "@fairlead/kube"
import { type ControllerSetting, whenUsed } from "./ControllerSetting.ts"
import * as JobController from "./JobController.ts"

/** Starts to wait for work. */
export const start = Effect.fnUntraced(function*(setting: ControllerSetting): Effect.fn.Return<void, never, Scope.Scope> {
  const whenThere = (resources: ReadonlyArray<KubeResource.KubeResource>, controller: () => Effect.Effect<never>): Effect.Effect<unknown, never, Scope.Scope> =>
    whenUsed(resources.map((it) => setting.follow(it)), Effect.suspend(controller))
  yield* whenThere([KubeResource.jobs], () => JobController.run(setting))
})
