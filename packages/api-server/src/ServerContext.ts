/** What the parts of the server share: the store, the catalog of resources, time and chance. */
import type { User } from "./ApiRequest.ts"
import type { Kubelet } from "./Kubelet.ts"
import type { Outside } from "./outside/Outside.ts"
import type { FlowRule } from "./policy/fairness/TooMany.ts"
import type { AdmissionCollections } from "./policy/AdmissionCollections.ts"
import type { ResourceCatalog } from "./ResourceCatalog.ts"
import type { Store } from "./store/Store.ts"

/** The inside of a server. */
export interface ServerContext {
  readonly store: Store
  readonly catalog: ResourceCatalog
  readonly admission: AdmissionCollections
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Numbers in [0, 1). */
  readonly random: () => number
  /** Runs something later; the answer cancels it. */
  readonly schedule: (delayMs: number, run: () => void) => () => void
  /** Whether writes record who owns which field. */
  readonly managedFields: boolean
  /** Users by bearer token. */
  readonly tokens: { readonly [token: string]: User }
  /** Signs the tokens of service accounts. */
  readonly secret: string
  /** Told of broken invariants. */
  readonly onDefect: (defect: unknown) => void
  /** Answers what is asked outside the server. */
  readonly outside: Outside
  /** Decide which requests are too many. */
  readonly flowRules: Set<FlowRule>
  /** Speaks for the nodes, if somebody does. */
  kubelet: Kubelet | undefined
}
