/** Claims and volumes in use are not deleted (admission plugin StorageObjectInUseProtection). */
import type { Admit } from "./Admission.ts"

const finalizers: Readonly<Record<string, string>> = {
  persistentvolumeclaims: "kubernetes.io/pvc-protection",
  persistentvolumes: "kubernetes.io/pv-protection",
  volumeattributesclasses: "kubernetes.io/vac-protection"
}

/** Adds the finalizer that a controller takes off when nothing uses the object any more. */
export const admitStorageProtection: Admit = ({ resource, request }, operation, draft) => {
  if (operation !== "create" || resource.custom || request.subresource !== undefined) return
  const finalizer = finalizers[resource.plural]
  if (finalizer === undefined) return
  const present = draft.metadata.finalizers ?? []
  if (!present.includes(finalizer)) draft.metadata.finalizers = [...present, finalizer]
}
