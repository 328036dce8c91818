/** Claims grow only where their storage class allows it (admission plugin PersistentVolumeClaimResize). */
import type { KubeObject } from "@fairlead/kube"
import { Quantity } from "@fairlead/kube"
import { type Draft, field } from "../Draft.ts"
import { amountOf, type ResourceList } from "../internal/resourceLists.ts"
import type { Validate } from "./Admission.ts"
import { refusal } from "./Refusal.ts"

const storageClasses = { group: "storage.k8s.io", plural: "storageclasses" } as const
const notResizable = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"

/** Refuses updates that ask for more storage in vain. */
export const validateClaimResize: Validate = (call, operation, object, previous) => {
  const { resource, request, server } = call
  if (operation !== "update" || resource.plural !== "persistentvolumeclaims" || resource.group !== "" || request.subresource !== undefined) return
  if (Quantity.compare(storageOf(object!), storageOf(previous!)) <= 0) return
  if (field<{ phase?: string }>(previous!, "status")?.phase !== "Bound") throw refusal(call, object!, "Only bound persistent volume claims can be expanded")
  const name = classOf(object!)
  const found = name === "" || name !== classOf(previous!) ? undefined : server.store.collection(storageClasses).get("", name)
  if (found === undefined || field<boolean>(found, "allowVolumeExpansion") !== true) throw refusal(call, object!, notResizable)
}

interface ClaimSpec {
  readonly resources?: { readonly requests?: ResourceList }
  readonly storageClassName?: string
}

const storageOf = (claim: Draft | KubeObject): Quantity.Quantity => amountOf(field<ClaimSpec>(claim, "spec")?.resources?.requests?.["storage"] ?? "0")

const classOf = (claim: Draft | KubeObject): string =>
  claim.metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? field<ClaimSpec>(claim, "spec")?.storageClassName ?? ""
