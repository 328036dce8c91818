/** What is special about custom resource definitions as objects. */
import type { KubeObject } from "@fairlead/kube"
import { type Draft, draftOf, field } from "../Draft.ts"
import { formatSeconds } from "../internal/timestamps.ts"
import type { Call } from "../rest/Call.ts"
import type { Deletion } from "../rest/Deletion.ts"
import type { KindRules } from "../rest/KindRules.ts"
import { cleanupFinalizer, type DefinitionSpec, type DefinitionStatus, withCondition } from "./Definition.ts"

const withDefaults = (draft: Draft): void => {
  const spec = field<DefinitionSpec>(draft, "spec")
  if (spec?.names === undefined) return
  const { names } = spec
  draft["spec"] = {
    ...spec,
    names: { ...names, singular: names.singular ?? names.kind.toLowerCase(), listKind: names.listKind ?? `${names.kind}List` },
    conversion: spec.conversion ?? { strategy: "None" }
  }
}

const prepareCreate = (draft: Draft): void => {
  withDefaults(draft)
  const stored = field<DefinitionSpec>(draft, "spec")?.versions?.find((version) => version.storage)
  draft["status"] = { conditions: null, acceptedNames: { plural: "", kind: "" }, storedVersions: stored === undefined ? [] : [stored.name] }
}

const prepareUpdate = (draft: Draft): void => {
  withDefaults(draft)
}

/** The first deletion marks the definition; its objects are then deleted, and it goes when none is left. */
const remove = (call: Call, found: KubeObject): Deletion | undefined => {
  if (found.metadata.deletionTimestamp !== undefined) return undefined
  const now = formatSeconds(call.server.now())
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
export const definitionRules: Partial<KindRules> = { prepareCreate, prepareUpdate, remove }
