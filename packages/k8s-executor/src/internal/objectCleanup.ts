/** The end of a launch: its object is deleted or let go, under its own uid. */
import type { PluginError, TaskExecutionContext } from "@fairlead/core"
import { KubeError, type KubeObject, type ObjectKey } from "@fairlead/kube"
import { Effect } from "effect"
import { kubeFailure } from "../CreateOutcome.ts"
import { isOurs, objectFinalizer, objectName } from "../ObjectMetadata.ts"
import * as ObjectState from "../ObjectState.ts"
import { hasObject, lookUp, type Parts, readLive } from "./runnerParts.ts"

/** Name and uid of the object of this launch, if there is one. */
const locate = Effect.fnUntraced(function*<A extends KubeObject>(
  parts: Parts<A>,
  context: TaskExecutionContext
): Effect.fn.Return<{ readonly name: string; readonly uid: string } | undefined, PluginError> {
  const state = context.state === undefined ? undefined : ObjectState.decode(context.state)
  if (state !== undefined && hasObject(state)) return state
  const { namespace } = context.metadata
  const name = objectName(context.metadata, context.launch, parts.plugin.generatedNameMaxLength)
  const object = lookUp(parts, namespace, name, context.now) ?? (yield* readLive(parts, { namespace, name }))
  return object !== undefined && isOurs(object, context.launch, context.metadata) && object.metadata.uid !== undefined
    ? { name, uid: object.metadata.uid }
    : undefined
})

const remove = <A extends KubeObject>(
  parts: Parts<A>,
  context: TaskExecutionContext,
  target: { readonly name: string; readonly uid: string }
): Effect.Effect<void, PluginError> =>
  Effect.andThen(
    Effect.catch(
      parts.client.delete(parts.plugin.resource, { namespace: context.metadata.namespace, name: target.name }, {
        propagationPolicy: "Background",
        ...parts.plugin.deleteOptions?.(context),
        preconditions: { uid: target.uid }
      }),
      (error) => {
        if (error.reason._tag === "Conflict") return unlessStillThere(parts, context, target, error)
        return KubeError.isReason(error, "NotFound", "Gone") ? Effect.void : Effect.fail(kubeFailure(parts.plugin.id, error))
      }
    ),
    Effect.sync(() => parts.recent.deleted(target.uid, context.now))
  )

/** A conflict mostly means that the object of that name is another one by now, but servers also have other reasons for it. */
const unlessStillThere = <A extends KubeObject>(
  parts: Parts<A>,
  context: TaskExecutionContext,
  target: { readonly name: string; readonly uid: string },
  error: KubeError.KubeError
): Effect.Effect<void, PluginError> =>
  Effect.flatMap(readLive(parts, { namespace: context.metadata.namespace, name: target.name }), (object) =>
    object?.metadata.uid === target.uid ? Effect.fail(kubeFailure(parts.plugin.id, error)) : Effect.void)

/** Deletes the object of the launch, if there is one. */
export const abort = Effect.fnUntraced(function*<A extends KubeObject>(parts: Parts<A>, context: TaskExecutionContext): Effect.fn.Return<void, PluginError> {
  const target = yield* locate(parts, context)
  if (target === undefined) return
  yield* remove(parts, context, target)
  parts.recent.forget(context.metadata.namespace, target.name)
})

/** Lets go of the object, and deletes it if it would outlive its task. */
export const finalize = <A extends KubeObject>(parts: Parts<A>, context: TaskExecutionContext): Effect.Effect<void, PluginError> => {
  const { config, plugin } = parts
  const state = context.state === undefined ? undefined : ObjectState.decode(context.state)
  const { namespace } = context.metadata
  const launchNumber = state?.launch ?? context.launch
  const name = state?.name ?? objectName(context.metadata, launchNumber, plugin.generatedNameMaxLength)
  const cached = lookUp(parts, namespace, name, context.now)
  // A finalizer that stays behind would keep the object for ever, so here the cache is not enough.
  const found = cached === undefined && config.injectFinalizer ? readLive(parts, { namespace, name }) : Effect.succeed(cached)
  return Effect.flatMapEager(found, (object) => {
    parts.recent.forget(namespace, name)
    const uid = object?.metadata.uid ?? state?.uid
    if (uid !== undefined) parts.events?.forget(uid)
    return object === undefined || uid === undefined || !isOurs(object, launchNumber, context.metadata)
      ? Effect.void
      : free(parts, context, { name, uid }, object)
  })
}

const free = <A extends KubeObject>(
  parts: Parts<A>,
  context: TaskExecutionContext,
  target: { readonly name: string; readonly uid: string },
  object: A
): Effect.Effect<void, PluginError> => {
  const key = { namespace: context.metadata.namespace, name: target.name }
  const released = object.metadata.finalizers?.includes(objectFinalizer) ?? false ? release(parts, key, object) : Effect.void
  return Effect.flatMapEager(released, () => {
    if (object.metadata.deletionTimestamp !== undefined || parts.recent.isDeleted(target.uid)) return Effect.void
    if (parts.config.deleteOnFinalize) return remove(parts, context, target)
    return goesOn(parts, object)
      ? Effect.flatMap(goesOnForSure(parts, key, target.uid), (isAtWork) => isAtWork ? remove(parts, context, target) : Effect.void)
      : Effect.void
  })
}

const goesOn = <A extends KubeObject>({ plugin }: Parts<A>, object: A): boolean => !plugin.isTerminal(object) && plugin.outlivesTask(object)

/** A cache that lags shows a pod at work that has ended, and with it its logs would go: the server has the last word. */
const goesOnForSure = <A extends KubeObject>(parts: Parts<A>, key: ObjectKey, uid: string): Effect.Effect<boolean, PluginError> =>
  Effect.map(readLive(parts, key), (object) => object?.metadata.uid === uid && goesOn(parts, object))

/** Takes our finalizer off and leaves those of others alone. */
const release = <A extends KubeObject>(parts: Parts<A>, key: ObjectKey, object: A): Effect.Effect<void, PluginError> =>
  Effect.catch(
    Effect.asVoid(parts.client.patch(parts.plugin.resource, key, "merge", {
      metadata: {
        uid: object.metadata.uid,
        resourceVersion: object.metadata.resourceVersion,
        finalizers: object.metadata.finalizers?.filter((it) => it !== objectFinalizer) ?? []
      }
    })),
    (error) => KubeError.isReason(error, "NotFound", "Gone") ? Effect.void : Effect.fail(kubeFailure(parts.plugin.id, error))
  )
