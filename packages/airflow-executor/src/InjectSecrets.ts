/** Brings the keys of Google's service accounts into the cluster, as Airflow 1.10 does when it starts. */
import { KubeClient, type KubeError, KubeError as KubeErrors, type KubeObject, KubeResource } from "@fairlead/kube"
import { Data, Effect } from "effect"

/** The option cannot be read. */
export class ServiceAccountKeysInvalid extends Data.TaggedError("ServiceAccountKeysInvalid")<{ readonly item: string }> {
  override get message(): string {
    return `[kubernetes] gcp_service_account_keys holds "${this.item}": each item must be name=path`
  }
}

/** Where keys come from and go to. */
export interface InjectSecretsOptions<E> {
  /** `name=path` items with commas between: `gcp_service_account_keys`. Airflow's documents say `:`, its code says `=`; both are read. */
  readonly gcpServiceAccountKeys: string
  readonly namespace: string
  /** Text of the file at a path. */
  readonly readKey: (path: string) => Effect.Effect<string, E>
}

/** Airflow 1.10's `_inject_secrets`: a Secret with `key.json` for each item, replaced where it is there. Answers their names. */
export const injectSecrets = <E>({ gcpServiceAccountKeys, namespace, readKey }: InjectSecretsOptions<E>): Effect.Effect<ReadonlyArray<string>, E | ServiceAccountKeysInvalid | KubeError.KubeError, KubeClient> =>
  Effect.gen(function*() {
    const client = yield* KubeClient
    const items = gcpServiceAccountKeys.split(",").map((it) => it.trim()).filter((it) => it !== "")
    const names: Array<string> = []
    for (const item of items) {
      const [, name, path] = /^([^=:]+)[=:](.+)$/.exec(item) ?? []
      if (name === undefined || path === undefined) return yield* new ServiceAccountKeysInvalid({ item })
      const secret: KubeObject = { apiVersion: "v1", kind: "Secret", metadata: { name: name.trim(), namespace }, ...{ stringData: { "key.json": yield* readKey(path.trim()) } } }
      yield* client.create(KubeResource.secrets, secret).pipe(
        Effect.catchIf((error) => KubeErrors.isReason(error, "AlreadyExists"), () => client.update(KubeResource.secrets, secret))
      )
      names.push(name.trim())
    }
    return names
  })
