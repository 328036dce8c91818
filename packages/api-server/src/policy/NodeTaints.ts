/** New nodes take no pods until they are ready (admission plugin TaintNodesByCondition). */
import type { Node } from "@fairlead/kube"
import { field } from "../Draft.ts"
import type { Admit } from "./Admission.ts"

const notReady = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }

/** Adds the taint to a new node. */
export const admitNodeTaints: Admit = ({ resource, request }, operation, draft) => {
  if (operation !== "create" || resource.plural !== "nodes" || resource.group !== "" || request.subresource !== undefined) return
  const spec = field<NonNullable<Node["spec"]>>(draft, "spec") ?? {}
  const taints = spec.taints ?? []
  if (taints.some(({ key, effect }) => key === notReady.key && effect === notReady.effect)) return
  draft["spec"] = { ...spec, taints: [...taints, notReady] }
}
