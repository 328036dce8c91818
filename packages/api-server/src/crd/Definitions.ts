/** Serves what custom resource definitions define, for as long as they stand. */
import { draftOf } from "../Draft.ts"
import { formatSeconds } from "../internal/timestamps.ts"
import { deleteObject } from "../rest/Delete.ts"
import { makeCall } from "../rest/Call.ts"
import type { ServerContext } from "../ServerContext.ts"
import type { Collection } from "../store/Collection.ts"
import type { StoreEvent } from "../store/History.ts"
import { cleanupFinalizer, type Definition, hasCondition, withCondition } from "./Definition.ts"
import { servedVersions } from "./CustomResource.ts"

/** Follows the definitions in the store from now on. */
export const followDefinitions = (context: ServerContext): void => {
  const definitions = context.store.collection({ group: "apiextensions.k8s.io", plural: "customresourcedefinitions" })
  definitions.watchers.add({ namespace: "", onEvent: (event) => onEvent(context, definitions, event) })
}

const onEvent = (context: ServerContext, definitions: Collection, event: StoreEvent): void => {
  const definition = event.object as Definition
  if (event.type === "DELETED") return stopServing(context, definition)
  if (definition.metadata.deletionTimestamp !== undefined) return deleteObjects(context, definitions, definition)
  if (!hasCondition(definition, "Established")) return establish(context, definitions, definition)
  serve(context, definition, event.previous as Definition | undefined)
}

const establish = (context: ServerContext, definitions: Collection, definition: Definition): void => {
  const now = formatSeconds(context.now())
  const accepted = withCondition({ ...definition.status, acceptedNames: definition.spec.names }, {
    type: "NamesAccepted",
    status: "True",
    reason: "NoConflicts",
    message: "no conflicts found",
    lastTransitionTime: now
  })
  const draft = draftOf(definition)
  draft["status"] = withCondition(accepted, {
    type: "Established",
    status: "True",
    reason: "InitialNamesAccepted",
    message: "the initial names have been accepted",
    lastTransitionTime: now
  })
  context.store.put(definitions, "", definition.metadata.name!, draft)
}

const serve = (context: ServerContext, definition: Definition, previous: Definition | undefined): void => {
  const { group, names } = definition.spec
  if (previous?.spec === definition.spec && hasCondition(previous, "Established")) return
  const collection = context.store.collection({ group, plural: names.plural })
  const served = servedVersions(definition, collection)
  for (const { name } of previous?.spec.versions ?? []) {
    if (!served.some((resource) => resource.version === name)) context.catalog.remove(group, name, names.plural)
  }
  for (const resource of served) context.catalog.add(resource)
}

const stopServing = (context: ServerContext, { spec }: Definition): void => {
  for (const { name } of spec.versions) context.catalog.remove(spec.group, name, spec.names.plural)
}

/** Deletes the objects of a definition that is going, then lets it go; waits for objects with finalizers. */
const deleteObjects = (context: ServerContext, definitions: Collection, definition: Definition): void => {
  if (!(definition.metadata.finalizers ?? []).includes(cleanupFinalizer)) return
  const { group, names, versions } = definition.spec
  const collection = context.store.collection({ group, plural: names.plural })
  const resource = context.catalog.find(group, versions.find((version) => version.served)?.name ?? "", names.plural)
  if (resource !== undefined) {
    for (const object of collection.list("")) {
      if (object.metadata.deletionTimestamp !== undefined) continue
      const request = {
        verb: "delete",
        group,
        version: resource.version,
        plural: names.plural,
        namespace: object.metadata.namespace,
        name: object.metadata.name
      } as const
      deleteObject(makeCall(context, resource, request), object, {})
    }
  }
  if (collection.size === 0) return finish(context, definitions, definition)
  const watcher = {
    namespace: "",
    onEvent: (): void => {
      if (collection.size > 0) return
      collection.watchers.delete(watcher)
      finish(context, definitions, definition)
    }
  }
  collection.watchers.add(watcher)
}

const finish = (context: ServerContext, definitions: Collection, { metadata: { name = "" } }: Definition): void => {
  const current = definitions.get("", name)
  if (current === undefined) return
  const finalizers = (current.metadata.finalizers ?? []).filter((finalizer) => finalizer !== cleanupFinalizer)
  if (finalizers.length === 0) {
    context.store.delete(definitions, "", name)
    return
  }
  const draft = draftOf(current)
  draft.metadata.finalizers = finalizers
  context.store.put(definitions, "", name, draft)
}
