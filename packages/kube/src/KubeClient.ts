/** Typed calls on Kubernetes objects over whichever transport is provided. */
import { Context, Effect, Layer } from "effect"
import { KubeError } from "./KubeError.ts"
import type { KubeList, KubeObject } from "./KubeObject.ts"
import { type KubeResource, pathOf } from "./KubeResource.ts"
import { type KubeAnswer, type KubeQuery, type KubeRequest, KubeTransport, type PatchType } from "./KubeTransport.ts"

/** Names one object, or one of its subresources. */
export interface ObjectKey {
  /** Left out for cluster-scoped kinds. */
  readonly namespace?: string | undefined
  readonly name: string
  readonly subresource?: string | undefined
}

/** Body of a delete: `metav1.DeleteOptions` without its header. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan"
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

/** Query parameters of one call, by their Kubernetes names. */
export interface CallOptions {
  readonly query?: KubeQuery | undefined
  readonly subresource?: string | undefined
}

/**
 * Calls on objects. Types are promised by the caller: the answer of the server is not decoded beyond being an object
 * with `metadata`. Every error is a `KubeError`; nothing is retried here.
 */
export class KubeClient extends Context.Service<KubeClient, {
  readonly get: <A extends KubeObject>(resource: KubeResource, key: ObjectKey, options?: CallOptions) => Effect.Effect<A, KubeError>
  /** One page; follow `metadata.continue` with `query.continue`. */
  readonly list: <A extends KubeObject>(
    resource: KubeResource,
    namespace: string | undefined,
    options?: CallOptions
  ) => Effect.Effect<KubeList<A>, KubeError>
  /** Creates `object` in its own `metadata.namespace`. */
  readonly create: <A extends KubeObject>(resource: KubeResource, object: A, options?: CallOptions) => Effect.Effect<A, KubeError>
  /** Posts `body` to a subresource of an object, as bindings and evictions want it. */
  readonly createSubresource: (resource: KubeResource, key: ObjectKey, body: unknown, options?: CallOptions) => Effect.Effect<KubeAnswer, KubeError>
  /** Replaces the object; with `metadata.resourceVersion` it fails with `Conflict` when the stored one differs. */
  readonly update: <A extends KubeObject>(resource: KubeResource, object: A, options?: CallOptions) => Effect.Effect<A, KubeError>
  readonly patch: <A extends KubeObject>(
    resource: KubeResource,
    key: ObjectKey,
    type: PatchType,
    body: unknown,
    options?: CallOptions
  ) => Effect.Effect<A, KubeError>
  /** Asks for deletion; succeeds also when the object stays until its finalizers are gone. */
  readonly delete: (resource: KubeResource, key: ObjectKey, deleteOptions?: DeleteOptions) => Effect.Effect<void, KubeError>
}>()("@fairlead/kube/KubeClient") {
  static readonly layer: Layer.Layer<KubeClient, never, KubeTransport> = Layer.effect(
    KubeClient,
    Effect.map(KubeTransport, make)
  )
}

/** Every request is made here and in one shape, whichever call it is: transports and servers read them all in the same places. */
const requestOf = (
  verb: KubeRequest["verb"],
  resource: KubeResource,
  { name, namespace, subresource }: { readonly namespace?: string | undefined; readonly name?: string | undefined; readonly subresource?: string | undefined },
  options: CallOptions | undefined,
  body?: unknown,
  patchType?: PatchType
): KubeRequest => ({ verb, resource, namespace, name, subresource: options?.subresource ?? subresource, query: options?.query, body, patchType })

function make(transport: KubeTransport["Service"]): KubeClient["Service"] {
  const requestObject = <A extends KubeObject>(request: KubeRequest): Effect.Effect<A, KubeError> =>
    Effect.flatMap(transport.request(request), (answer) =>
      typeof answer.metadata === "object" ? Effect.succeed(answer as A) : Effect.fail(notAnObject(request.verb, request.resource, request.namespace, request.name)))

  return {
    get: (resource, key, options) => requestObject(requestOf("get", resource, key, options)),
    list: <A extends KubeObject>(resource: KubeResource, namespace: string | undefined, options?: CallOptions) =>
      Effect.flatMap(transport.request(requestOf("list", resource, { namespace }, options)), (answer) =>
        "items" in answer
          ? Effect.succeed({ ...answer, items: answer.items ?? [] } as KubeList<A>)
          : Effect.fail(notAnObject("list", resource, namespace, undefined))),
    create: (resource, object, options) => requestObject(requestOf("create", resource, { namespace: object.metadata.namespace }, options, object)),
    createSubresource: (resource, key, body, options) => transport.request(requestOf("create", resource, key, options, body)),
    update: (resource, object, options) => requestObject(requestOf("update", resource, { namespace: object.metadata.namespace, name: object.metadata.name }, options, object)),
    patch: (resource, key, patchType, body, options) => requestObject(requestOf("patch", resource, key, options, body, patchType)),
    delete: (resource, key, deleteOptions) =>
      Effect.asVoid(transport.request(
        requestOf("delete", resource, key, undefined, deleteOptions === undefined ? undefined : { kind: "DeleteOptions", apiVersion: "v1", ...deleteOptions })
      ))
  }
}

const notAnObject = (verb: string, resource: KubeResource, namespace: string | undefined, name: string | undefined): KubeError =>
  new KubeError({
    method: `${verb} ${pathOf(resource, { namespace, name })}`,
    reason: { _tag: "DecodeFailed", description: "the answer is neither an object with metadata nor a list with items" }
  })
