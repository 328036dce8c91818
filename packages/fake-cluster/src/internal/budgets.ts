/** Disruption budgets as those see them who want to have pods deleted. Pure. */
import type { KubeObject, Pod, Selector } from "@fairlead/kube"
import { matcher } from "./podClaims.ts"

/** The part of a disruption budget that says who is protected and how far. */
export interface Budget extends KubeObject {
  readonly spec?: { readonly selector?: Selector.LabelSelectorObject }
  readonly status?: { readonly disruptionsAllowed?: number; readonly disruptedPods?: { readonly [name: string]: string } }
}

/** True when deleting the pod, after those, would break one of its budgets. */
export const violates = (budgets: ReadonlyArray<Budget>, pod: Pod, before: ReadonlyArray<Pod>): boolean =>
  budgets.some((budget) => {
    if (budget.metadata.namespace !== pod.metadata.namespace || !matcher(budget.spec?.selector)(pod.metadata.labels)) return false
    if (budget.status?.disruptedPods?.[pod.metadata.name!] !== undefined) return false
    const others = before.filter((it) => it.metadata.namespace === budget.metadata.namespace && matcher(budget.spec?.selector)(it.metadata.labels))
    return others.length + 1 > (budget.status?.disruptionsAllowed ?? 0)
  })
