/** Lets a controller wait until it can see what it wrote. */
import { Context, Effect, Layer } from "effect"
import { KubeClient, type KubeObject, type KubeResource } from "@fairlead/kube"

/** Takes note of writes on behalf of the key that is being reconciled. */
export interface WriteRecord {
  readonly record: (object: KubeObject) => void
  readonly recordDeletion: (resource: KubeResource.KubeResource, key: { readonly namespace?: string | undefined; readonly name: string }) => void
}

/** The record of the running reconcile. Outside a controller it takes no notes. */
export const CurrentWrites: Context.Reference<WriteRecord> = Context.Reference<WriteRecord>("@fairlead/controller/CurrentWrites", {
  defaultValue: () => ({ record: () => undefined, recordDeletion: () => undefined })
})

/**
 * Read your own writes.
 *
 * Flow: a reconcile writes an object and records the answer. The next run of the same key is held back until the
 * informer of that kind has seen the written version; for deletions, until the object is gone or marked. If that takes
 * longer than the controller's `ownWritesTimeout`, the object is read from the server into the store, and then the key runs.
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
  recordDeletion: (resource: KubeResource.KubeResource, key: { readonly namespace?: string | undefined; readonly name: string }): Effect.Effect<void> =>
    Effect.map(CurrentWrites, (writes) => writes.recordDeletion(resource, key)),

  /** A client that records all its writes, dry runs excepted. */
  recording: (client: KubeClient["Service"]): KubeClient["Service"] => recording(client),

  /** The client of the context, recording. */
  layer: Layer.effect(KubeClient, Effect.map(KubeClient, (client) => recording(client))) as Layer.Layer<KubeClient, never, KubeClient>
}

const recording = (client: KubeClient["Service"]): KubeClient["Service"] => {
  const recorded = <A extends KubeObject, E>(write: Effect.Effect<A, E>, dryRun: string | undefined): Effect.Effect<A, E> =>
    dryRun === undefined ? Effect.tap(write, OwnWrites.record) : write
  return {
    ...client,
    create: (resource, object, options) => recorded(client.create(resource, object, options), options?.query?.["dryRun"]),
    update: (resource, object, options) => recorded(client.update(resource, object, options), options?.query?.["dryRun"]),
    patch: <A extends KubeObject>(...call: Parameters<KubeClient["Service"]["patch"]>) => recorded(client.patch<A>(...call), call[4]?.query?.["dryRun"]),
    delete: (resource, key, deleteOptions) => Effect.tap(client.delete(resource, key, deleteOptions), () => OwnWrites.recordDeletion(resource, key))
  }
}
