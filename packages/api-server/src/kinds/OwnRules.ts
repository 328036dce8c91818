/** Hooks of the kinds that need code. */
import type { KindRules } from "../rest/KindRules.ts"
import { definitionRules } from "../crd/DefinitionRules.ts"
import { certificateRequestRules } from "./CertificateRules.ts"
import { jobRules } from "./JobRules.ts"
import { namespaceRules } from "./NamespaceRules.ts"
import { podRules } from "./PodRules.ts"
import { serviceRules } from "./ServiceRules.ts"
import { daemonSetRules, driverRules, limitRangeRules, serviceAccountRules } from "./SmallRules.ts"
import { claimRules, volumeRules } from "./StatusRules.ts"

/** By `group/plural`. */
export const ownRules: Readonly<Record<string, Partial<KindRules>>> = {
  "/pods": podRules,
  "/limitranges": limitRangeRules,
  "/namespaces": namespaceRules,
  "/serviceaccounts": serviceAccountRules,
  "/services": serviceRules,
  "/persistentvolumeclaims": claimRules,
  "/persistentvolumes": volumeRules,
  "certificates.k8s.io/certificatesigningrequests": certificateRequestRules,
  "apps/daemonsets": daemonSetRules,
  "batch/jobs": jobRules,
  "storage.k8s.io/csidrivers": driverRules,
  "apiextensions.k8s.io/customresourcedefinitions": definitionRules
}
