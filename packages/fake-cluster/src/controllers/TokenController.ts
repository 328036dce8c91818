/** Puts tokens into the secrets that ask for one, and deletes those whose account is gone. */
import { Controller, Result, Source } from "@fairlead/controller"
import { KubeError, type KubeObject, KubeResource, type Secret } from "@fairlead/kube"
import { Effect } from "effect"
import * as Base64 from "effect/encoding/Base64"
import { unlessGone } from "../internal/unlessGone.ts"
import { type ControllerSetting, queue } from "./ControllerSetting.ts"

/** Type of a secret that holds the token of a service account. */
export const tokenSecretType = "kubernetes.io/service-account-token"
const nameKey = "kubernetes.io/service-account.name"
const uidKey = "kubernetes.io/service-account.uid"

/** Such tokens do not end by themselves; a hundred years are near enough to that. */
const lifeSeconds = 100 * 365 * 24 * 3600

/** Runs until interrupted. `rootCertificate` is PEM. */
export const run = (setting: ControllerSetting, rootCertificate: string): Effect.Effect<never> => {
  const secrets = setting.follow<Secret>(KubeResource.secrets)
  const accounts = setting.follow(KubeResource.serviceAccounts)
  const isTokenSecret = (secret: Secret): boolean => secret.type === tokenSecretType
  const secretsOf = ({ metadata }: KubeObject) =>
    secrets.store.list().filter((it) => isTokenSecret(it) && it.metadata.namespace === metadata.namespace && it.metadata.annotations?.[nameKey] === metadata.name)
      .map((it) => ({ namespace: it.metadata.namespace, name: it.metadata.name! }))
  return Controller.run({
    name: "serviceaccount-token",
    workers: 5,
    shutdownTimeout: 0,
    queue,
    sources: [Source.of(secrets, { predicate: ({ object, type }) => type !== "Deleted" && isTokenSecret(object) }), Source.mapped(accounts, secretsOf)],
    reconcile: ({ name, namespace }) => {
      const secret = secrets.store.get(namespace, name)
      if (secret === undefined || !isTokenSecret(secret) || secret.metadata.deletionTimestamp !== undefined) return Effect.succeed(Result.done)
      return Effect.as(fill(setting, secret, accounts.store.get(namespace, secret.metadata.annotations?.[nameKey] ?? ""), rootCertificate), Result.done)
    }
  })
}

const fill = Effect.fnUntraced(function*({ client }: ControllerSetting, secret: Secret, account: KubeObject | undefined, rootCertificate: string): Effect.fn.Return<void, KubeError.KubeError> {
  const { annotations, name, namespace, uid } = secret.metadata
  const key = { namespace, name: name! }
  const isFor = annotations?.[uidKey]
  if (account === undefined || (isFor !== undefined && isFor !== account.metadata.uid)) {
    yield* unlessGone(client.delete(KubeResource.secrets, key, { preconditions: { uid: uid! } }))
    return
  }
  if (isFor !== undefined && secret.data?.["token"] !== undefined && secret.data["namespace"] !== undefined) return
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: lifeSeconds } }
  const answer = yield* client.createSubresource(KubeResource.serviceAccounts, { namespace, name: account.metadata.name!, subresource: "token" }, request)
  const { token } = (answer as unknown as { readonly status: { readonly token: string } }).status
  const data = { token: Base64.encode(token), namespace: Base64.encode(namespace!), ...(rootCertificate === "" ? {} : { "ca.crt": Base64.encode(rootCertificate) }) }
  yield* unlessGone(client.patch(KubeResource.secrets, key, "merge", { metadata: { uid, annotations: { [uidKey]: account.metadata.uid } }, data }))
})
