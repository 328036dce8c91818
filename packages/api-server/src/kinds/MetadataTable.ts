/** How the metadata of each kind is checked beyond what is common to all, which shows in how often a fault is told. */
import type { ObjectMeta } from "@fairlead/kube"
import type { Causes } from "../FieldCause.ts"
import { checkFinalizerDomains, checkMetadata, checkMetadataUpdate, type NameErrors } from "../rest/MetadataRules.ts"
import { wordsOf } from "../internal/words.ts"

/** Checks of the metadata that a kind makes itself. */
export interface MetadataProfile {
  /** New objects are checked by the rules of the kind, and not by the common ones alone. */
  readonly onCreate: boolean
  /** Updates are compared with the old object a second time. */
  readonly onUpdate: boolean
  /** How often updates are checked like new objects. */
  readonly asNew: number
  /** Finalizers need a domain. */
  readonly domains: boolean
  /** The prefix of generated names is not looked at. */
  readonly generatedNamesPass: boolean
}

const plain: MetadataProfile = { onCreate: true, onUpdate: true, asNew: 0, domains: true, generatedNamesPass: false }

const profiles = new Map<string, MetadataProfile>()

const profile = (own: Partial<MetadataProfile>, kinds: string): void => {
  for (const kind of wordsOf(kinds)) profiles.set(kind, { ...plain, ...own })
}

profile({ asNew: 1 }, `
  /configmaps /secrets /serviceaccounts /endpoints /pods /persistentvolumeclaims /nodes batch/jobs
  rbac.authorization.k8s.io/roles rbac.authorization.k8s.io/rolebindings rbac.authorization.k8s.io/clusterroles
  rbac.authorization.k8s.io/clusterrolebindings discovery.k8s.io/endpointslices storage.k8s.io/storageclasses
  storage.k8s.io/volumeattributesclasses networking.k8s.io/ingressclasses
`)
profile({ asNew: 1, domains: false }, "node.k8s.io/runtimeclasses")
profile({ asNew: 1, generatedNamesPass: true }, "resource.k8s.io/deviceclasses")
profile({ generatedNamesPass: true }, "/replicationcontrollers")
profile({ onUpdate: false, asNew: 1 }, `
  /limitranges storage.k8s.io/csinodes storage.k8s.io/volumeattachments flowcontrol.apiserver.k8s.io/flowschemas
  flowcontrol.apiserver.k8s.io/prioritylevelconfigurations
`)
profile({ onUpdate: false, asNew: 2 }, "/persistentvolumes")
profile({ onUpdate: false, asNew: 1, domains: false }, `
  admissionregistration.k8s.io/validatingadmissionpolicies admissionregistration.k8s.io/validatingadmissionpolicybindings
  admissionregistration.k8s.io/mutatingadmissionpolicies admissionregistration.k8s.io/mutatingadmissionpolicybindings
  admissionregistration.k8s.io/validatingwebhookconfigurations admissionregistration.k8s.io/mutatingwebhookconfigurations
`)
profile({ domains: false }, "coordination.k8s.io/leases")
profile({ onCreate: false, onUpdate: false, domains: false }, "policy/poddisruptionbudgets")

/** The checks of a kind by `group/plural`. */
export const metadataProfileOf = (key: string): MetadataProfile => profiles.get(key) ?? plain

/** Checks a new object. */
export const checkNewMetadata = (profile: MetadataProfile, meta: ObjectMeta, namespaced: boolean, nameErrors: NameErrors, causes: Causes): void => {
  if (!profile.onCreate) return
  checkMetadata(profile.generatedNamesPass ? withoutPrefix(meta) : meta, namespaced, nameErrors, causes)
  if (profile.domains) checkFinalizerDomains(meta, causes)
}

const withoutPrefix = ({ generateName: _, ...meta }: ObjectMeta): ObjectMeta => meta

/** Checks a changed object. */
export const checkChangedMetadata = (
  profile: MetadataProfile,
  next: ObjectMeta,
  previous: ObjectMeta,
  namespaced: boolean,
  nameErrors: NameErrors,
  causes: Causes
): void => {
  if (profile.onUpdate) {
    checkMetadataUpdate(next, previous, causes)
    if (profile.domains) checkFinalizerDomains(next, causes)
  }
  for (let i = 0; i < profile.asNew; i++) {
    checkMetadata(next, namespaced, nameErrors, causes, previous)
    if (profile.domains) checkFinalizerDomains(next, causes)
  }
}
