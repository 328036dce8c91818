/** Reads what pods refer to through the API. */
import { type ConfigMap, KubeClient, KubeError, type KubeObject, KubeResource, type Pod, type Secret } from "@fairlead/kube"
import { Effect } from "effect"
import { type PodSources, StartFailed } from "../PodRuntime.ts"
import { containerCommand, type ObjectReader, type TokenRequest } from "./environment.ts"
import type { PodAddresses } from "./fieldRef.ts"
import { volumeContent } from "./volumeContent.ts"

/** Sources of one pod. `addresses` is asked when something is read: the pod's own address is known late. */
export const podSources = (client: KubeClient["Service"], pod: Pod, addresses: () => PodAddresses): PodSources => {
  const reader = objectReader(client)
  return {
    command: (container) => Effect.suspend(() => containerCommand(pod, container, addresses(), reader)),
    volume: (volume) => Effect.suspend(() => volumeContent(pod, volume, addresses(), reader))
  }
}

const objectReader = (client: KubeClient["Service"]): ObjectReader => ({
  configMap: (namespace, name) => find<ConfigMap>(client, KubeResource.configMaps, namespace, name),
  secret: (namespace, name) => find<Secret>(client, KubeResource.secrets, namespace, name),
  token: (namespace, account, request) => requestToken(client, namespace, account, request)
})

const find = <A extends KubeObject>(
  client: KubeClient["Service"],
  resource: KubeResource.KubeResource,
  namespace: string,
  name: string
): Effect.Effect<A | undefined, StartFailed> =>
  client.get<A>(resource, { namespace, name }).pipe(
    Effect.catch((error) => (KubeError.isReason(error, "NotFound") ? Effect.undefined : unreadable(error)))
  )

const unreadable = (error: KubeError.KubeError): StartFailed => new StartFailed({ reason: "CreateContainerConfigError", description: error.message })

interface TokenAnswer {
  readonly status?: { readonly token?: string }
}

const requestToken = (
  client: KubeClient["Service"],
  namespace: string,
  account: string,
  { audience, expirationSeconds, pod }: TokenRequest
): Effect.Effect<string, StartFailed> => {
  const body = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: {},
    spec: {
      audiences: audience === undefined ? [] : [audience],
      expirationSeconds,
      boundObjectRef: { apiVersion: "v1", kind: "Pod", name: pod.metadata.name, uid: pod.metadata.uid }
    }
  }
  return client.createSubresource(KubeResource.serviceAccounts, { namespace, name: account, subresource: "token" }, body).pipe(
    Effect.mapError((error) => new StartFailed({ reason: "FailedMount", description: `failed to fetch token: ${error.message}` })),
    Effect.map((answer) => (answer as TokenAnswer).status?.token ?? "")
  )
}
