/** Lets a controller wait until it can see what it wrote. */
import { Context, Effect, Exit, Layer, Option } from "effect"
import { type CallOptions, KubeClient, type KubeError, type KubeObject, type KubeResource } from "@fairlead/kube"

/** Takes note of writes on behalf of the key that is being reconciled. */
export interface WriteRecord {
  readonly record: (object: KubeObject) => void
  readonly recordDeletion: (resource: KubeResource.KubeResource, key: ObjectName) => void
  readonly recordUnknown: (resource: KubeResource.KubeResource, key: ObjectName) => void
}

/** Names an object of a known kind. */
export interface ObjectName {
  readonly namespace?: string | undefined
  readonly name: string
}

/** The record of the running reconcile. Outside a controller it takes no notes. */
export const CurrentWrites: Context.Reference<WriteRecord> = Context.Reference<WriteRecord>("@fairlead/controller/CurrentWrites", {
  defaultValue: () => ({ record: () => undefined, recordDeletion: () => undefined, recordUnknown: () => undefined })
})

/**
 * Read your own writes.
 *
 * Flow: a reconcile writes an object and records the answer. The next run of the same key is held back until the
 * informer of that kind has seen the written version; for deletions, until the object is gone or marked. If that takes
 * longer than the controller's `ownWritesTimeout`, the object is read from the server into the store, and then the key
 * runs. A write whose answer was lost may have been carried out: its object is read before the next run.
 *
 * Guarantees: no reconcile of a key acts on a state older than its own last writes, to the reconciled object or to any
 * other whose informer is one of the controller's. Without this a controller sees its own writes late and does them
 * again, or fights conflicts that it made itself.
 *
 * Assumption: versions of one kind are decimal numbers that grow, as Kubernetes promises.
 *
 * Caveats: kinds that no informer of the controller follows are not waited for. Provide `OwnWrites.layer` and every
 * call of `KubeClient` is recorded by itself.
 */
export const OwnWrites = {
  /** Records an object as the server answered it. */
  record: (object: KubeObject): Effect.Effect<void> => Effect.map(CurrentWrites, (writes) => writes.record(object)),

  /** Records that deletion was asked for. */
  recordDeletion: (resource: KubeResource.KubeResource, key: ObjectName): Effect.Effect<void> =>
    Effect.map(CurrentWrites, (writes) => writes.recordDeletion(resource, key)),

  /** Records that nobody knows whether a write was carried out. */
  recordUnknown: (resource: KubeResource.KubeResource, key: ObjectName): Effect.Effect<void> =>
    Effect.map(CurrentWrites, (writes) => writes.recordUnknown(resource, key)),

  /** A client that records all its writes, dry runs excepted; itself if it does so already. */
  recording: (client: KubeClient["Service"]): KubeClient["Service"] => recording(client),

  /** The client of the context, recording. */
  layer: Layer.effect(KubeClient, Effect.map(KubeClient, (client) => recording(client))) as Layer.Layer<KubeClient, never, KubeClient>
}

const recordingClients = new WeakSet<KubeClient["Service"]>()

const recording = (client: KubeClient["Service"]): KubeClient["Service"] => {
  if (recordingClients.has(client)) return client
  const made = withRecord(client)
  recordingClients.add(made)
  return made
}

const withRecord = (client: KubeClient["Service"]): KubeClient["Service"] => {
  const recorded = <A extends KubeObject>(
    write: Effect.Effect<A, KubeError.KubeError>,
    resource: KubeResource.KubeResource,
    { name, namespace }: { readonly name?: string | undefined; readonly namespace?: string | undefined },
    options: CallOptions | undefined
  ): Effect.Effect<A, KubeError.KubeError> => {
    if (options?.query?.["dryRun"] !== undefined) return write
    return Effect.flatMap(CurrentWrites, (writes) => Effect.onExitPrimitive(write, (exit) => {
      if (Exit.isSuccess(exit)) writes.record(exit.value)
      else if (name !== undefined && Option.exists(Exit.findErrorOption(exit), isUnknown)) writes.recordUnknown(resource, { namespace, name })
      return undefined
    }))
  }
  return {
    ...client,
    create: (resource, object, options) => recorded(client.create(resource, object, options), resource, object.metadata, options),
    update: (resource, object, options) => recorded(client.update(resource, object, options), resource, object.metadata, options),
    patch: <A extends KubeObject>(...call: Parameters<KubeClient["Service"]["patch"]>) => recorded(client.patch<A>(...call), call[0], call[1], call[4]),
    delete: (resource, key, deleteOptions) =>
      client.delete(resource, key, deleteOptions).pipe(
        Effect.tap(() => OwnWrites.recordDeletion(resource, key)),
        Effect.tapError((error) => (isUnknown(error) ? OwnWrites.recordUnknown(resource, key) : Effect.void))
      )
  }
}

/** The answer did not come, or says that the server broke off: the write may have been carried out. */
const isUnknown = (error: KubeError.KubeError): boolean => !("status" in error.reason) || error.code >= 500
