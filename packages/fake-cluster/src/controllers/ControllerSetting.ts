/** What the controllers of a cluster have in common, and how they are started. */
import { type Informer, OwnWrites } from "@fairlead/controller"
import { KubeClient, type KubeObject, type KubeResource, type Pod } from "@fairlead/kube"
import { Effect, type Scope } from "effect"
import { awaitStores } from "../internal/awaitStores.ts"
import { CoreEvents, type Tell } from "../internal/coreEvents.ts"
import { PodIndex } from "../internal/podIndex.ts"
import type { ResourceDirectory } from "../internal/resourceDirectory.ts"

/** What a controller works with. */
export interface ControllerSetting {
  /** Writes in the name of Kubernetes' controllers, and remembers what it wrote. */
  readonly client: KubeClient["Service"]
  readonly pods: Informer<Pod>
  readonly podIndex: PodIndex
  readonly directory: ResourceDirectory
  /** The informer of a built-in kind. */
  readonly follow: <A extends KubeObject>(resource: KubeResource.KubeResource) => Informer<A>
  /** Speaks in the name of a component. */
  readonly tellAs: (component: string) => Tell
}

/** How the controllers of Kubernetes sign their writes. */
const fieldManager = "kube-controller-manager"

/** Makes the setting of a cluster's controllers. */
export const make = Effect.fnUntraced(function*(pods: Informer<Pod>, directory: ResourceDirectory): Effect.fn.Return<ControllerSetting, never, KubeClient> {
  const client = OwnWrites.recording(signing(yield* KubeClient))
  const events = new CoreEvents(client)
  const follow = <A extends KubeObject>(resource: KubeResource.KubeResource): Informer<A> => {
    const found = directory.kinds().find(({ resource: it }) => it.group === resource.group && it.plural === resource.plural)
    if (found === undefined) throw new Error(`${resource.plural}.${resource.group} is not one of the kinds that a cluster follows: add it to builtinResources`)
    return found.informer as Informer as Informer<A>
  }
  return { client, pods, podIndex: new PodIndex(pods), directory, follow, tellAs: events.of }
})

const signing = (client: KubeClient["Service"]): KubeClient["Service"] => {
  const signed = <A extends { readonly query?: object | undefined }>(options: A | undefined) => ({ ...options, query: { fieldManager, ...options?.query } })
  return {
    ...client,
    create: (resource, object, options) => client.create(resource, object, signed(options)),
    createSubresource: (resource, key, body, options) => client.createSubresource(resource, key, body, signed(options)),
    update: (resource, object, options) => client.update(resource, object, signed(options)),
    patch: (resource, key, type, body, options) => client.patch(resource, key, type, body, signed(options))
  }
}

/** Starts a controller as soon as there is something for it, an object of its kinds when not told otherwise: until then it costs nothing. */
export const whenUsed = <R>(
  informers: ReadonlyArray<Pick<Informer, "store">>,
  controller: Effect.Effect<never, never, R>,
  isUsed: () => boolean = () => informers.some((it) => it.store.size > 0)
): Effect.Effect<unknown, never, R | Scope.Scope> => Effect.forkScoped(Effect.andThen(awaitStores(informers as ReadonlyArray<Informer>, isUsed), controller))

/** Limits and delays that controllers share. */
export const queue = { backoffMin: 100, backoffMax: 60_000 } as const
