/** What is special about custom resource definitions as objects. */
import { type KubeObject, KubeTime, type StatusCause } from "@fairlead/kube"
import { type Draft, draftOf, field } from "../Draft.ts"
import { subdomainErrors } from "../internal/nameRules.ts"
import type { Call } from "../rest/Call.ts"
import type { Deletion } from "../rest/Deletion.ts"
import type { KindRules } from "../rest/KindRules.ts"
import { checkFinalizerDomains, checkMetadata, checkMetadataUpdate } from "../rest/MetadataRules.ts"
import { cleanupFinalizer, type Definition, type DefinitionSpec, type DefinitionStatus, withCondition } from "./Definition.ts"
import { definitionProblems, statusProblems } from "./DefinitionChecks.ts"
import { warnOfDefinition } from "./DefinitionWarnings.ts"
import { readLooseSchemas } from "./LooseSchemas.ts"

const asDefinition = (draft: Draft): Definition => draft as unknown as Definition

const prepareCreate = (draft: Draft): void => {
  readLooseSchemas(draft)
  const storage = storageOf(draft)
  draft["status"] = { conditions: null, acceptedNames: { plural: "", kind: "" }, storedVersions: storage === undefined ? [] : [storage] }
}

const storageOf = (draft: Draft): string | undefined => field<DefinitionSpec>(draft, "spec")?.versions?.find((version) => version.storage)?.name

/** Objects may be stored in the new storage version from now on. */
const prepareUpdate = (draft: Draft, previous: KubeObject): void => {
  readLooseSchemas(draft)
  const { status } = previous as Definition
  const storage = storageOf(draft)
  const known = storage === undefined || status.storedVersions.includes(storage)
  draft["status"] = known ? status : { ...status, storedVersions: [...status.storedVersions, storage] }
}

const validateCreate = (draft: Draft, call: Call): ReadonlyArray<StatusCause> => {
  const definition = asDefinition(draft)
  const { group = "", names } = definition.spec
  const causes: Array<StatusCause> = []
  const nameErrors = (name: string): ReadonlyArray<string> => [
    ...subdomainErrors(name),
    ...(name === `${names?.plural ?? ""}.${group}` ? [] : ['must be spec.names.plural+"."+spec.group'])
  ]
  checkMetadata(draft.metadata, false, nameErrors, causes)
  checkFinalizerDomains(draft.metadata, causes)
  causes.push(...definitionProblems(definition))
  if (causes.length === 0) warnOfDefinition(call.warnings, definition.spec, undefined)
  return causes
}

const validateUpdate = (draft: Draft, previous: KubeObject, call: Call): ReadonlyArray<StatusCause> => {
  const causes: Array<StatusCause> = []
  const before = previous as Definition
  checkMetadataUpdate(draft.metadata, previous.metadata, causes)
  checkFinalizerDomains(draft.metadata, causes)
  causes.push(...definitionProblems(asDefinition(draft), before))
  if (causes.length === 0) warnOfDefinition(call.warnings, asDefinition(draft).spec, before.spec)
  return causes
}

const validateStatus = (draft: Draft, previous: KubeObject): ReadonlyArray<StatusCause> => {
  const causes: Array<StatusCause> = []
  checkMetadataUpdate(draft.metadata, previous.metadata, causes)
  return [...causes, ...statusProblems(asDefinition(draft))]
}

/** The first deletion marks the definition; its objects are then deleted, and it goes when none is left. */
const remove = (call: Call, found: KubeObject): Deletion | undefined => {
  if (found.metadata.deletionTimestamp !== undefined) return undefined
  const now = KubeTime.format(call.server.now())
  const draft = draftOf(found)
  draft.metadata.deletionTimestamp = now
  draft.metadata.finalizers = [...new Set([...(found.metadata.finalizers ?? []), cleanupFinalizer])]
  draft["status"] = withCondition(field<DefinitionStatus>(found, "status")!, {
    type: "Terminating",
    status: "True",
    reason: "InstanceDeletionPending",
    message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
    lastTransitionTime: now
  })
  return { done: false, answer: call.dryRun ? draft : call.server.store.put(call.resource.collection, "", call.name, draft) }
}

/** Hooks of definitions. */
export const definitionRules: Partial<KindRules> = { prepareCreate, prepareUpdate, validateCreate, validateUpdate, validateStatus, remove }
