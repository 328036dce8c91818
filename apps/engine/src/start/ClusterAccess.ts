/** Where the API server is and how one proves who one is: what kubeconfigs and service accounts boil down to. */
import { Data, type Effect } from "effect"

/** What a connection is secured with; PEM texts. */
export interface TlsMaterial {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** The name that the server's certificate must have, where that is not its address. */
  readonly serverName?: string | undefined
  /** Takes any certificate. Whoever stands between can then read and change everything. */
  readonly insecure?: boolean | undefined
}

/** Access to one cluster. Effects read anew each time, for files and tokens rotate under running programs. */
export interface ClusterAccess {
  /** For people: `the context "dev" of kubeconfig.yaml`. */
  readonly description: string
  readonly server: string
  /** Namespace of the pod or of the context. */
  readonly namespace: string
  readonly tls: Effect.Effect<TlsMaterial, ClusterAccessError>
  readonly token: Effect.Effect<string, ClusterAccessError> | undefined
  /** How long a token is used before it is asked for again, in milliseconds; a refused one is asked for at once. */
  readonly tokenAgeMax: number
}

/** Access cannot be had as it is described. Tells no secrets. */
export class ClusterAccessError extends Data.TaggedError("ClusterAccessError")<{ readonly source: string; readonly problem: string }> {
  override get message(): string {
    return `${this.source}: ${this.problem}`
  }
}
