/** Cells of roles, bindings and admission kinds. */
import type { KubeObject } from "@fairlead/kube"
import { age, at, items, name, size, text } from "./CellReaders.ts"
import type { CellReader } from "./Cells.ts"

const subjects = (object: KubeObject, kind: string): string =>
  items(object, "subjects").filter((it) => it["kind"] === kind)
    .map((it) => (kind === "ServiceAccount" ? `${it["namespace"]}/${it["name"]}` : String(it["name"]))).join(", ")

const bindingCells: CellReader = (object, now) => [
  name(object), `${text(object, "roleRef.kind")}/${text(object, "roleRef.name")}`, age(object, now),
  subjects(object, "User"), subjects(object, "Group"), subjects(object, "ServiceAccount")
]

const paramKind = (object: KubeObject): string => {
  const kind = at(object, "spec.paramKind") as { apiVersion?: string; kind?: string } | undefined
  return kind === undefined ? "<unset>" : `${kind.apiVersion}/${kind.kind}`
}

const policyBinding: CellReader = (object, now) => {
  const ref = at(object, "spec.paramRef") as { namespace?: string; name?: string } | undefined
  const param = ref === undefined ? "<unset>" : ref.name === undefined ? "*" : ref.namespace === undefined ? `*/${ref.name}` : `${ref.namespace}/${ref.name}`
  return [name(object), text(object, "spec.policyName"), param, age(object, now)]
}

const webhooks: CellReader = (object, now) => [name(object), size(object, "webhooks"), age(object, now)]

/** Readers by `group/plural`. */
export const accessCells: Readonly<Record<string, CellReader>> = {
  "rbac.authorization.k8s.io/rolebindings": bindingCells,
  "rbac.authorization.k8s.io/clusterrolebindings": bindingCells,
  "admissionregistration.k8s.io/validatingwebhookconfigurations": webhooks,
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": webhooks,
  "admissionregistration.k8s.io/validatingadmissionpolicies": (object, now) => [name(object), size(object, "spec.validations"), paramKind(object), age(object, now)],
  "admissionregistration.k8s.io/mutatingadmissionpolicies": (object, now) => [name(object), size(object, "spec.mutations"), paramKind(object), age(object, now)],
  "admissionregistration.k8s.io/validatingadmissionpolicybindings": policyBinding,
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings": policyBinding
}
