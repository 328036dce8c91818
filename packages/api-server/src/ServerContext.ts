/** What the parts of the server share: the store, the catalog of resources, time and chance. */
import type { ResourceCatalog } from "./ResourceCatalog.ts"
import type { Store } from "./store/Store.ts"

/** The inside of a server. */
export interface ServerContext {
  readonly store: Store
  readonly catalog: ResourceCatalog
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Numbers in [0, 1). */
  readonly random: () => number
  /** Runs something later; the answer cancels it. */
  readonly schedule: (delayMs: number, run: () => void) => () => void
  /** Whether writes record who owns which field. */
  readonly managedFields: boolean
}
