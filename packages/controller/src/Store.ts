/** The local copy of the objects that an informer follows. */
import type { KubeObject } from "@fairlead/kube"

/**
 * What happened to one object of a store.
 *
 * `previous` is the object as the store held it before; it is absent for `Added`. For `Deleted`, `object` is the last
 * state that is known. `initial` marks objects that were there before somebody looked: those of the first list, and
 * those that are replayed to a late subscriber.
 */
export interface Change<A extends KubeObject = KubeObject> {
  readonly type: "Added" | "Updated" | "Deleted"
  readonly object: A
  readonly previous?: A | undefined
  readonly initial?: boolean | undefined
}

/** Index name → values under which an object is to be found. Must be pure. */
export type Indexes<A extends KubeObject> = { readonly [index: string]: (object: A) => ReadonlyArray<string> }

/**
 * Reads the objects that an informer has seen.
 *
 * Guarantees: objects are shared and immutable, so the same state is the same reference; `list` and `byIndex` are in
 * the order in which objects were first seen; a relist replaces everything at once, readers never see half of it.
 */
export interface Store<A extends KubeObject = KubeObject> {
  /** The object, or `undefined`. `namespace` is `undefined` for cluster-scoped kinds. */
  readonly get: (namespace: string | undefined, name: string) => A | undefined
  /** The object under a `namespace/name` key. */
  readonly getByKey: (key: string) => A | undefined
  /** All objects. */
  readonly list: () => ReadonlyArray<A>
  /** The objects that `index` files under `value`. Dies for an index that the informer was not given. */
  readonly byIndex: (index: string, value: string) => ReadonlyArray<A>
  readonly size: number
  /** The newest resource version that the store is known to show; `undefined` before the first list. */
  readonly version: string | undefined
  /** True while the store shows something newer than `version`, which was read past the watch. */
  readonly isAhead: boolean
}
