/** The seam to Kubernetes: requests go out, objects and watch events come back. */
import { Context, type Effect } from "effect"
import type { KubeError } from "./KubeError.ts"
import type { KubeList, KubeObject, ListMeta, Status } from "./KubeObject.ts"
import type { KubeResource } from "./KubeResource.ts"

/** How a patch body is to be read. */
export type PatchType = "json" | "merge" | "strategic" | "apply"

/** The media type that each patch type travels under. */
export const patchMediaTypes: Readonly<Record<PatchType, string>> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml"
}

/** Query parameters by their Kubernetes names (`labelSelector`, `fieldManager`, `dryRun`, `limit`, …). */
export type KubeQuery = { readonly [name: string]: string | undefined }

/** One call that has one answer. */
export interface KubeRequest {
  readonly verb: "get" | "list" | "create" | "update" | "patch" | "delete" | "deletecollection"
  readonly resource: KubeResource
  /** Left out for cluster-scoped objects and for lists over all namespaces. */
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
  readonly query?: KubeQuery | undefined
  /** The object, the patch, or `DeleteOptions`. Belongs to the transport from now on. */
  readonly body?: unknown
  /** Needed for `patch`. */
  readonly patchType?: PatchType | undefined
  /** For `get` and `list`: `PartialObjectMetadata` is enough. A transport that cannot ask for it hands out whole objects. */
  readonly metadataOnly?: boolean | undefined
}

/** What a call answers: an object, a list, or a `Status` (some deletes). */
export type KubeAnswer = KubeObject | KubeList | (Status & { readonly metadata: ListMeta })

/** One change of a watched object. `BOOKMARK` carries only a resource version; `ERROR` carries a `Status`. */
export type WatchEvent<A extends KubeObject = KubeObject> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: A }
  | { readonly type: "BOOKMARK"; readonly object: KubeObject }
  | { readonly type: "ERROR"; readonly object: Status }

/** A watch on a collection. */
export interface KubeWatchRequest {
  readonly resource: KubeResource
  readonly namespace?: string | undefined
  readonly query?: KubeQuery | undefined
  /** `PartialObjectMetadata` is enough, as in a request. */
  readonly metadataOnly?: boolean | undefined
}

/**
 * Speaks the Kubernetes API.
 *
 * Guarantees, whichever transport it is:
 * - objects handed out are shared and immutable; bodies handed in are owned by the transport;
 * - `request` fails only with `KubeError`; a failure `Status` becomes an error, never an answer;
 * - an interrupted `request` may or may not have been carried out;
 * - `watch` calls `onEvents` in the order of the events and never at the same time twice; it is a plain function
 *   that must not throw and must return quickly. The effect ends when the server ends the stream, fails when the watch
 *   cannot be opened or breaks, and closes the watch when interrupted. An `ERROR` event is handed to `onEvents`
 *   like any other; the stream then ends.
 */
export class KubeTransport extends Context.Service<KubeTransport, {
  readonly request: (request: KubeRequest) => Effect.Effect<KubeAnswer, KubeError>
  readonly watch: (
    request: KubeWatchRequest,
    onEvents: (events: ReadonlyArray<WatchEvent>) => void
  ) => Effect.Effect<void, KubeError>
}>()("@fairlead/kube/KubeTransport") {}
