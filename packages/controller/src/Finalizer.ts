/** Keeps an object until what was made for it is cleaned up. */
import { Effect } from "effect"
import { KubeClient, KubeError, type KubeObject, type KubeResource } from "@fairlead/kube"
import { OwnWrites } from "./OwnWrites.ts"
import { Result } from "./Result.ts"

/** What to do while an object lives, and what before it goes. */
export interface FinalizerOptions<A extends KubeObject, E, R, E2, R2> {
  readonly resource: KubeResource.KubeResource
  /** A name with the domain of its owner: `example.org/cleanup`. */
  readonly finalizer: string
  /** The object as the store shows it. */
  readonly object: A
  /** The object lives and has the finalizer: bring the world nearer to what it asks. Must be repeatable. */
  readonly apply: (object: A) => Effect.Effect<Result, E, R>
  /** The object is being deleted: undo what `apply` did. Must be repeatable, and succeed when there is nothing left to undo. */
  readonly cleanup: (object: A) => Effect.Effect<Result, E2, R2>
}

/** Works with finalizers. */
export const Finalizer = {
  /**
   * Runs one reconcile of an object that needs cleaning up.
   *
   * Flow:
   * 1. the object lives and lacks the finalizer: it is added first, so that nothing is made that nobody would clean up;
   *    then `apply` runs with the object as the server answered it;
   * 2. it lives and has it: `apply` runs;
   * 3. it is being deleted and has it: `cleanup` runs. When it answers `Result.done`, the finalizer is removed, and
   *    with the last one the server deletes the object. When it asks to be called again, the finalizer stays;
   * 4. it is being deleted and lacks it: nothing is left to do.
   *
   * Guarantees: `cleanup` ends well at least once for every object that `apply` ever saw, unless somebody takes the
   * finalizer away by force. Both may run many times, also after a failure half way through.
   *
   * Assumptions: the object may be out of date. The patches test what they rely on, the uid and the list of
   * finalizers, so an outdated object makes them fail with `Invalid`, and the reconcile is tried again on a newer one.
   */
  run: <A extends KubeObject, E, R, E2, R2>(
    options: FinalizerOptions<A, E, R, E2, R2>
  ): Effect.Effect<Result, E | E2 | KubeError.KubeError, R | R2 | KubeClient> => run(options)
}

const run = Effect.fnUntraced(function*<A extends KubeObject, E, R, E2, R2>(options: FinalizerOptions<A, E, R, E2, R2>) {
  const { finalizer, object } = options
  const index = (object.metadata.finalizers ?? []).indexOf(finalizer)
  if (object.metadata.deletionTimestamp === undefined) {
    return yield* options.apply(index < 0 ? yield* patch<A>(options, addition(object, finalizer)) : object)
  }
  if (index < 0) return Result.done
  const result = yield* options.cleanup(object)
  if (result.requeueAfter !== undefined) return result
  yield* Effect.catchIf(patch<A>(options, removal(object, finalizer, index)), (error) => KubeError.isReason(error, "NotFound"), () => Effect.void)
  return result
})

const patch = <A extends KubeObject>(options: { readonly resource: KubeResource.KubeResource; readonly object: A }, operations: ReadonlyArray<object>): Effect.Effect<A, KubeError.KubeError, KubeClient> =>
  Effect.flatMap(KubeClient, (client) => {
    const { name, namespace } = options.object.metadata
    return Effect.tap(client.patch<A>(options.resource, { namespace, name: name! }, "json", operations), OwnWrites.record)
  })

const sameObject = (object: KubeObject): ReadonlyArray<object> =>
  object.metadata.uid === undefined ? [] : [{ op: "test", path: "/metadata/uid", value: object.metadata.uid }]

const addition = (object: KubeObject, finalizer: string): ReadonlyArray<object> => {
  const present = object.metadata.finalizers ?? []
  // The API server lets a test for null pass when the field is absent.
  return present.length === 0
    ? [...sameObject(object), { op: "test", path: "/metadata/finalizers", value: null }, { op: "add", path: "/metadata/finalizers", value: [finalizer] }]
    : [...sameObject(object), { op: "test", path: "/metadata/finalizers", value: present }, { op: "add", path: "/metadata/finalizers/-", value: finalizer }]
}

const removal = (object: KubeObject, finalizer: string, index: number): ReadonlyArray<object> => [
  ...sameObject(object),
  { op: "test", path: `/metadata/finalizers/${index}`, value: finalizer },
  { op: "remove", path: `/metadata/finalizers/${index}` }
]
