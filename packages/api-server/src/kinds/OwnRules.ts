/** Hooks of the kinds that need code. */
import type { KindRules } from "../rest/KindRules.ts"
import { definitionRules } from "../crd/DefinitionRules.ts"
import { certificateRequestRules } from "./CertificateRules.ts"
import { jobRules } from "./JobRules.ts"
import { namespaceRules } from "./NamespaceRules.ts"
import { podRules } from "./PodRules.ts"
import { serviceRules } from "./ServiceRules.ts"
import { claimRules, volumeRules } from "./StatusRules.ts"

/** By `group/plural`. */
export const ownRules: Readonly<Record<string, Partial<KindRules>>> = {
  "/pods": podRules,
  "/namespaces": namespaceRules,
  "/services": serviceRules,
  "/persistentvolumeclaims": claimRules,
  "/persistentvolumes": volumeRules,
  "certificates.k8s.io/certificatesigningrequests": certificateRequestRules,
  "batch/jobs": jobRules,
  "apiextensions.k8s.io/customresourcedefinitions": definitionRules
}
