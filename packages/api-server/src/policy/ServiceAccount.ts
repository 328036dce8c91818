/** Gives pods their service account and its token (admission plugin ServiceAccount). */
import type { Container, KubeObject, PodSpec, Volume } from "@fairlead/kube"
import { type ApiFailure, forbidden } from "../ApiFailure.ts"
import { field } from "../Draft.ts"
import { randomName } from "../internal/randomNames.ts"
import type { Admit } from "./Admission.ts"
import { isPodCreate, setPodSpec } from "./PodDrafts.ts"

interface ServiceAccount extends KubeObject {
  readonly automountServiceAccountToken?: boolean
  readonly imagePullSecrets?: ReadonlyArray<{ readonly name: string }>
}

const serviceAccounts = { group: "", plural: "serviceaccounts" } as const
const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount"
const volumePrefix = "kube-api-access-"
const tokenSeconds = 3607

/**
 * Sets the account, its pull secrets and the token volume.
 *
 * The account `default` is taken for granted when it is not there yet, so that pods can be created in a namespace whose
 * controller has not run; any other account must exist.
 */
export const admitServiceAccount: Admit = (call, operation, draft) => {
  if (!isPodCreate(call, operation)) return
  const spec = field<PodSpec>(draft, "spec")
  if (spec === undefined) return
  const name = spec.serviceAccountName || "default"
  const account = call.server.store.collection(serviceAccounts).get(call.namespace, name) as ServiceAccount | undefined
  if (account === undefined && name !== "default") throw missing(call, draft.metadata.name ?? draft.metadata.generateName ?? "", name)
  let next: PodSpec = { ...spec, serviceAccountName: name, serviceAccount: name } as PodSpec
  const pullSecrets = account?.imagePullSecrets ?? []
  if ((next.imagePullSecrets ?? []).length === 0 && pullSecrets.length > 0) next = { ...next, imagePullSecrets: pullSecrets }
  if (next.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true) next = withToken(next, call.server.random)
  setPodSpec(draft, next)
}

const missing = ({ resource, namespace }: Parameters<Admit>[0], pod: string, account: string): ApiFailure =>
  forbidden(resource, pod, `error looking up service account ${namespace}/${account}: serviceaccount ${JSON.stringify(account)} not found`)

const hasMount = (container: Container): boolean => container.volumeMounts?.some((mount) => mount.mountPath === mountPath) ?? false

const withToken = (spec: PodSpec, random: () => number): PodSpec => {
  const { initContainers } = spec
  const containers = (spec.containers as PodSpec["containers"] | null) ?? []
  if ([...containers, ...(initContainers ?? [])].every(hasMount)) return spec
  const present = spec.volumes?.find((volume) => volume.projected !== undefined && volume.name.startsWith(volumePrefix))
  const name = present?.name ?? randomName(volumePrefix, random)
  const mount = (container: Container): Container =>
    hasMount(container) ? container : { ...container, volumeMounts: [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }] }
  return {
    ...spec,
    volumes: present === undefined ? [...(spec.volumes ?? []), tokenVolume(name)] : spec.volumes!,
    ...(initContainers === undefined ? {} : { initContainers: initContainers.map(mount) }),
    containers: containers.map(mount)
  }
}

const sources = [
  { serviceAccountToken: { expirationSeconds: tokenSeconds, path: "token" } },
  { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
  { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } }
] as const

const tokenVolume = (name: string): Volume => ({ name, projected: { sources, defaultMode: 420 } })
