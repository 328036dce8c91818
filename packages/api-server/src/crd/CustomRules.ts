/** How custom resources are written: what their definition asks of them. */
import { jsonEqual, type KubeObject, type StatusCause } from "@fairlead/kube"
import { forbidden } from "../ApiFailure.ts"
import type { Draft } from "../Draft.ts"
import { subdomainErrors } from "../internal/nameRules.ts"
import type { Call } from "../rest/Call.ts"
import type { SelectableFields } from "../rest/FieldSelector.ts"
import { kindRules, type KindRules } from "../rest/KindRules.ts"
import { checkMetadata } from "../rest/MetadataRules.ts"
import type { ScalePaths } from "../subresources/Scale.ts"
import { Correlation } from "./Correlation.ts"
import { warnOfFinalizers } from "./FinalizerWarnings.ts"
import { checkScaleSpec, checkScaleStatus } from "./ScaleChecks.ts"
import type { VersionSchema } from "./VersionSchema.ts"

/** What the rules of a custom resource depend on. */
export interface CustomKind {
  readonly schema: VersionSchema
  /** Whether the status is written through its own subresource. */
  readonly hasStatus: boolean
  readonly scale: ScalePaths | undefined
  readonly fields: SelectableFields
  /** No new objects come while the definition is going. */
  readonly terminating: boolean
}

/** The hooks of a custom resource. */
export const customRules = (kind: CustomKind): KindRules => kindRules({
  allowUnconditionalUpdate: false,
  hasGeneration: true,
  hasStatus: kind.hasStatus,
  fields: kind.fields,
  ...(kind.hasStatus ? {} : { bumpsGeneration: anythingButMetadata }),
  prepareCreate: (draft, call) => {
    if (kind.terminating) throw forbidden(call.resource, draft.metadata.name ?? "", "create not allowed while custom resource definition is terminating")
    if (kind.hasStatus) delete draft["status"]
  },
  checksNewMetadata: true,
  validateCreate: (draft, call) => checkNew(kind, draft, call),
  validateUpdate: (draft, previous, call, ofMetadata) => checkChanged(kind, draft, previous, call, ofMetadata),
  validateStatus: (draft, previous, call, ofMetadata) => checkStatus(kind, draft, previous, call, ofMetadata)
})

const checkNew = ({ schema, scale }: CustomKind, draft: Draft, call: Call): ReadonlyArray<StatusCause> => {
  const causes: Array<StatusCause> = []
  checkMetadata(draft.metadata, call.resource.namespaced, subdomainErrors, causes)
  add(causes, schema.checkNew(draft))
  if (scale !== undefined) causes.push(...checkScaleSpec(draft, scale), ...checkScaleStatus(draft, scale))
  const ofLists = schema.checkLists(draft)
  const ofRules = schema.checkRules(draft, undefined, undefined, causes, call.warnings)
  add(causes, ofLists)
  add(causes, ofRules)
  if (causes.length === 0) warnOfFinalizers(call.warnings, draft.metadata, undefined)
  return causes
}

const checkChanged = ({ schema, scale }: CustomKind, draft: Draft, previous: KubeObject, call: Call, ofMetadata: ReadonlyArray<StatusCause>): ReadonlyArray<StatusCause> => {
  const causes: Array<StatusCause> = [...ofMetadata]
  const correlation = new Correlation(draft, previous, schema.root)
  add(causes, schema.checkChanged(draft, correlation))
  if (scale !== undefined) causes.push(...checkScaleSpec(draft, scale), ...checkScaleStatus(draft, scale))
  const ofLists = schema.checkLists(draft, previous)
  const ofRules = schema.checkRules(draft, previous, correlation, causes, call.warnings)
  add(causes, ofLists)
  add(causes, ofRules)
  if (causes.length === 0) warnOfFinalizers(call.warnings, draft.metadata, previous.metadata)
  return causes
}

const checkStatus = ({ schema, scale }: CustomKind, draft: Draft, previous: KubeObject, call: Call, ofMetadata: ReadonlyArray<StatusCause>): ReadonlyArray<StatusCause> => {
  const causes: Array<StatusCause> = [...ofMetadata]
  const correlation = new Correlation(draft, previous, schema.root)
  add(causes, schema.checkStatus(draft, previous, correlation))
  if (scale !== undefined) causes.push(...checkScaleStatus(draft, scale))
  const ofLists = schema.checkLists(draft, previous)
  const ofRules = schema.checkRules(draft, previous, correlation, causes, call.warnings)
  add(causes, ofLists)
  add(causes, ofRules)
  return causes
}

/** Mostly there is nothing to add, and looking first costs less. */
const add = (causes: Array<StatusCause>, more: ReadonlyArray<StatusCause>): void => {
  if (more.length > 0) causes.push(...more)
}

const anythingButMetadata = (next: Draft, previous: KubeObject): boolean => {
  const before = previous as unknown as Draft
  const keys = new Set([...Object.keys(next), ...Object.keys(before)])
  keys.delete("metadata")
  return [...keys].some((key) => !jsonEqual(next[key], before[key]))
}
