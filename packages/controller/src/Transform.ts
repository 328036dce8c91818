/** What an informer keeps of an object: less to keep means more objects in the same memory. */
import type { KubeObject } from "@fairlead/kube"

/**
 * Turns an object from the cluster into the one that the store keeps. Must not mutate, and must leave name, namespace
 * and resourceVersion as they are. An object for which it throws is parked and reported, and harms no other.
 */
export type Transform<A extends KubeObject> = (object: KubeObject) => A

/** Ready-made transforms. */
export const Transform = {
  /** Keeps everything but `managedFields`, a quarter of a typical pod. This is what informers do when told nothing. */
  dropManagedFields: <A extends KubeObject>(object: KubeObject): A => {
    if (object.metadata.managedFields === undefined) return object as A
    const { managedFields: _, ...metadata } = object.metadata
    return { ...object, metadata } as KubeObject as A
  },

  /** Keeps the header and `metadata` without `managedFields`: enough for keys, labels and owners. */
  metadataOnly: (object: KubeObject): KubeObject => {
    const { managedFields: _, ...metadata } = object.metadata
    return {
      ...(object.apiVersion === undefined ? {} : { apiVersion: object.apiVersion }),
      ...(object.kind === undefined ? {} : { kind: object.kind }),
      metadata
    }
  },

  /** Keeps everything, and freezes it through and through, so that a test finds whoever mutates a shared object. */
  frozen: <A extends KubeObject>(object: KubeObject): A => freeze(object) as A
}

const freeze = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const key of Object.keys(value)) freeze((value as { [key: string]: unknown })[key])
  return value
}
