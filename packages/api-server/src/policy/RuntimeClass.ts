/** Pods may only name runtime classes that exist (admission plugin RuntimeClass). */
import type { KubeObject, PodSpec } from "@fairlead/kube"
import { forbidden } from "../ApiFailure.ts"
import { field } from "../Draft.ts"
import type { Admit } from "./Admission.ts"
import { isPodCreate, setPodSpec } from "./PodDrafts.ts"

const classes = { group: "node.k8s.io", plural: "runtimeclasses" } as const

interface RuntimeClass extends KubeObject {
  readonly overhead?: { readonly podFixed?: PodSpec["overhead"] }
}

/** Checks the class and takes its overhead over. */
export const admitRuntimeClass: Admit = (call, operation, draft) => {
  if (!isPodCreate(call, operation)) return
  const spec = field<PodSpec>(draft, "spec")
  const name = spec?.runtimeClassName
  if (spec === undefined || name === undefined) return
  const found = call.server.store.collection(classes).get("", name) as RuntimeClass | undefined
  if (found === undefined) {
    throw forbidden(call.resource, draft.metadata.name ?? "", `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`)
  }
  const overhead = found.overhead?.podFixed
  if (overhead !== undefined) setPodSpec(draft, { ...spec, overhead } as PodSpec)
}
