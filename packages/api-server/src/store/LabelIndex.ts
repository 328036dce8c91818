/** Finds objects by a label without looking at all of them. */
import type { KubeObject } from "@fairlead/kube"
import type { Entry } from "./Bucket.ts"

/** Entries by the value of one label; keys are indexed from the first time that somebody asks for them. */
export class LabelIndex {
  private readonly keys = new Map<string, Map<string, Set<Entry>>>()

  /** Entries whose label `key` is `value`; `all` gives every entry when the key is asked for the first time. */
  lookup(key: string, value: string, all: () => Iterable<Entry>): ReadonlySet<Entry> {
    let values = this.keys.get(key)
    if (values === undefined) {
      values = new Map()
      this.keys.set(key, values)
      for (const entry of all()) insert(values, entry.object.metadata.labels?.[key], entry)
    }
    return values.get(value) ?? none
  }

  /** Follows a change of `entry` from `previous` to `next`. */
  update(entry: Entry, previous: KubeObject | undefined, next: KubeObject | undefined): void {
    if (this.keys.size === 0) return
    const before = previous?.metadata.labels
    const after = next?.metadata.labels
    if (before === after) return
    for (const [key, values] of this.keys) {
      const old = before?.[key]
      const now = after?.[key]
      if (old === now) continue
      if (old !== undefined) values.get(old)?.delete(entry)
      insert(values, now, entry)
    }
  }
}

const none: ReadonlySet<Entry> = new Set()

const insert = (values: Map<string, Set<Entry>>, value: string | undefined, entry: Entry): void => {
  if (value === undefined) return
  const entries = values.get(value)
  if (entries === undefined) values.set(value, new Set([entry]))
  else entries.add(entry)
}
