/** Gives pods their service account and its token (admission plugin ServiceAccount). */
import type { Container, KubeObject, PodSpec, Volume } from "@fairlead/kube"
import type { ApiFailure } from "../ApiFailure.ts"
import { type Draft, field } from "../Draft.ts"
import { randomName } from "../internal/randomNames.ts"
import type { Call } from "../rest/Call.ts"
import type { Admit, Validate } from "./Admission.ts"
import { isPodCreate, setPodSpec } from "./PodDrafts.ts"
import { refusal } from "./Refusal.ts"

interface ServiceAccount extends KubeObject {
  readonly automountServiceAccountToken?: boolean
  readonly imagePullSecrets?: ReadonlyArray<{ readonly name: string }>
  readonly secrets?: ReadonlyArray<{ readonly name?: string }>
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
  if (isMirror(draft)) return validateServiceAccount(call, operation, draft, undefined)
  const name = spec.serviceAccountName || "default"
  const account = accountOf(call, name)
  if (account === undefined && name !== "default") throw missing(call, draft, name)
  let next: PodSpec = { ...spec, serviceAccountName: name, serviceAccount: name } as PodSpec
  const pullSecrets = account?.imagePullSecrets ?? []
  if ((next.imagePullSecrets ?? []).length === 0 && pullSecrets.length > 0) next = { ...next, imagePullSecrets: pullSecrets }
  if (next.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true) next = withToken(next, call.server.random)
  setPodSpec(draft, next)
}

const accountOf = ({ namespace, server }: Call, name: string): ServiceAccount | undefined =>
  server.store.collection(serviceAccounts).get(namespace, name) as ServiceAccount | undefined

const missing = (call: Call, draft: Draft, account: string): ApiFailure =>
  refusal(call, draft, `error looking up service account ${call.namespace}/${account}: serviceaccount ${JSON.stringify(account)} not found`)

/** Mirror pods show what a node runs on its own account. */
const isMirror = (draft: Draft): boolean => draft.metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined

/** Mirror pods use no secrets; accounts may be restricted to the secrets that they list. */
export const validateServiceAccount: Validate = (call, operation, object) => {
  const { resource, request } = call
  if (object === undefined || resource.plural !== "pods" || resource.group !== "") return
  const isDebug = operation === "update" && request.subresource === "ephemeralcontainers"
  if (!isDebug && !isPodCreate(call, operation)) return
  const spec = field<PodSpec>(object, "spec")!
  if (!isDebug && isMirror(object)) {
    const problem = mirrorProblem(spec)
    if (problem !== undefined) throw refusal(call, object, problem)
    return
  }
  const account = accountOf(call, spec.serviceAccountName ?? "")
  if (account === undefined || !enforcesSecrets(account)) return
  const problem = secretProblem(account, spec, isDebug)
  if (problem !== undefined) throw refusal(call, object, problem)
}

const enforcesSecrets = ({ metadata }: ServiceAccount): boolean =>
  ["1", "t", "T", "true", "TRUE", "True"].includes(metadata.annotations?.["kubernetes.io/enforce-mountable-secrets"] ?? "")

type AnyContainer = Container | NonNullable<PodSpec["ephemeralContainers"]>[number]

const mirrorProblem = (spec: PodSpec): string | undefined => {
  if (spec.serviceAccountName) return "a mirror pod may not reference service accounts"
  const containers: ReadonlyArray<AnyContainer> = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]
  const projections = (spec.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []) as ReadonlyArray<{ readonly secret?: unknown; readonly serviceAccountToken?: unknown }>
  const hasSecrets = (spec.imagePullSecrets ?? []).length > 0 || (spec.volumes ?? []).some(({ secret }) => secret !== undefined) ||
    projections.some(({ secret }) => secret !== undefined) || containers.some((container) => secretsOf(container).length > 0)
  if (hasSecrets) return "a mirror pod may not reference secrets"
  return projections.some((it) => it.serviceAccountToken !== undefined) ? "a mirror pod may not use ServiceAccountToken volume projections" : undefined
}

/** Secrets in the environment of a container, with the way in which they got there. */
const secretsOf = ({ env, envFrom }: AnyContainer): ReadonlyArray<{ readonly name: string; readonly by: string }> => [
  ...(env ?? []).flatMap(({ name, valueFrom }) => (valueFrom?.secretKeyRef === undefined ? [] : [{ name: valueFrom.secretKeyRef.name ?? "", by: `envVar ${name}` }])),
  ...(envFrom ?? []).flatMap(({ secretRef }) => (secretRef === undefined ? [] : [{ name: secretRef.name ?? "", by: "envFrom" }]))
]

const secretProblem = (account: ServiceAccount, spec: PodSpec, onlyDebug: boolean): string | undefined => {
  const listed = new Set(account.secrets?.map(({ name }) => name))
  const because = `is not allowed because service account ${account.metadata.name} does not reference that`
  const inContainers = (containers: ReadonlyArray<AnyContainer> | undefined, label: string): string | undefined => {
    for (const container of containers ?? []) {
      const bad = secretsOf(container).find(({ name }) => !listed.has(name))
      if (bad !== undefined) return `${label} ${container.name} with ${bad.by} referencing secret.secretName="${bad.name}" ${because} secret`
    }
    return undefined
  }
  if (onlyDebug) return inContainers(spec.ephemeralContainers, "ephemeral container")
  const volume = spec.volumes?.find(({ secret }) => secret !== undefined && !listed.has(secret.secretName ?? ""))
  if (volume !== undefined) return `volume with secret.secretName="${volume.secret!.secretName ?? ""}" ${because} secret`
  const problem = inContainers(spec.initContainers, "init container") ?? inContainers(spec.containers, "container")
  if (problem !== undefined) return problem
  const pulling = new Set(account.imagePullSecrets?.map(({ name }) => name))
  const at = (spec.imagePullSecrets ?? []).findIndex(({ name }) => !pulling.has(name ?? ""))
  return at < 0 ? undefined : `imagePullSecrets[${at}].name="${spec.imagePullSecrets![at]!.name ?? ""}" ${because} imagePullSecret`
}

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
