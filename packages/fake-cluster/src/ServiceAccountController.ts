/** Gives every namespace what pods expect in it: the account `default` and the certificate of the cluster. */
import { Controller, Informer, Result, Source } from "@fairlead/controller"
import { type ConfigMap, KubeClient, type KubeError, type KubeObject, KubeResource, type Namespace } from "@fairlead/kube"
import { Effect } from "effect"

/** What the controller works on. */
export interface ServiceAccountControllerOptions {
  readonly namespaces: Informer<Namespace>
  readonly serviceAccounts: Informer
  /** PEM text for the config map `kube-root-ca.crt`; without it there is no such config map. */
  readonly rootCertificate?: { readonly pem: string; readonly configMaps: Informer<ConfigMap> } | undefined
}

const accountName = "default"
const certificateName = "kube-root-ca.crt"

/** Runs until interrupted. What is deleted or changed comes back. */
export const run = Effect.fnUntraced(function*(options: ServiceAccountControllerOptions): Effect.fn.Return<never, never, KubeClient> {
  const client = yield* KubeClient
  const { namespaces, rootCertificate, serviceAccounts } = options
  const namespaceOf = (name: string) => (object: KubeObject) => (object.metadata.name === name ? [{ name: object.metadata.namespace! }] : [])
  return yield* Controller.run({
    name: "service-account",
    workers: 5,
    shutdownTimeout: 0,
    queue: { backoffMin: 100, backoffMax: 60_000 },
    sources: [
      Source.of(namespaces),
      Source.mapped(serviceAccounts, namespaceOf(accountName), { predicate: ({ type }) => type === "Deleted" }),
      ...(rootCertificate === undefined ? [] : [Source.mapped(rootCertificate.configMaps, namespaceOf(certificateName))])
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
  { rootCertificate, serviceAccounts }: ServiceAccountControllerOptions,
  namespace: string
): Effect.fn.Return<void, KubeError.KubeError> {
  if (serviceAccounts.store.get(namespace, accountName) === undefined) {
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: accountName, namespace } }
    yield* unlessThere(client.create(KubeResource.serviceAccounts, account))
  }
  if (rootCertificate === undefined) return
  const data = { "ca.crt": rootCertificate.pem }
  const stored = rootCertificate.configMaps.store.get(namespace, certificateName)
  if (stored?.data?.["ca.crt"] === rootCertificate.pem) return
  yield* stored === undefined
    ? unlessThere(client.create<ConfigMap>(KubeResource.configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: certificateName, namespace }, data }))
    : Effect.asVoid(client.patch(KubeResource.configMaps, { namespace, name: certificateName }, "merge", { data }))
})

/** Another one was quicker, or the namespace is on its way out: both are fine. */
const unlessThere = (write: Effect.Effect<unknown, KubeError.KubeError>): Effect.Effect<void, KubeError.KubeError> =>
  Effect.asVoid(write).pipe(
    Effect.catch((error) => (["AlreadyExists", "NotFound", "Forbidden"].includes(error.reason._tag) ? Effect.void : error))
  )
