/** Where launched objects are looked up without asking the API server. */
import type { KubeObject, KubeResource } from "@fairlead/kube"
import { Context, Layer } from "effect"

/** Anything that answers by namespace and name from memory, such as the store of an informer. */
export interface ObjectStore {
  readonly get: (namespace: string | undefined, name: string) => KubeObject | undefined
}

/**
 * Cached reads of objects. A cache may lag behind: whoever finds nothing in it asks the API server before believing
 * that there is nothing.
 */
export class ObjectReader extends Context.Service<ObjectReader, {
  /** True when objects of this kind are cached at all; if not, every look is a live read. */
  readonly covers: (resource: KubeResource.KubeResource) => boolean
  readonly get: (resource: KubeResource.KubeResource, namespace: string, name: string) => KubeObject | undefined
}>()("@fairlead/k8s-executor/ObjectReader") {
  /** Caches nothing. */
  static readonly layerLive: Layer.Layer<ObjectReader> = Layer.succeed(ObjectReader, {
    covers: () => false,
    get: () => undefined
  })

  /** Reads each kind from the store given for it; kinds without a store are read live. */
  static readonly layerStores = (stores: ReadonlyArray<readonly [KubeResource.KubeResource, ObjectStore]>): Layer.Layer<ObjectReader> => {
    // Kinds are few and asked for all the time.
    const byResource = new WeakMap<KubeResource.KubeResource, ObjectStore>()
    const storeOf = (resource: KubeResource.KubeResource): ObjectStore | undefined => {
      const known = byResource.get(resource)
      if (known !== undefined) return known
      const found = stores.findLast(([it]) => it.plural === resource.plural && it.group === resource.group)?.[1]
      if (found !== undefined) byResource.set(resource, found)
      return found
    }
    return Layer.succeed(ObjectReader, {
      covers: (resource) => storeOf(resource) !== undefined,
      get: (resource, namespace, name) => storeOf(resource)?.get(namespace, name)
    })
  }
}
