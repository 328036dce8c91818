/** Brings the endpoint slices of one owner to what they should hold, with as few writes as possible. */
import { type EndpointSlice, jsonEqual, KubeClient, KubeError, type KubeObject, KubeResource, type ObjectMeta } from "@fairlead/kube"
import { Effect } from "effect"
import { unlessGone } from "../unlessGone.ts"

/** What one slice should hold. */
export interface SliceContent {
  readonly addressType: string
  readonly endpoints: ReadonlyArray<unknown>
  readonly ports: ReadonlyArray<unknown>
}

/** Who owns the slices, and how they are known. */
export interface SliceOwner {
  readonly name: string
  readonly namespace: string
  readonly labels: { readonly [key: string]: string }
  readonly ownerReferences: ObjectMeta["ownerReferences"] & object
}

/** Takes it as done when another one was quicker or the namespace is on its way out. */
export const calmly = (write: Effect.Effect<unknown, KubeError.KubeError>): Effect.Effect<void, KubeError.KubeError> =>
  Effect.catchIf(Effect.asVoid(write), (error) => ["Forbidden", "NotFound"].includes(error.reason._tag), () => Effect.void)

/** Keeps slices that are right, fills others anew, makes what is missing and deletes what is too much. */
export const syncSlices = Effect.fnUntraced(function*(
  client: KubeClient["Service"],
  { labels, name, namespace, ownerReferences }: SliceOwner,
  stored: ReadonlyArray<EndpointSlice>,
  wanted: ReadonlyArray<SliceContent>
): Effect.fn.Return<void, KubeError.KubeError> {
  const contentOf = (it: EndpointSlice): unknown => ({ labels: it.metadata.labels, addressType: it.addressType, endpoints: it.endpoints ?? [], ports: it.ports ?? [] })
  const left = [...stored]
  const missing = wanted.filter((it) => {
    const at = left.findIndex((slice) => jsonEqual(contentOf(slice), { labels, ...it }))
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
  for (const { addressType, endpoints, ports } of missing) {
    // The type of the addresses cannot be changed.
    const at = left.findIndex((it) => it.addressType === addressType)
    const [old] = at < 0 ? [] : left.splice(at, 1)
    const metadata = old === undefined ? { generateName: `${name}-`, namespace, labels, ownerReferences } : { ...old.metadata, labels }
    const slice = { ...old, apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata, addressType, endpoints, ports } as KubeObject
    yield* calmly(old === undefined ? client.create(KubeResource.endpointSlices, slice) : client.update(KubeResource.endpointSlices, slice))
  }
  for (const { metadata } of left) yield* unlessGone(client.delete(KubeResource.endpointSlices, { namespace, name: metadata.name! }))
})
