/** Pods take overhead and placement over from their runtime class (admission plugin RuntimeClass). */
import { jsonEqual, type KubeObject, type PodSpec } from "@fairlead/kube"
import { field } from "../Draft.ts"
import type { Call } from "../rest/Call.ts"
import type { Draft } from "../Draft.ts"
import type { Admit, Validate } from "./Admission.ts"
import { isPodCreate, setPodSpec } from "./PodDrafts.ts"
import { refusal } from "./Refusal.ts"

const classes = { group: "node.k8s.io", plural: "runtimeclasses" } as const

type Toleration = NonNullable<PodSpec["tolerations"]>[number]

interface RuntimeClass extends KubeObject {
  readonly overhead?: { readonly podFixed?: PodSpec["overhead"] }
  readonly scheduling?: { readonly nodeSelector?: { readonly [key: string]: string }; readonly tolerations?: ReadonlyArray<Toleration> }
}

/** The class that a pod names; refuses one that does not exist. */
const classOf = (call: Call, draft: Draft, name: string | undefined): RuntimeClass | undefined => {
  if (name === undefined) return undefined
  const found = call.server.store.collection(classes).get("", name)
  if (found === undefined) throw refusal(call, draft, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`)
  return found as RuntimeClass
}

const otherOverhead = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"

const isGiven = (overhead: PodSpec["overhead"]): boolean => Object.keys(overhead ?? {}).length > 0

/** Checks the class and takes over what it says. */
export const admitRuntimeClass: Admit = (call, operation, draft) => {
  if (!isPodCreate(call, operation)) return
  const spec = field<PodSpec>(draft, "spec")
  const found = classOf(call, draft, spec?.runtimeClassName)
  if (spec === undefined || found === undefined) return
  const { overhead, scheduling } = found
  if (overhead !== undefined && isGiven(spec.overhead) && !jsonEqual(spec.overhead, overhead.podFixed)) throw refusal(call, draft, otherOverhead)
  const selector = spec.nodeSelector ?? {}
  for (const [key, value] of Object.entries(scheduling?.nodeSelector ?? {})) {
    const own = selector[key]
    if (own === undefined || own === value) continue
    throw refusal(call, draft, `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`)
  }
  const nodeSelector = { ...selector, ...scheduling?.nodeSelector }
  const tolerations = scheduling === undefined ? (spec.tolerations ?? []) : mergeTolerations([...(spec.tolerations ?? []), ...(scheduling.tolerations ?? [])])
  setPodSpec(draft, {
    ...spec,
    ...(overhead?.podFixed === undefined ? {} : { overhead: overhead.podFixed }),
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    ...(tolerations.length === 0 ? {} : { tolerations })
  } as PodSpec)
}

/** Refuses overhead that no class knows of. */
export const validateRuntimeClass: Validate = (call, operation, object) => {
  if (object === undefined || !isPodCreate(call, operation)) return
  const spec = field<PodSpec>(object, "spec")!
  const overhead = classOf(call, object, spec.runtimeClassName)?.overhead
  if (overhead === undefined) {
    if (spec.overhead !== undefined) throw refusal(call, object, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")
  } else if (!jsonEqual(overhead.podFixed, spec.overhead)) throw refusal(call, object, otherOverhead)
}

/** Leaves out those that another one includes; of equal ones the first stays. */
const mergeTolerations = (all: ReadonlyArray<Toleration>): ReadonlyArray<Toleration> => {
  const merged: Array<Toleration> = []
  all.forEach((it, i) => {
    const isKnown = merged.some((other) => includes(other, it))
    if (!isKnown && !all.slice(i + 1).some((other) => !jsonEqual(it, other) && includes(other, it))) merged.push(it)
  })
  return merged
}

const includes = (wide: Toleration, it: Toleration): boolean => {
  if (jsonEqual(wide, it)) return true
  if ((it.key ?? "") !== (wide.key ?? "") && ((wide.key ?? "") !== "" || wide.operator !== "Exists")) return false
  if ((it.effect ?? "") !== (wide.effect ?? "") && (wide.effect ?? "") !== "") return false
  if (wide.effect === "NoExecute" && wide.tolerationSeconds !== undefined && (it.tolerationSeconds ?? Infinity) > wide.tolerationSeconds) return false
  if (wide.operator === "Exists") return true
  return (wide.operator ?? "Equal") === "Equal" && it.operator === "Equal" && (it.value ?? "") === (wide.value ?? "")
}
