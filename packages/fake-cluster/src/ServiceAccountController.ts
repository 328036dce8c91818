/** Gives every namespace what pods expect in it: the account `default` and the certificate of the cluster. */
import { Controller, type Informer, Result, Source, type Store } from "@fairlead/controller"
import { type ConfigMap, jsonEqual, KubeClient, type KubeError, type KubeObject, KubeResource, type Namespace } from "@fairlead/kube"
import { Effect } from "effect"

/** What the controller works on. */
export interface ServiceAccountControllerOptions {
  readonly namespaces: Informer<Namespace>
  readonly serviceAccounts: Informer
  readonly configMaps: Informer<ConfigMap>
  /** PEM text for the config map `kube-root-ca.crt`, which pods mount with their token; may be empty. */
  readonly rootCertificate: string
}

const accountName = "default"
const certificateName = "kube-root-ca.crt"
const certificateAnnotations = {
  "kubernetes.io/description":
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
} as const

/** True when a namespace has what pods expect. */
export const isProvided = (serviceAccounts: Store, configMaps: Store<ConfigMap>, namespace: string): boolean =>
  serviceAccounts.get(namespace, accountName) !== undefined && configMaps.get(namespace, certificateName) !== undefined

/** Runs until interrupted. What is deleted comes back, and changed content of the certificate's config map is set back. */
export const run = Effect.fnUntraced(function*(options: ServiceAccountControllerOptions): Effect.fn.Return<never, never, KubeClient> {
  const client = yield* KubeClient
  const { configMaps, namespaces, serviceAccounts } = options
  const namespaceOf = (name: string) => (object: KubeObject) => (object.metadata.name === name ? [{ name: object.metadata.namespace! }] : [])
  return yield* Controller.run({
    name: "service-account",
    workers: 5,
    shutdownTimeout: 0,
    queue: { backoffMin: 100, backoffMax: 60_000 },
    sources: [
      Source.of(namespaces),
      Source.mapped(serviceAccounts, namespaceOf(accountName), { predicate: ({ type }) => type === "Deleted" }),
      Source.mapped(configMaps, namespaceOf(certificateName))
    ],
    reconcile: ({ name }) => {
      const namespace = namespaces.store.get(undefined, name)
      return namespace === undefined || namespace.metadata.deletionTimestamp !== undefined
        ? Effect.succeed(Result.done)
        : Effect.as(provide(client, options, name), Result.done)
    }
  })
})

const provide = Effect.fnUntraced(function*(
  client: KubeClient["Service"],
  { configMaps, rootCertificate, serviceAccounts }: ServiceAccountControllerOptions,
  namespace: string
): Effect.fn.Return<void, KubeError.KubeError> {
  if (serviceAccounts.store.get(namespace, accountName) === undefined) {
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: accountName, namespace } }
    yield* unlessThere(client.create(KubeResource.serviceAccounts, account))
  }
  const data = { "ca.crt": rootCertificate }
  const stored = configMaps.store.get(namespace, certificateName)
  if (stored === undefined) {
    const metadata = { name: certificateName, namespace, annotations: certificateAnnotations }
    return yield* unlessThere(client.create<ConfigMap>(KubeResource.configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata, data }))
  }
  const { annotations } = stored.metadata
  if (jsonEqual(stored.data ?? {}, data) && jsonEqual(annotations ?? {}, certificateAnnotations)) return
  const patch = { data: replacing(stored.data, data), metadata: { annotations: replacing(annotations, certificateAnnotations) } }
  yield* unlessThere(client.patch(KubeResource.configMaps, { namespace, name: certificateName }, "merge", patch))
})

/** A merge patch that leaves exactly `wanted`. */
const replacing = (stored: { readonly [key: string]: string } | undefined, wanted: { readonly [key: string]: string }): { readonly [key: string]: string | null } => ({
  ...Object.fromEntries(Object.keys(stored ?? {}).map((key) => [key, null])),
  ...wanted
})

/** Another one was quicker, or the namespace is on its way out: both are fine. */
const unlessThere = (write: Effect.Effect<unknown, KubeError.KubeError>): Effect.Effect<void, KubeError.KubeError> =>
  Effect.asVoid(write).pipe(
    Effect.catch((error) => (["AlreadyExists", "NotFound", "Forbidden"].includes(error.reason._tag) ? Effect.void : error))
  )
