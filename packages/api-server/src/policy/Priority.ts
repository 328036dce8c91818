/** Resolves the priority of pods from their class (admission plugin Priority). */
import type { KubeObject, PodSpec } from "@fairlead/kube"
import { type Draft, field } from "../Draft.ts"
import type { Call } from "../rest/Call.ts"
import type { Admit, Validate } from "./Admission.ts"
import { isPod, setPodSpec } from "./PodDrafts.ts"
import { refusal } from "./Refusal.ts"

interface PriorityClass extends KubeObject {
  readonly value: number
  readonly globalDefault?: boolean
  readonly preemptionPolicy?: string
}

const classes = { group: "scheduling.k8s.io", plural: "priorityclasses" } as const

/** Sets `priority` and `preemptionPolicy`; refuses values of the client's own. */
export const admitPriority: Admit = (call, operation, draft, previous) => {
  if (!isPod(call) || operation === "delete") return
  const spec = field<PodSpec>(draft, "spec")
  if (spec === undefined) return
  if (operation === "update") return keepPriority(draft, spec, previous!)
  const found = classOf(call, spec, draft)
  const value = found?.value ?? 0
  const policy = found?.preemptionPolicy ?? "PreemptLowerPriority"
  const refuse = (why: string): never => {
    throw refusal(call, draft, `${why} from the given PriorityClass name`)
  }
  if (spec.priority !== undefined && spec.priority !== value) {
    refuse(`the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value}`)
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    refuse(`the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy}`)
  }
  const named = found === undefined ? spec : { ...spec, priorityClassName: found.metadata.name! }
  setPodSpec(draft, { ...named, priority: value, preemptionPolicy: policy })
}

const keepPriority = (draft: Draft, spec: PodSpec, previous: KubeObject): void => {
  const old = field<PodSpec>(previous, "spec")
  const { priority, preemptionPolicy } = spec
  if (priority !== undefined && preemptionPolicy !== undefined) return
  const kept = { priority: priority ?? old?.priority, preemptionPolicy: preemptionPolicy ?? old?.preemptionPolicy }
  setPodSpec(draft, { ...spec, ...dropUndefined(kept) } as PodSpec)
}

const dropUndefined = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

/** The class that the pod names, or else the one that is the default of the cluster. */
const classOf = (call: Call, spec: PodSpec, draft: Draft): PriorityClass | undefined => {
  const collection = call.server.store.collection(classes)
  const name = spec.priorityClassName
  if (name !== undefined && name !== "") {
    const found = collection.get("", name) as PriorityClass | undefined
    if (found === undefined) throw refusal(call, draft, `no PriorityClass with name ${name} was found`)
    return found
  }
  if (collection.size === 0) return undefined
  return defaultClass(call)
}

/** The class that is the default of the cluster. */
const defaultClass = ({ server }: Call): PriorityClass | undefined => {
  const defaults = (server.store.collection(classes).list("") as ReadonlyArray<PriorityClass>).filter((it) => it.globalDefault === true)
  return defaults.reduce<PriorityClass | undefined>((least, it) => (least === undefined || it.value < least.value ? it : least), undefined)
}

/** There is one default class at most. */
export const validatePriorityClass: Validate = (call, operation, object) => {
  if (operation === "delete" || call.resource.plural !== classes.plural || call.resource.group !== classes.group) return
  if (field<boolean>(object!, "globalDefault") !== true) return
  const found = defaultClass(call)
  if (found === undefined || (operation === "update" && found.metadata.name === object!.metadata.name)) return
  throw refusal(call, object!, `PriorityClass ${found.metadata.name} is already marked as default. Only one default can exist`)
}
