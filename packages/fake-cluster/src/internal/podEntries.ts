/** The pods of a kubelet by their names, and in the order in which they came. */
import { NameMap } from "@fairlead/controller"
import type { Pod } from "@fairlead/kube"
import type { PodEntry } from "./podEntry.ts"

/** An entry stays under the name that its pod had; a pod never changes it. */
export class PodEntries {
  readonly #names = new NameMap<PodEntry>()
  readonly #all = new Set<PodEntry>()

  all(): ReadonlyArray<PodEntry> {
    return Array.from(this.#all)
  }

  get(namespace: string | undefined, name: string): PodEntry | undefined {
    return this.#names.get(namespace, name)
  }

  of({ metadata }: Pod): PodEntry | undefined {
    return this.#names.get(metadata.namespace, metadata.name!)
  }

  add(entry: PodEntry): void {
    const { name, namespace } = entry.record.pod.metadata
    this.#names.set(namespace, name!, entry)
    this.#all.add(entry)
  }

  delete(entry: PodEntry): void {
    const { name, namespace } = entry.record.pod.metadata
    this.#names.delete(namespace, name!)
    this.#all.delete(entry)
  }
}
