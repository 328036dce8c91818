/** Names, labels and owners of launched objects. */
import { Names, TaskAction, type TaskExecutionMetadata } from "@fairlead/core"
import { type KubeObject, KubeResource } from "@fairlead/kube"
import type { KubeObjectPlugin } from "./KubeObjectPlugin.ts"
import type { ObjectRunnerConfig } from "./ObjectRunnerConfig.ts"

/** Says for which launch of the attempt an object was made. */
export const launchAnnotation = TaskAction.annotations.launch

/** The finalizer that `injectFinalizer` puts on objects; Flyte's own name, so that either engine can free them. */
export const objectFinalizer = "flyte/flytek8s"

/**
 * Name of the object of one launch: the attempt's generated name, with `r<launch>` for launches after the first, so that
 * a relaunch never meets the object that it replaces. Longer than `lengthMax` it becomes a hash.
 */
export const objectName = (metadata: TaskExecutionMetadata, launch: number, lengthMax: number | undefined): string => {
  const { generatedName } = metadata.taskExecutionId
  const name = launch === 0 ? generatedName : `${generatedName}r${launch}`
  const short = lengthMax === undefined ? undefined : Names.fixedLengthUniqueId(name, lengthMax)
  return Names.toDns1123Subdomain(short?._tag === "Success" ? short.success : name)
}

/**
 * Gives a built object its identity.
 *
 * Labels and annotations: defaults of the configuration, then the object's own, then the task's, later ones first in
 * right. The managed label and the launch come last: without them the object could not be found again.
 */
export const stamp = <A extends KubeObject>(
  object: A,
  name: string,
  launch: number,
  metadata: TaskExecutionMetadata,
  plugin: Pick<KubeObjectPlugin<A>, "resource">,
  config: ObjectRunnerConfig
): A => ({
  ...object,
  apiVersion: KubeResource.apiVersionOf(plugin.resource),
  kind: plugin.resource.kind,
  metadata: {
    ...object.metadata,
    name,
    namespace: metadata.namespace,
    labels: {
      ...config.defaultLabels,
      ...object.metadata.labels,
      ...metadata.labels,
      [TaskAction.labels.managed]: "true"
    },
    annotations: {
      ...config.defaultAnnotations,
      ...object.metadata.annotations,
      ...metadata.annotations,
      [launchAnnotation]: String(launch)
    },
    ownerReferences: [metadata.ownerReference],
    ...(config.injectFinalizer ? { finalizers: [...(object.metadata.finalizers ?? []), objectFinalizer] } : {})
  }
})

/** True when the object was made for this launch of this TaskAction, and not just has the same name. */
export const isOurs = (object: KubeObject, launch: number, metadata: TaskExecutionMetadata): boolean =>
  object.metadata.annotations?.[launchAnnotation] === String(launch) &&
  (object.metadata.ownerReferences?.some((it) => it.uid === metadata.ownerReference.uid) ?? false)
