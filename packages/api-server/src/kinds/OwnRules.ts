/** Hooks of the kinds that need code. */
import type { KindRules } from "../rest/KindRules.ts"
import { definitionRules } from "../crd/DefinitionRules.ts"
import { jobRules } from "./JobRules.ts"
import { namespaceRules } from "./NamespaceRules.ts"
import { podRules } from "./PodRules.ts"

/** By `group/plural`. */
export const ownRules: Readonly<Record<string, Partial<KindRules>>> = {
  "/pods": podRules,
  "/namespaces": namespaceRules,
  "batch/jobs": jobRules,
  "apiextensions.k8s.io/customresourcedefinitions": definitionRules
}
