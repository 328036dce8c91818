/** Children of an action that failed: nobody waits for what they make any more. */
import type { Change, Store } from "@fairlead/controller"
import type { TaskAction } from "@fairlead/core"
import { type KubeObject, KubeResource, type OwnerReference } from "@fairlead/kube"
import { terminalCondition } from "./conditions.ts"

type Action = TaskAction.TaskAction & KubeObject

/** Name of the index of actions by the uid of their parent. */
export const byParent = "parent"

const parentReference = (action: KubeObject): OwnerReference | undefined =>
  action.metadata.ownerReferences?.find((it) => it.kind === KubeResource.taskActions.kind && it.apiVersion === KubeResource.apiVersionOf(KubeResource.taskActions))

/** What the index files an action under. */
export const parentUids = (action: KubeObject): ReadonlyArray<string> => {
  const reference = parentReference(action)
  return reference === undefined ? [] : [reference.uid]
}

const hasFailed = (action: Action | undefined): boolean => terminalCondition(action?.status)?.type === "Failed"

/** The parent of an action, if it has failed for good; the very object that the action names, not a later one of the same name. */
export const failedParent = (store: Pick<Store<Action>, "get">, action: TaskAction.TaskAction): Action | undefined => {
  const reference = parentReference(action as KubeObject)
  if (reference === undefined) return undefined
  const parent = store.get(action.metadata.namespace, reference.name)
  return parent?.metadata.uid === reference.uid && hasFailed(parent) ? parent : undefined
}

/** True for the change by which an action failed for good. */
export const failsNow = ({ type, object, previous }: Change<Action>): boolean => type === "Updated" && hasFailed(object) && !hasFailed(previous)
