/** Lets pods stay on a failing node for five minutes (admission plugin DefaultTolerationSeconds). */
import type { PodSpec } from "@fairlead/kube"
import { field } from "../Draft.ts"
import type { Admit } from "./Admission.ts"
import { isPod, setPodSpec } from "./PodDrafts.ts"

type Toleration = NonNullable<PodSpec["tolerations"]>[number]

const toleration = (key: string): Toleration => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 })

const notReady = toleration("node.kubernetes.io/not-ready")
const unreachable = toleration("node.kubernetes.io/unreachable")

/** Adds the tolerations that the pod does not have. */
export const admitTolerations: Admit = (call, operation, draft) => {
  if (!isPod(call) || operation === "delete") return
  const spec = field<PodSpec>(draft, "spec")
  if (spec === undefined) return
  const present = spec.tolerations ?? []
  const missing = [notReady, unreachable].filter((wanted) => !present.some((it) => covers(it, wanted)))
  if (missing.length > 0) setPodSpec(draft, { ...spec, tolerations: [...present, ...missing] })
}

const covers = ({ key = "", effect = "" }: Toleration, wanted: Toleration): boolean =>
  (key === wanted.key || key === "") && (effect === wanted.effect || effect === "")
