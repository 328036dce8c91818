/** What is special about namespaces. */
import { type KubeObject, KubeTime } from "@fairlead/kube"
import { forbidden } from "../ApiFailure.ts"
import { type Draft, draftOf, field } from "../Draft.ts"
import type { Call } from "../rest/Call.ts"
import type { Deletion } from "../rest/Deletion.ts"
import type { KindRules } from "../rest/KindRules.ts"

/** Namespaces that every cluster needs. */
const undeletable: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"])

const nameLabel = "kubernetes.io/metadata.name"

interface NamespaceSpec {
  readonly finalizers?: ReadonlyArray<string>
}

const labelName = (draft: Draft): void => {
  const { name = "", labels } = draft.metadata
  if (labels?.[nameLabel] !== name) draft.metadata.labels = { ...labels, [nameLabel]: name }
}

const prepareCreate = (draft: Draft): void => {
  labelName(draft)
  const finalizers = field<NamespaceSpec>(draft, "spec")?.finalizers ?? []
  draft["spec"] = { finalizers: finalizers.includes("kubernetes") ? finalizers : [...finalizers, "kubernetes"] }
  draft["status"] = { phase: "Active" }
}

const prepareUpdate = (draft: Draft, previous: KubeObject, call: Call): void => {
  labelName(draft)
  if (call.request.subresource === "finalize") return
  const spec = field<object>(previous, "spec")
  if (spec !== undefined) draft["spec"] = spec
}

/** The first deletion only marks the namespace; one that has no finalizers left goes with the next. */
const remove = (call: Call, found: KubeObject): Deletion | undefined => {
  if (undeletable.has(call.name)) throw forbidden(call.resource, call.name, "this namespace may not be deleted")
  if (found.metadata.deletionTimestamp !== undefined) {
    const finalizers = field<NamespaceSpec>(found, "spec")?.finalizers ?? []
    return finalizers.length > 0 ? { done: false, answer: found } : undefined
  }
  const draft = draftOf(found)
  draft.metadata.deletionTimestamp = KubeTime.format(call.server.now())
  draft["status"] = { ...field<object>(found, "status"), phase: "Terminating" }
  return { done: false, answer: call.dryRun ? draft : call.server.store.put(call.resource.collection, "", call.name, draft) }
}

const goesWithUpdate = (next: Draft): boolean => (field<NamespaceSpec>(next, "spec")?.finalizers ?? []).length === 0

/** Hooks of namespaces. */
export const namespaceRules: Partial<KindRules> = { prepareCreate, prepareUpdate, remove, goesWithUpdate }
