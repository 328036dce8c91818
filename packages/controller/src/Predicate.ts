/** Decides which changes are worth a reconcile. */
import { jsonEqual, type KubeObject } from "@fairlead/kube"
import type { Change } from "./Store.ts"

/** True for a change that is worth a reconcile. Must be pure and quick. */
export type Predicate<A extends KubeObject = KubeObject> = (change: Change<A>) => boolean

/** Passes what is added and deleted, and updates for which `same` says no. */
const unlessSame = (same: (before: KubeObject, after: KubeObject) => boolean): Predicate<KubeObject> => ({ object, previous, type }) =>
  type !== "Updated" || previous === undefined || !same(previous, object)

/** Ready-made predicates and ways to combine them. All of the ready-made ones pass additions and deletions. */
export const Predicate = {
  /** What the object asks for has changed; changes of its status and its metadata are passed over. */
  generationChanged: unlessSame((a, b) => a.metadata.generation === b.metadata.generation),
  /** Anything has changed: passes over what a resync repeats. */
  resourceVersionChanged: unlessSame((a, b) => a.metadata.resourceVersion === b.metadata.resourceVersion),
  labelsChanged: unlessSame((a, b) => jsonEqual(a.metadata.labels ?? {}, b.metadata.labels ?? {})),
  annotationsChanged: unlessSame((a, b) => jsonEqual(a.metadata.annotations ?? {}, b.metadata.annotations ?? {})),
  finalizersChanged: unlessSame((a, b) => jsonEqual(a.metadata.finalizers ?? [], b.metadata.finalizers ?? [])),
  /** Deletion was asked for. Combine with `generationChanged` for kinds whose generation does not count that. */
  deletionRequested: unlessSame((a, b) => a.metadata.deletionTimestamp === b.metadata.deletionTimestamp),
  /** The value that `select` reads has changed, compared by `===`. */
  changed: <A extends KubeObject>(select: (object: A) => unknown): Predicate<A> => ({ object, previous, type }) =>
    type !== "Updated" || previous === undefined || select(previous) !== select(object),
  and: <A extends KubeObject>(...all: ReadonlyArray<Predicate<A>>): Predicate<A> => (change) => all.every((it) => it(change)),
  or: <A extends KubeObject>(...all: ReadonlyArray<Predicate<A>>): Predicate<A> => (change) => all.some((it) => it(change)),
  not: <A extends KubeObject>(predicate: Predicate<A>): Predicate<A> => (change) => !predicate(change)
}
