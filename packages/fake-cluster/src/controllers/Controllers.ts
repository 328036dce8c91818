/** The controllers of workloads and of what belongs to them, each started by the first object of its kind. */
import { Effect, type Scope } from "effect"
import { type ClusterRole, KubeResource, type Secret } from "@fairlead/kube"
import { type ControllerSetting, whenUsed } from "./ControllerSetting.ts"
import * as ClusterRoleController from "./ClusterRoleController.ts"
import * as CronJobController from "./CronJobController.ts"
import * as DaemonSetController from "./DaemonSetController.ts"
import * as DeploymentController from "./DeploymentController.ts"
import * as EndpointsController from "./EndpointsController.ts"
import * as JobController from "./JobController.ts"
import * as ReplicaSetController from "./ReplicaSetController.ts"
import * as SliceMirrorController from "./SliceMirrorController.ts"
import * as StatefulSetController from "./StatefulSetController.ts"
import * as TokenController from "./TokenController.ts"
import * as TtlController from "./TtlController.ts"
import * as VolumeController from "./VolumeController.ts"

/** Starts to wait for work. */
export const start = Effect.fnUntraced(function*(setting: ControllerSetting, rootCertificate: string): Effect.fn.Return<void, never, Scope.Scope> {
  const whenThere = (resources: ReadonlyArray<KubeResource.KubeResource>, controller: () => Effect.Effect<never>): Effect.Effect<unknown, never, Scope.Scope> =>
    whenUsed(resources.map((it) => setting.follow(it)), Effect.suspend(controller))
  yield* whenThere([KubeResource.deployments], () => DeploymentController.run(setting))
  yield* whenThere([KubeResource.replicaSets], () => ReplicaSetController.run(setting))
  yield* whenThere([KubeResource.replicationControllers], () => ReplicaSetController.run(setting, "ReplicationController"))
  yield* whenThere([KubeResource.statefulSets], () => StatefulSetController.run(setting))
  yield* whenThere([KubeResource.daemonSets], () => DaemonSetController.run(setting))
  yield* whenThere([KubeResource.cronJobs], () => CronJobController.run(setting))
  yield* whenThere([KubeResource.jobs], () => JobController.run(setting))
  yield* whenThere([KubeResource.jobs], () => TtlController.run(setting))
  yield* whenThere([KubeResource.services], () => EndpointsController.run(setting))
  yield* whenThere([KubeResource.endpoints], () => SliceMirrorController.run(setting))
  yield* whenThere([KubeResource.persistentVolumeClaims, KubeResource.persistentVolumes], () => VolumeController.run(setting))
  const secrets = setting.follow<Secret>(KubeResource.secrets)
  yield* whenUsed([secrets], Effect.suspend(() => TokenController.run(setting, rootCertificate)), () => secrets.store.list().some((it) => it.type === TokenController.tokenSecretType))
  const roles = setting.follow<ClusterRole>(KubeResource.clusterRoles)
  yield* whenUsed([roles], Effect.suspend(() => ClusterRoleController.run(setting)), () => roles.store.list().some((it) => it.aggregationRule !== undefined))
})
