/** Follows every kind of object that can be deleted: the built-in ones, and custom ones as their definitions come and go. */
import { type Change, Informer } from "@fairlead/controller"
import { type CustomResourceDefinition, type KubeObject, KubeResource, type KubeTransport } from "@fairlead/kube"
import { Effect, Exit, Scope, Semaphore } from "effect"

/** One kind that is followed. */
export interface FollowedKind {
  readonly resource: KubeResource.KubeResource
  readonly informer: Informer
}

/** Hears of every change of every followed kind. */
export type ChangeListener = (kind: FollowedKind, change: Change) => void

/** The kinds of a cluster and their informers. */
export interface ResourceDirectory {
  /** In the order in which they were found. */
  readonly kinds: () => ReadonlyArray<FollowedKind>
  /** The resource of an `apiVersion` and kind. */
  readonly find: (apiVersion: string, kind: string) => KubeResource.KubeResource | undefined
  /** Hears of all changes, of kinds that are found later too. Answers the way to stop. */
  readonly subscribe: (listener: ChangeListener) => () => void
}

/** Starts to follow `resources` and everything that is defined. Informers that exist already are shared. */
export const make = Effect.fnUntraced(function*(
  resources: ReadonlyArray<KubeResource.KubeResource>,
  existing: ReadonlyArray<Informer>
): Effect.fn.Return<ResourceDirectory, never, KubeTransport | Scope.Scope> {
  const context = yield* Effect.context<KubeTransport>()
  const scope = yield* Effect.scope
  const directory = new Directory()
  for (const resource of resources) {
    const informer = existing.find((it) => samePlace(it.resource, resource)) ?? (yield* Informer.make({ resource, transform: keep }))
    directory.add({ resource, informer })
  }
  const definitions = directory.kinds().find((it) => samePlace(it.resource, KubeResource.customResourceDefinitions))?.informer
  const fork = Effect.runForkWith(context)
  const gate = yield* Semaphore.make(1)
  definitions?.subscribe(({ object, type }) => {
    const one = follow(directory, object as CustomResourceDefinition, type === "Deleted", scope)
    fork(Effect.forkIn(gate.withPermits(1)(one), scope))
  })
  return directory
})

/** Objects are shared and immutable anyway; a copy without some fields would cost more than it saves. */
const keep = (object: KubeObject): KubeObject => object

const samePlace = (a: KubeResource.KubeResource, b: KubeResource.KubeResource): boolean =>
  a.group === b.group && a.version === b.version && a.plural === b.plural

/** One version of a custom kind is enough, and the stored one is always there while it is served. */
const follow = Effect.fnUntraced(function*(
  directory: Directory,
  definition: CustomResourceDefinition,
  isGone: boolean,
  scope: Scope.Scope
): Effect.fn.Return<void, never, KubeTransport> {
  const { group, names, scope: reach, versions } = definition.spec
  const version = versions.find((it) => it.storage && it.served) ?? versions.find((it) => it.served)
  const isServed = definition.status?.conditions?.some((it) => it.type === "Established" && it.status === "True") ?? false
  const resource = KubeResource.make(group, version?.name ?? "", names.plural, names.kind, reach === "Namespaced")
  if (isGone || version === undefined || !isServed) return yield* directory.remove(group, names.plural)
  if (directory.has(resource)) return
  yield* directory.remove(group, names.plural)
  const own = yield* Scope.fork(scope)
  const informer = yield* Informer.make({ resource, transform: keep }).pipe(Effect.provideService(Scope.Scope, own))
  directory.add({ resource, informer }, own)
})

class Directory implements ResourceDirectory {
  readonly #kinds = new Map<string, { readonly kind: FollowedKind; readonly scope: Scope.Closeable | undefined }>()
  readonly #listeners = new Map<ChangeListener, Array<() => void>>()

  kinds(): ReadonlyArray<FollowedKind> {
    return Array.from(this.#kinds.values(), (it) => it.kind)
  }

  has(resource: KubeResource.KubeResource): boolean {
    const found = this.#kinds.get(placeOf(resource.group, resource.plural))
    return found !== undefined && samePlace(found.kind.resource, resource)
  }

  find(apiVersion: string, kind: string): KubeResource.KubeResource | undefined {
    const slash = apiVersion.indexOf("/")
    const group = slash < 0 ? "" : apiVersion.slice(0, slash)
    for (const { kind: it } of this.#kinds.values()) if (it.resource.group === group && it.resource.kind === kind) return it.resource
    return undefined
  }

  subscribe(listener: ChangeListener): () => void {
    const stops: Array<() => void> = []
    this.#listeners.set(listener, stops)
    for (const { kind } of this.#kinds.values()) stops.push(kind.informer.subscribe((change) => listener(kind, change)))
    return () => {
      this.#listeners.delete(listener)
      for (const stop of stops) stop()
    }
  }

  add(kind: FollowedKind, scope?: Scope.Closeable): void {
    this.#kinds.set(placeOf(kind.resource.group, kind.resource.plural), { kind, scope })
    for (const [listener, stops] of this.#listeners) stops.push(kind.informer.subscribe((change) => listener(kind, change)))
  }

  /** Stops following a kind. Its objects count as gone: a definition takes them along. */
  remove(group: string, plural: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      const found = this.#kinds.get(placeOf(group, plural))
      if (found === undefined) return Effect.void
      this.#kinds.delete(placeOf(group, plural))
      const objects = found.kind.informer.store.list()
      return Effect.map(found.scope === undefined ? Effect.void : Scope.close(found.scope, Exit.void), () => {
        for (const object of objects) for (const listener of this.#listeners.keys()) listener(found.kind, { type: "Deleted", object })
      })
    })
  }
}

const placeOf = (group: string, plural: string): string => `${plural}.${group}`
