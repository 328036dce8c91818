/** Serves what custom resource definitions define, for as long as they stand. */
import { type Condition, jsonEqual, KubeTime } from "@fairlead/kube"
import { draftOf } from "../Draft.ts"
import { makeCall } from "../rest/Call.ts"
import { deleteObject } from "../rest/Delete.ts"
import type { ServerContext } from "../ServerContext.ts"
import type { Collection, CollectionWatcher } from "../store/Collection.ts"
import type { StoreEvent } from "../store/History.ts"
import { decideNames } from "./AcceptedNames.ts"
import { resourcesOf } from "./CustomResource.ts"
import { cleanupFinalizer, type Definition, type DefinitionStatus, hasCondition, withCondition } from "./Definition.ts"

/** Follows the definitions in the store from now on. Those that are there already are served in the order of `names`. */
export const followDefinitions = (context: ServerContext, names: ReadonlyArray<string> = []): void => {
  const definitions = context.store.collection({ group: "apiextensions.k8s.io", plural: "customresourcedefinitions" })
  const desk = new DefinitionDesk(context, definitions)
  definitions.watchers.add({ namespace: "", onEvent: (event) => desk.onEvent(event) })
  for (const name of names) desk.resume(name)
}

/** Conditions that a definition goes through while it is deleted. */
const inProgress = { type: "Terminating", status: "True", reason: "InstanceDeletionInProgress", message: "CustomResource deletion is in progress" } as const
const completed = { type: "Terminating", status: "False", reason: "InstanceDeletionCompleted", message: "removed all instances" } as const
const neverEstablished = { type: "Terminating", status: "False", reason: "NeverEstablished", message: "resource was never established" } as const
const established = { type: "Established", status: "True", reason: "InitialNamesAccepted", message: "the initial names have been accepted" } as const

class DefinitionDesk {
  private readonly context: ServerContext
  private readonly definitions: Collection
  /** Definitions as they are served, by name. */
  private readonly served = new Map<string, Definition>()
  /** Definitions whose objects are being waited for, by name. */
  private readonly waiting = new Map<string, CollectionWatcher>()

  constructor(context: ServerContext, definitions: Collection) {
    this.context = context
    this.definitions = definitions
  }

  /** Goes on with a definition of another life of the server. */
  resume(name: string): void {
    const definition = this.definitions.get("", name) as Definition | undefined
    if (definition === undefined) return
    this.serve(definition)
    if (definition.metadata.deletionTimestamp !== undefined) this.terminate(definition)
  }

  onEvent(event: StoreEvent): void {
    const definition = event.object as Definition
    if (event.type === "DELETED") {
      this.stopServing(definition)
      return this.reconsider(definition)
    }
    // Later events tell of later states.
    if (this.definitions.get("", event.name) !== definition) return
    this.serve(definition)
    if (definition.metadata.deletionTimestamp !== undefined) return this.terminate(definition)
    if (this.settleNames(definition)) return
    if (hasCondition(definition, "NamesAccepted") && !hasCondition(definition, "Established")) this.write(definition, this.with(definition.status, established))
  }

  /** Decides on the names; true if that changed the definition. */
  private settleNames(definition: Definition): boolean {
    const { spec, status } = definition
    if (jsonEqual(spec.names, status.acceptedNames)) return false
    const { acceptedNames, conditions } = decideNames(definition, this.group(definition))
    const [named] = conditions
    const found = status.conditions?.find(({ type }) => type === "NamesAccepted")
    const same = found?.status === named!.status && found.reason === named!.reason && found.message === named!.message
    if (same && jsonEqual(acceptedNames, status.acceptedNames)) return false
    this.write(definition, conditions.reduce((next, condition) => this.with(next, condition), { ...status, acceptedNames }))
    if (!jsonEqual(acceptedNames, status.acceptedNames)) this.reconsider(definition)
    return true
  }

  private group({ spec: { group } }: Definition): ReadonlyArray<Definition> {
    return (this.definitions.list("") as ReadonlyArray<Definition>).filter((it) => it.spec.group === group)
  }

