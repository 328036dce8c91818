/** Which labels and taints of nodes a pod accepts. */
import type { Node, PodSpec } from "@fairlead/kube"

type Taint = Exclude<Exclude<Node["spec"], undefined>["taints"], undefined>[number]
type Toleration = Exclude<PodSpec["tolerations"], undefined>[number]
type NodeAffinity = Exclude<Exclude<PodSpec["affinity"], undefined>["nodeAffinity"], undefined>
type SelectorTerm = Exclude<NodeAffinity["requiredDuringSchedulingIgnoredDuringExecution"], undefined>["nodeSelectorTerms"][number]
type Requirement = Exclude<SelectorTerm["matchExpressions"], undefined>[number]

/** True when the toleration covers the taint. */
export const tolerates = (toleration: Toleration, taint: Taint): boolean => {
  if (toleration.effect !== undefined && toleration.effect !== "" && toleration.effect !== taint.effect) return false
  if (toleration.key === undefined || toleration.key === "") return toleration.operator === "Exists"
  if (toleration.key !== taint.key) return false
  return toleration.operator === "Exists" || (toleration.value ?? "") === (taint.value ?? "")
}

/** The first taint that keeps the pod away. */
export const untolerated = (spec: PodSpec, taints: ReadonlyArray<Taint>): Taint | undefined =>
  taints.find((taint) => taint.effect !== "PreferNoSchedule" && !(spec.tolerations ?? []).some((it) => tolerates(it, taint)))

/** How many taints ask softly to stay away. */
export const softTaints = (spec: PodSpec, taints: ReadonlyArray<Taint>): number =>
  taints.filter((taint) => taint.effect === "PreferNoSchedule" && !(spec.tolerations ?? []).some((it) => tolerates(it, taint))).length

/** True when the node has what `nodeSelector` and the required node affinity ask for. */
export const matchesNode = (spec: PodSpec, node: Node): boolean => {
  const labels = node.metadata.labels ?? {}
  if (spec.nodeSelector !== undefined) {
    for (const key of Object.keys(spec.nodeSelector)) if (labels[key] !== spec.nodeSelector[key]) return false
  }
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node))
}

/** Sum of the weights of the preferred terms that the node meets. */
export const preference = (spec: PodSpec, node: Node): number =>
  (spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
    .reduce((sum, it) => sum + (matchesTerm(it.preference, node) ? it.weight : 0), 0)

/** An empty term matches nothing. */
const matchesTerm = (term: SelectorTerm, node: Node): boolean => {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length + fields.length === 0) return false
  const labels = node.metadata.labels ?? {}
  return expressions.every((it) => meets(it, labels[it.key])) && fields.every((it) => meets(it, it.key === "metadata.name" ? node.metadata.name : undefined))
}

const meets = (requirement: Requirement, value: string | undefined): boolean => {
  const values = requirement.values ?? []
  switch (requirement.operator) {
    case "In":
      return value !== undefined && values.includes(value)
    case "NotIn":
      return value === undefined || !values.includes(value)
    case "Exists":
      return value !== undefined
    case "DoesNotExist":
      return value === undefined
    case "Gt":
      return compares(value, values[0], (a, b) => a > b)
    case "Lt":
      return compares(value, values[0], (a, b) => a < b)
    default:
      return false
  }
}

const compares = (value: string | undefined, bound: string | undefined, holds: (a: number, b: number) => boolean): boolean =>
  value !== undefined && bound !== undefined && /^-?\d+$/.test(value) && /^-?\d+$/.test(bound) && holds(Number(value), Number(bound))
