/** The Secrets that bring workloads to their pods: there before the pod is, the pod's from then on, and never left behind. */
import { type KubeClient, type KubeError, KubeError as KubeErrors, KubeResource, type KubeObject, type Pod } from "@fairlead/kube"
import { Effect } from "effect"
import { identityOf, type PodIdentity } from "../AirflowKubernetesScheduler.ts"
import { podOwner, workloadSecret } from "../PodFactory.ts"
import type { TimedCalls } from "./timedCalls.ts"

/** A Secret that no pod owns yet, as it was written. */
export interface LooseSecret {
  readonly identity: PodIdentity
  readonly json: string
}

type Call<A> = Effect.Effect<A, KubeError.KubeError>

/** One call each, or two; all may be repeated. */
export class WorkloadSecrets {
  readonly #client: KubeClient["Service"]
  readonly #timed: TimedCalls

  constructor(client: KubeClient["Service"], timed: TimedCalls) {
    this.#client = client
    this.#timed = timed
  }

  /** Makes the Secret of a pod that is to be created. One that is there already, of a create before, gets this workload. */
  provide(pod: Pod, json: string): Call<LooseSecret> {
    const secret = workloadSecret(pod, json)
    const written = this.#create(secret).pipe(
      Effect.catchIf((error) => KubeErrors.isReason(error, "AlreadyExists"), () => this.#patch(identityOf(secret), { stringData: (secret as { readonly stringData?: object }).stringData }))
    )
    // Between the two somebody else may have given the run up, and the Secret with it.
    return Effect.retry(written, { times: 3, while: (error) => KubeErrors.isReason(error, "NotFound", "AlreadyExists") }).pipe(
      Effect.map((it) => ({ identity: { ...identityOf(it), resourceVersion: it.metadata.resourceVersion }, json }))
    )
  }

  /** Gives the Secret to its pod, and it goes with it. If somebody has cleaned it up meanwhile, it is made again. */
  own(pod: Pod, { identity: { name, namespace }, json }: LooseSecret): Call<void> {
    const metadata = { ownerReferences: [podOwner(pod)] }
    const secret = workloadSecret(pod, json)
    return Effect.asVoid(this.#patch({ name, namespace }, { metadata }).pipe(
      Effect.catchIf((error) => KubeErrors.isReason(error, "NotFound"), () => this.#create({ ...secret, metadata: { ...secret.metadata, ...metadata } }))
    ))
  }

  /** Deletes a Secret, unless somebody has written it since. */
  remove({ name, namespace, resourceVersion, uid }: PodIdentity): Call<void> {
    const preconditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) }
    return Effect.asVoid(this.#timed("delete secrets", this.#client.delete(KubeResource.secrets, { namespace, name }, { preconditions }))).pipe(
      Effect.catchIf((error) => KubeErrors.isReason(error, "NotFound", "Conflict"), () => Effect.void)
    )
  }

  #create(secret: KubeObject): Call<KubeObject> {
    return this.#timed("create secrets", this.#client.create(KubeResource.secrets, secret))
  }

  #patch({ name, namespace }: Pick<PodIdentity, "name" | "namespace">, body: object): Call<KubeObject> {
    return this.#timed("patch secrets", this.#client.patch(KubeResource.secrets, { namespace, name }, "merge", body))
  }
}

/** Seconds after which a Secret that no pod owns is nobody's: far more than a create can be under way. */
const looseAgeMost = 600

/** What is left of executors that died between a Secret and its pod, or between a pod and its Secret's owner. */
export const sweepSecrets = (
  { getPod, secrets, wallMillis }: {
    readonly secrets: WorkloadSecrets
    readonly getPod: (namespace: string, name: string) => Call<Pod | undefined>
    readonly wallMillis: number
  },
  found: ReadonlyArray<KubeObject>
): Effect.Effect<void> =>
  Effect.forEach(found, (secret) => {
    const { creationTimestamp, name = "", namespace = "", ownerReferences = [] } = secret.metadata
    if (ownerReferences.length > 0 || !((wallMillis - Date.parse(creationTimestamp ?? "")) / 1000 > looseAgeMost)) return Effect.void
    const settled = Effect.flatMap(getPod(namespace, name), (pod) =>
      pod === undefined ? secrets.remove({ ...identityOf(secret), resourceVersion: secret.metadata.resourceVersion }) : secrets.own(pod, { identity: identityOf(secret), json: "" }))
    return Effect.catch(settled, (error) => Effect.logDebug(`the Secret ${namespace}/${name} was left: ${error.message}`))
  }, { discard: true })
