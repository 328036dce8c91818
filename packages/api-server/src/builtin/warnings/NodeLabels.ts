/** Labels of nodes that have been given new names. */
import { labelValueErrors } from "../../internal/nameRules.ts"
import { items, text, texts } from "../validation/Check.ts"
import type { Fields } from "../Sharing.ts"

const deprecated: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
  "beta.kubernetes.io/os": "deprecated since v1.14; use \"kubernetes.io/os\" instead",
  "failure-domain.beta.kubernetes.io/region": "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
  "failure-domain.beta.kubernetes.io/zone": "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
  "beta.kubernetes.io/instance-type": "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
  "app.kubernetes.io/created-by": "deprecated since v1.9",
  "scheduler.alpha.kubernetes.io/preferAvoidPods": "deprecated since v1.22; use Taints and Tolerations instead",
  "node-role.kubernetes.io/master": "use \"node-role.kubernetes.io/control-plane\" instead"
}

/** What to say about a label; `undefined` for labels that are in use. */
export const deprecatedLabel = (key: string): string | undefined => (Object.hasOwn(deprecated, key) ? deprecated[key] : undefined)

/** Warnings for a term that selects nodes. */
export const termWarnings = (field: string, term: Fields | undefined, checksValues: boolean): ReadonlyArray<string> =>
  items(term?.["matchExpressions"]).flatMap((expression, i) => {
    const key = text(expression, "key")
    const about = deprecatedLabel(key)
    const values = checksValues ? texts(expression["values"]) : []
    return [
      ...(about === undefined ? [] : [`${field}.matchExpressions[${i}].key: ${key} is ${about}`]),
      ...values.flatMap((value, j) => labelValueErrors(value).map((error) => `${field}.matchExpressions[${i}].values[${j}]: ${value} is invalid, ${error}`))
    ]
  })
