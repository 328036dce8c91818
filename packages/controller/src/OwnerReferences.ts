/** Says which object another one belongs to, so that it goes with it. */
import { type KubeObject, KubeResource, type OwnerReference } from "@fairlead/kube"

/** Works with owner references. */
export const OwnerReferences = {
  /**
   * The reference to put into an owned object. As its controller (the default) the owner is woken by `Source.owned`;
   * an object has one controller at most. `blockOwnerDeletion` makes foreground deletion of the owner wait for the object.
   */
  to: (resource: KubeResource.KubeResource, owner: KubeObject, options: { readonly controller?: boolean; readonly blockOwnerDeletion?: boolean } = {}): OwnerReference => {
    const { name, uid } = owner.metadata
    if (name === undefined || uid === undefined) {
      throw new Error(`an owner must be an object that the server has stored, with name and uid, but is ${JSON.stringify(owner.metadata)}`)
    }
    const { blockOwnerDeletion = true, controller = true } = options
    return { apiVersion: KubeResource.apiVersionOf(resource), kind: resource.kind, name, uid, controller, blockOwnerDeletion }
  },

  /** The owner that is the object's controller, if any. */
  controllerOf: (object: KubeObject): OwnerReference | undefined => object.metadata.ownerReferences?.find((it) => it.controller === true),

  /** True when the object belongs to exactly this owner: a namesake made later has another uid. */
  isOwnedBy: (object: KubeObject, owner: KubeObject): boolean =>
    owner.metadata.uid !== undefined && (object.metadata.ownerReferences ?? []).some((it) => it.uid === owner.metadata.uid)
}
