/** Shows a collection as it was at an earlier version, by undoing what happened since. */
import type { KubeObject } from "@fairlead/kube"
import { byKeyOrder, type Collection } from "./Collection.ts"

/** Objects in key order as of `revision`, which must not be compacted; of one namespace, or of all with `""`. */
export const snapshotAt = (collection: Collection, namespace: string, revision: number): ReadonlyArray<KubeObject> => {
  const current = collection.list(namespace)
  const events = collection.history.after(revision)
  if (events.length === 0) return current
  const undone = new Map<string, KubeObject | undefined>()
  for (const event of events) {
    if (namespace !== "" && event.namespace !== namespace) continue
    const key = `${event.namespace}/${event.name}`
    if (!undone.has(key)) undone.set(key, event.previous)
  }
  if (undone.size === 0) return current
  const kept: Array<KubeObject> = []
  for (const object of current) {
    const key = keyOf(object)
    if (!undone.has(key)) kept.push(object)
    else {
      const before = undone.get(key)
      if (before !== undefined) kept.push(before)
      undone.delete(key)
    }
  }
  const returned = [...undone.values()].filter((object) => object !== undefined)
  return returned.length === 0 ? kept : [...kept, ...returned].sort((a, b) => byKeyOrder(placeOf(a), placeOf(b)))
}

const placeOf = ({ metadata: { namespace = "", name = "" } }: KubeObject): { namespace: string; name: string } => ({ namespace, name })

const keyOf = (object: KubeObject): string => `${object.metadata.namespace ?? ""}/${object.metadata.name}`
