/** Whether and how an action uses the cache: worked out once from its template. */
import { Idl, type TaskAction } from "@fairlead/core"

/** What to do with the cache: the usual; replace what is there; leave it alone; remove what is there. */
export const cacheModes = ["use", "overwrite", "skip", "evict"] as const
export type CacheMode = (typeof cacheModes)[number]

/** Annotation of an action that says for it alone what to do with the cache. */
const cacheAnnotation = "fairlead.dev/cache"

/** How an action uses the cache. */
export interface CachePlan {
  readonly mode: CacheMode
  readonly id: Idl.Identifier
  readonly interface: Idl.TypedInterface | undefined
  readonly ignoredInputs: ReadonlyArray<string>
  readonly version: string
  /** Only one of several equal tasks works, the others wait. */
  readonly isSerializable: boolean
  /** Names the action among all that may ask for the same result, wherever they run. */
  readonly owner: string
}

const isMode = (word: string | undefined): word is CacheMode => (cacheModes as ReadonlyArray<string | undefined>).includes(word)

/** The plan of an action; none if its task is not discoverable, or has no name to be found by. */
export const cachePlanOf = (action: TaskAction.TaskAction, template: Idl.TaskTemplate, modeDefault: CacheMode): CachePlan | undefined => {
  const { id, metadata } = template
  if (metadata?.discoverable !== true || id === undefined) return undefined
  const asked = action.metadata.annotations?.[cacheAnnotation]
  const { cacheKey } = action.spec
  const { name, namespace, uid } = action.metadata
  return {
    mode: isMode(asked) ? asked : modeDefault,
    id,
    interface: template.interface,
    ignoredInputs: metadata.cacheIgnoreInputVars,
    // Flyte leaves the version empty when nobody gave a key, so that results outlive their version.
    version: cacheKey === undefined || cacheKey === "" ? metadata.discoveryVersion : cacheKey,
    isSerializable: metadata.cacheSerializable,
    owner: `${namespace}/${name}/${uid}`
  }
}
