/** How requests get to a real cluster, before any policy about them. */
import { KubeError, KubeTransportFetch } from "@fairlead/kube"
import { Effect, Layer } from "effect"
import type { ClusterAccess } from "./ClusterAccess.ts"
import * as FetchNode from "./FetchNode.ts"

export interface ClusterWireOptions {
  readonly access: ClusterAccess
  readonly userAgent: string
  /** Carries requests to the API server; Node's `http` and `https` with the material of `access` if left out. */
  readonly fetch?: FetchNode.FetchNode | undefined
}

/** Sends each request once, with the token of `access`. */
export const layer = ({ access, fetch: given, userAgent }: ClusterWireOptions) => {
  const carrier = given === undefined ? FetchNode.make({ tls: () => Effect.runPromise(access.tls) }) : Effect.succeed(given)
  return Layer.unwrap(Effect.map(carrier, (fetch) =>
    KubeTransportFetch.layer({
      baseUrl: access.server,
      fetch,
      token: access.token === undefined
        ? undefined
        : Effect.mapError(access.token, (error) => new KubeError.KubeError({ method: "token", reason: { _tag: "TransportFailed", description: error.message } })),
      tokenAgeMax: access.tokenAgeMax,
      userAgent
    })))
}
