/** The collections that admission looks into at every write: found once for each server, as they are mostly empty. */
import type { GroupResource } from "../ApiFailure.ts"
import type { Collection } from "../store/Collection.ts"
import type { Store } from "../store/Store.ts"

/** The API group of what admission is made of. */
export const admissionGroup = "admissionregistration.k8s.io"

/** What the objects of the group are called that say what admission does. */
export type AdmissionKind = "mutatingadmissionpolicybindings" | "mutatingwebhookconfigurations" | "validatingadmissionpolicybindings" | "validatingwebhookconfigurations"

/** Where admission finds what it goes by. */
export interface AdmissionCollections extends Readonly<Record<AdmissionKind, Collection>> {
  readonly namespaces: Collection
  readonly resourcequotas: Collection
}

/** The collections of a store. */
export const admissionCollections = (store: Store): AdmissionCollections => {
  const own = (plural: AdmissionKind): Collection => store.collection({ group: admissionGroup, plural })
  const core = (plural: GroupResource["plural"]): Collection => store.collection({ group: "", plural })
  return {
    mutatingadmissionpolicybindings: own("mutatingadmissionpolicybindings"),
    mutatingwebhookconfigurations: own("mutatingwebhookconfigurations"),
    validatingadmissionpolicybindings: own("validatingadmissionpolicybindings"),
    validatingwebhookconfigurations: own("validatingwebhookconfigurations"),
    namespaces: core("namespaces"),
    resourcequotas: core("resourcequotas")
  }
}

/** Whether any webhook is configured. */
export const hasWebhooks = ({ mutatingwebhookconfigurations, validatingwebhookconfigurations }: AdmissionCollections): boolean =>
  mutatingwebhookconfigurations.size > 0 || validatingwebhookconfigurations.size > 0

/** Whether any policy is in effect or any webhook is configured. */
export const hasHooks = (collections: AdmissionCollections): boolean =>
  hasWebhooks(collections) || collections.mutatingadmissionpolicybindings.size > 0 || collections.validatingadmissionpolicybindings.size > 0
