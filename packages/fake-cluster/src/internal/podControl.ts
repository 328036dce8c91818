/** Makes and deletes pods for the objects that look after them, and says so in events. */
import { KubeClient, KubeError, type KubeObject, KubeResource, type ObjectMeta, type Pod, type PodTemplateSpec } from "@fairlead/kube"
import { OwnerReferences } from "@fairlead/controller"
import { Effect } from "effect"
import type { Tell } from "./coreEvents.ts"

/** One controller's hand on pods. */
export interface PodControl {
  readonly client: KubeClient["Service"]
  readonly tell: Tell
  /** Kind of the owners. */
  readonly resource: KubeResource.KubeResource
}

/** A pod as its template asks for it, owned by `owner`. */
export const podFromTemplate = (resource: KubeResource.KubeResource, owner: KubeObject, template: PodTemplateSpec, more: Partial<ObjectMeta> = {}): Pod => {
  const { annotations, finalizers, labels } = (template.metadata ?? {}) as Partial<ObjectMeta>
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${owner.metadata.name}-`,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ...more,
      namespace: owner.metadata.namespace!,
      ownerReferences: [OwnerReferences.to(resource, owner)]
    },
    spec: template.spec!
  }
}

/** Creates the pod. In a namespace that is going away that is no use, and no failure either. */
export const createPod = (control: PodControl, owner: KubeObject, pod: Pod): Effect.Effect<Pod | undefined, KubeError.KubeError> =>
  Effect.matchEffect(control.client.create<Pod>(KubeResource.pods, pod), {
    onSuccess: (created) => Effect.as(control.tell(control.resource, owner, "Normal", "SuccessfulCreate", `Created pod: ${created.metadata.name}`), created),
    onFailure: (error) =>
      isNamespaceTerminating(error)
        ? Effect.undefined
        : Effect.andThen(control.tell(control.resource, owner, "Warning", "FailedCreate", `Error creating: ${statusText(error)}`), error)
  })

/** Deletes the pod; one that is gone is deleted. */
export const deletePod = (control: PodControl, owner: KubeObject, pod: Pod): Effect.Effect<void, KubeError.KubeError> => {
  const { name, namespace } = pod.metadata
  return Effect.matchEffect(control.client.delete(KubeResource.pods, { namespace, name: name! }), {
    onSuccess: () => control.tell(control.resource, owner, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`),
    onFailure: (error) =>
      error.reason._tag === "NotFound"
        ? Effect.void
        : Effect.andThen(control.tell(control.resource, owner, "Warning", "FailedDelete", `Error deleting: ${statusText(error)}`), error)
  })
}

/** What the server said. */
export const statusText = (error: KubeError.KubeError): string => ("status" in error.reason ? (error.reason.status.message ?? error.message) : error.message)

const isNamespaceTerminating = (error: KubeError.KubeError): boolean =>
  "status" in error.reason && (error.reason.status.details?.causes ?? []).some((it) => it.reason === "NamespaceTerminating")
