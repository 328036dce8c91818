/** Which pods wait for a node, sorted by what they ask for, so that one refusal counts for all of a kind. */
import type { ReconcileRequest } from "@fairlead/controller"
import type { Pod } from "@fairlead/kube"
import { classOf, demandOf, type PodDemand } from "./podDemand.ts"

/** Pods that ask for the same. */
export interface PodClass {
  readonly key: string
  readonly demand: PodDemand
  readonly priority: number
  /** Why nothing of this class fits now; `undefined` when that is not known. */
  refusal: string | undefined
  /** Refused pods by uid, the oldest first. */
  readonly refused: Map<string, ReconcileRequest>
  pods: number
}

/** Keeps the classes of all pods that are known. */
export class PodClasses {
  readonly #classes = new Map<string, PodClass>()

  /** Counts a pod in. Every `join` needs a `leave`. */
  join(pod: Pod, isSociable: boolean): PodClass {
    const key = classOf(pod, isSociable)
    let found = this.#classes.get(key)
    if (found === undefined) {
      found = { key, demand: demandOf(pod), priority: pod.spec?.priority ?? 0, refusal: undefined, refused: new Map(), pods: 0 }
      this.#classes.set(key, found)
    }
    found.pods++
    return found
  }

  leave(it: PodClass): void {
    if (--it.pods === 0) this.#classes.delete(it.key)
  }

  /** True when there are pods of a lower priority, so that somebody could be made to leave. */
  hasLesser(priority: number): boolean {
    for (const it of this.#classes.values()) if (it.priority < priority) return true
    return false
  }

  /** Something has become free: every refusal is open again. Answers the first pod of each class that was refused. */
  reopen(): ReadonlyArray<{ readonly request: ReconcileRequest; readonly priority: number }> {
    const heads: Array<{ request: ReconcileRequest; priority: number }> = []
    for (const it of this.#classes.values()) {
      if (it.refusal === undefined) continue
      it.refusal = undefined
      const [head] = it.refused.values()
      if (head !== undefined) heads.push({ request: head, priority: it.priority })
    }
    return heads
  }
}
