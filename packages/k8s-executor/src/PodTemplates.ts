/** Where PodTemplates are found by name. */
import type { PodTemplate } from "@fairlead/kube"
import type { ObjectStore } from "./ObjectReader.ts"

/** PodTemplates of the cluster, from a cache. Templates are shared and must not be changed. */
export interface PodTemplates {
  /** False until the cache has seen all templates: what is missing before may only be unknown yet. */
  readonly ready: () => boolean
  /** The template of this name in the task's namespace, else in the platform's own. */
  readonly find: (namespace: string, name: string) => PodTemplate | undefined
}

/** No templates at all. */
export const noPodTemplates: PodTemplates = { ready: () => true, find: () => undefined }

/** Finds templates in a store, first in the task's namespace, then in `defaultNamespace`. */
export const podTemplatesFromStore = (store: ObjectStore, defaultNamespace: string, ready: () => boolean = () => true): PodTemplates => ({
  ready,
  find: (namespace, name) => (store.get(namespace, name) ?? store.get(defaultNamespace, name)) as PodTemplate | undefined
})
