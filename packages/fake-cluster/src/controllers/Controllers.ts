/** The controllers of workloads and of what belongs to them, each started by the first object of its kind. */
import { Effect, type Scope } from "effect"
import { type ClusterRole, KubeResource } from "@fairlead/kube"
import { type ControllerSetting, whenUsed } from "./ControllerSetting.ts"
import * as ClusterRoleController from "./ClusterRoleController.ts"
import * as CronJobController from "./CronJobController.ts"
import * as DaemonSetController from "./DaemonSetController.ts"
import * as DeploymentController from "./DeploymentController.ts"
import * as EndpointsController from "./EndpointsController.ts"
import * as JobController from "./JobController.ts"
import * as ReplicaSetController from "./ReplicaSetController.ts"
import * as StatefulSetController from "./StatefulSetController.ts"
import * as TtlController from "./TtlController.ts"
import * as VolumeController from "./VolumeController.ts"

/** Starts to wait for work. */
export const start = Effect.fnUntraced(function*(setting: ControllerSetting): Effect.fn.Return<void, never, Scope.Scope> {
  const whenThere = (resources: ReadonlyArray<KubeResource.KubeResource>, controller: () => Effect.Effect<never>): Effect.Effect<unknown, never, Scope.Scope> =>
    whenUsed(resources.map((it) => setting.follow(it)), Effect.suspend(controller))
  yield* whenThere([KubeResource.deployments], () => DeploymentController.run(setting))
  yield* whenThere([KubeResource.replicaSets], () => ReplicaSetController.run(setting))
  yield* whenThere([KubeResource.statefulSets], () => StatefulSetController.run(setting))
  yield* whenThere([KubeResource.daemonSets], () => DaemonSetController.run(setting))
  yield* whenThere([KubeResource.cronJobs], () => CronJobController.run(setting))
  yield* whenThere([KubeResource.jobs], () => JobController.run(setting))
  yield* whenThere([KubeResource.jobs], () => TtlController.run(setting))
  yield* whenThere([KubeResource.services], () => EndpointsController.run(setting))
  yield* whenThere([KubeResource.persistentVolumeClaims, KubeResource.persistentVolumes], () => VolumeController.run(setting))
  const roles = setting.follow<ClusterRole>(KubeResource.clusterRoles)
  yield* whenUsed([roles], Effect.suspend(() => ClusterRoleController.run(setting)), () => roles.store.list().some((it) => it.aggregationRule !== undefined))
})
