/** Which pods belong to an owner by its selector: those it has, those it may adopt, and those it has to let go. */
import { OwnerReferences } from "@fairlead/controller"
import { KubeClient, KubeError, type KubeObject, KubeResource, Selector } from "@fairlead/kube"
import { Effect, Result } from "effect"
import { unlessGone } from "./unlessGone.ts"

/** What becomes of the objects that an owner could have. */
export interface Claims<A extends KubeObject> {
  readonly owned: ReadonlyArray<A>
  readonly adopt: ReadonlyArray<A>
  readonly release: ReadonlyArray<A>
}

const controllerOf = ({ metadata }: KubeObject) => metadata.ownerReferences?.find((it) => it.controller === true)

/** Sorts objects of the owner's namespace. An owner on its way out adopts nothing. */
export const claimsOf = <A extends KubeObject>(owner: KubeObject, selector: Selector.LabelSelectorObject | undefined, objects: ReadonlyArray<A>): Claims<A> => {
  const matches = matcher(selector)
  const mine = objects.filter((it) => controllerOf(it)?.uid === owner.metadata.uid)
  const isGoing = owner.metadata.deletionTimestamp !== undefined
  return {
    owned: mine.filter((it) => matches(it.metadata.labels)),
    release: isGoing ? [] : mine.filter((it) => !matches(it.metadata.labels)),
    adopt: isGoing ? [] : objects.filter((it) => controllerOf(it) === undefined && it.metadata.deletionTimestamp === undefined && matches(it.metadata.labels))
  }
}

/** Asks labels by the object form of a selector; what cannot be read selects nothing. */
export const matcher = (selector: Selector.LabelSelectorObject | undefined): (labels: Selector.Labels) => boolean => {
  const parsed = Selector.fromLabelSelector(selector)
  return Result.isSuccess(parsed) ? parsed.success.matches : () => false
}

/** Carries the claims out; answers what the owner has afterwards. */
export const claim = Effect.fnUntraced(function*<A extends KubeObject>(
  client: KubeClient["Service"],
  ownerKind: KubeResource.KubeResource,
  owner: KubeObject,
  kind: KubeResource.KubeResource,
  { adopt, owned, release }: Claims<A>
): Effect.fn.Return<ReadonlyArray<A>, KubeError.KubeError> {
  for (const { metadata: { name, namespace, uid } } of release) {
    const metadata = { uid, ownerReferences: [{ $patch: "delete", uid: owner.metadata.uid }] }
    yield* unlessGone(client.patch(kind, { namespace, name: name! }, "strategic", { metadata }))
  }
  const adopted: Array<A> = []
  for (const { metadata: { name, namespace, uid } } of adopt) {
    const metadata = { uid, ownerReferences: [OwnerReferences.to(ownerKind, owner)] }
    const found = yield* unlessGone(client.patch<A>(kind, { namespace, name: name! }, "strategic", { metadata }))
    if (found !== undefined) adopted.push(found)
  }
  return [...owned, ...adopted]
})
