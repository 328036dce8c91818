/** Custom resource definitions as the server reads them. */
import type { Condition, KubeObject } from "@fairlead/kube"
import type { SchemaProps } from "./SchemaProps.ts"
import type { PrinterColumn } from "../ServedResource.ts"

/** Holds a definition until its objects are gone. */
export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io"

/** One version of a custom resource. */
export interface DefinitionVersion {
  readonly name: string
  readonly served: boolean
  readonly storage: boolean
  readonly deprecated?: boolean
  readonly deprecationWarning?: string
  readonly schema?: { readonly openAPIV3Schema?: SchemaProps }
  readonly subresources?: {
    readonly status?: object
    readonly scale?: { readonly specReplicasPath: string; readonly statusReplicasPath: string; readonly labelSelectorPath?: string }
  }
  readonly additionalPrinterColumns?: ReadonlyArray<PrinterColumn>
  readonly selectableFields?: ReadonlyArray<{ readonly jsonPath: string }>
}

/** The names that a custom resource goes by. */
export interface DefinitionNames {
  readonly plural: string
  readonly singular?: string
  readonly kind: string
  readonly listKind?: string
  readonly shortNames?: ReadonlyArray<string>
  readonly categories?: ReadonlyArray<string>
}

/** How a webhook that converts objects is reached. */
export interface ConversionClient {
  readonly url?: string
  readonly service?: { readonly namespace?: string; readonly name?: string; readonly path?: string; readonly port?: number }
  readonly caBundle?: string
}

/** How objects get from one version to another. */
export interface ConversionSpec {
  readonly strategy?: string
  readonly webhook?: { readonly clientConfig?: ConversionClient; readonly conversionReviewVersions?: ReadonlyArray<string> | null }
}

/** `spec` of a definition. */
export interface DefinitionSpec {
  readonly group: string
  readonly names: DefinitionNames
  readonly scope: "Namespaced" | "Cluster"
  readonly versions: ReadonlyArray<DefinitionVersion>
  readonly conversion?: ConversionSpec
  readonly preserveUnknownFields?: boolean
}

/** `status` of a definition. */
export interface DefinitionStatus {
  readonly conditions?: ReadonlyArray<Condition> | null
  readonly acceptedNames: DefinitionNames
  readonly storedVersions: ReadonlyArray<string>
}

/** A definition. */
export interface Definition extends KubeObject {
  readonly spec: DefinitionSpec
  readonly status: DefinitionStatus
}

/** The status with one condition set; the others keep their place, and its time only moves when it turns. */
export const withCondition = (status: DefinitionStatus, condition: Condition): DefinitionStatus => {
  const conditions = status.conditions ?? []
  const at = conditions.findIndex((it) => it.type === condition.type)
  if (at < 0) return { ...status, conditions: [...conditions, condition] }
  const found = conditions[at]!
  const turned = found.status !== condition.status || (found.lastTransitionTime ?? "") === ""
  const { reason, message, status: now } = condition
  return { ...status, conditions: conditions.with(at, { ...found, status: now, reason, message, ...(turned ? { lastTransitionTime: condition.lastTransitionTime } : {}) }) }
}

/** Whether a condition holds. */
export const hasCondition = (definition: Definition, type: string): boolean =>
  definition.status.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false