  /** Names became free or were taken: the other definitions of the group may fare differently now. */
  private reconsider(definition: Definition): void {
    for (const other of this.group(definition)) {
      if (other.metadata.name !== definition.metadata.name && other.metadata.deletionTimestamp === undefined) this.settleNames(other)
    }
  }

  private with(status: DefinitionStatus, condition: Omit<Condition, "lastTransitionTime">): DefinitionStatus {
    return withCondition(status, { ...condition, lastTransitionTime: KubeTime.format(this.context.now()) } as Condition)
  }

  private write(definition: Definition, status: DefinitionStatus): void {
    const draft = draftOf(definition)
    draft["status"] = status
    this.context.store.put(this.definitions, "", definition.metadata.name!, draft)
  }

  private objects({ spec: { group, names } }: Definition): Collection {
    return this.context.store.collection({ group, plural: names.plural })
  }

  private serve(definition: Definition): void {
    if (!hasCondition(definition, "NamesAccepted") && !hasCondition(definition, "Established")) return
    const { metadata: { name = "", deletionTimestamp }, spec, status } = definition
    const previous = this.served.get(name)
    const isSame = previous !== undefined && jsonEqual(previous.spec, spec) && jsonEqual(previous.status.acceptedNames, status.acceptedNames)
    if (isSame && previous.metadata.deletionTimestamp === deletionTimestamp) return
    const { catalog } = this.context
    const served = new Set(spec.versions.filter((version) => version.served).map((version) => version.name))
    for (const version of previous?.spec.versions ?? []) if (!served.has(version.name)) catalog.remove(spec.group, version.name, spec.names.plural)
    for (const resource of resourcesOf(definition, this.objects(definition))) if (served.has(resource.version)) catalog.add(resource)
    this.served.set(name, definition)
  }

  private stopServing({ metadata: { name = "" } }: Definition): void {
    const definition = this.served.get(name)
    if (definition === undefined) return
    const { group, names, versions } = definition.spec
    for (const version of versions) this.context.catalog.remove(group, version.name, names.plural)
    this.served.delete(name)
  }

  /** Deletes the objects of a definition that is going, then lets it go; waits for objects with finalizers. */
  private terminate(definition: Definition): void {
    const name = definition.metadata.name!
    if (!(definition.metadata.finalizers ?? []).includes(cleanupFinalizer) || this.waiting.has(name)) return
    const found = definition.status.conditions?.find(({ type }) => type === "Terminating")
    if (found?.reason !== inProgress.reason) return this.write(definition, this.with(definition.status, inProgress))
    if (!hasCondition(definition, "Established")) return this.finish(name, neverEstablished)
    const collection = this.objects(definition)
    const watcher: CollectionWatcher = {
      namespace: "",
      onEvent: () => {
        if (collection.size === 0) this.finish(name, completed)
      }
    }
    this.waiting.set(name, watcher)
    collection.watchers.add(watcher)
    this.deleteObjects(definition, collection)
    if (collection.size === 0) this.finish(name, completed)
  }

  private deleteObjects(definition: Definition, collection: Collection): void {
    const storage = definition.spec.versions.find((version) => version.storage)?.name
    const resource = resourcesOf(definition, collection).find(({ version }) => version === storage)!
    for (const object of collection.list("")) {
      if (object.metadata.deletionTimestamp !== undefined) continue
      const { namespace, name } = object.metadata
      const request = { verb: "delete", group: resource.group, version: resource.version, plural: resource.plural, namespace, name } as const
      deleteObject(makeCall(this.context, resource, request), object, {})
    }
  }

  private finish(name: string, condition: typeof completed | typeof neverEstablished): void {
    const watcher = this.waiting.get(name)
    const definition = this.definitions.get("", name) as Definition | undefined
    if (definition === undefined) return
    if (watcher !== undefined) this.objects(definition).watchers.delete(watcher)
    this.waiting.delete(name)
    const finalizers = (definition.metadata.finalizers ?? []).filter((finalizer) => finalizer !== cleanupFinalizer)
    if (finalizers.length === 0) {
      this.context.store.delete(this.definitions, "", name)
      return
    }
    const draft = draftOf(definition)
    draft.metadata.finalizers = finalizers
    draft["status"] = this.with(definition.status, condition)
    this.context.store.put(this.definitions, "", name, draft)
  }
}
