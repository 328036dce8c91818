/** What the volumes of a pod hold: config maps, secrets, tokens and facts about the pod as files. */
import type { ConfigMap, Pod, Secret, Volume } from "@fairlead/kube"
import { Effect } from "effect"
import { StartFailed, type VolumeContent, type VolumeFile } from "../PodRuntime.ts"
import { bytesOf, type ObjectReader } from "./environment.ts"
import { fieldValue, type PodAddresses, resourceValue } from "./fieldRef.ts"

type Item = { readonly key: string; readonly path: string; readonly mode?: number | undefined }
type Items = ReadonlyArray<Item> | undefined
type DownwardItem = Exclude<Exclude<Volume["downwardAPI"], undefined>["items"], undefined>[number]
type Projection = Exclude<Exclude<Volume["projected"], undefined>["sources"], undefined>[number]

const encoder = new TextEncoder()
const modeDefault = 0o644

/** Reads the content of one volume. Kinds of volumes that need a storage system fail as they do where it is missing. */
export const volumeContent = Effect.fnUntraced(function*(
  pod: Pod,
  volume: Volume,
  addresses: PodAddresses,
  reader: ObjectReader
): Effect.fn.Return<VolumeContent, StartFailed> {
  const namespace = pod.metadata.namespace ?? ""
  const failed = (description: string): StartFailed =>
    new StartFailed({ reason: "FailedMount", description: `MountVolume.SetUp failed for volume "${volume.name}" : ${description}` })
  const read = (projection: Projection, mode: number): Effect.Effect<ReadonlyArray<VolumeFile>, StartFailed> =>
    projectionFiles(pod, projection, mode, addresses, reader, failed)
  if (volume.hostPath !== undefined) {
    return { _tag: "Host", path: volume.hostPath.path, create: volume.hostPath.type?.endsWith("OrCreate") ?? false }
  }
  if (volume.persistentVolumeClaim !== undefined) return { _tag: "Claim", name: `${namespace}/${volume.persistentVolumeClaim.claimName}` }
  if (volume.configMap !== undefined) {
    return { _tag: "Files", files: yield* read({ configMap: volume.configMap }, volume.configMap.defaultMode ?? modeDefault) }
  }
  if (volume.secret !== undefined) {
    const { defaultMode, items, optional, secretName } = volume.secret
    const secret = { name: secretName ?? "", ...(items === undefined ? {} : { items }), ...(optional === undefined ? {} : { optional }) }
    return { _tag: "Files", files: yield* read({ secret }, defaultMode ?? modeDefault) }
  }
  if (volume.downwardAPI !== undefined) {
    return { _tag: "Files", files: yield* read({ downwardAPI: volume.downwardAPI }, volume.downwardAPI.defaultMode ?? modeDefault) }
  }
  if (volume.projected !== undefined) {
    const files: Array<VolumeFile> = []
    for (const source of volume.projected.sources ?? []) files.push(...(yield* read(source, volume.projected.defaultMode ?? modeDefault)))
    return { _tag: "Files", files }
  }
  const kind = Object.keys(volume).find((it) => it !== "name") ?? "emptyDir"
  if (kind === "emptyDir" || kind === "ephemeral") return { _tag: "Empty" }
  return yield* failed(`no volume plugin matched "${kind}": this node knows emptyDir, hostPath, configMap, secret, projected, downwardAPI and persistentVolumeClaim`)
})

const projectionFiles = Effect.fnUntraced(function*(
  pod: Pod,
  source: Projection,
  mode: number,
  addresses: PodAddresses,
  reader: ObjectReader,
  failed: (description: string) => StartFailed
): Effect.fn.Return<ReadonlyArray<VolumeFile>, StartFailed> {
  const namespace = pod.metadata.namespace ?? ""
  if (source.configMap !== undefined) {
    const { items, name = "", optional } = source.configMap
    const map = yield* reader.configMap(namespace, name)
    if (map === undefined) return optional === true ? [] : yield* failed(`configmap "${name}" not found`)
    return yield* keyFiles(bytesOfMap(map), items, mode, optional, (key) => failed(`configmap references non-existent config key: ${key}`))
  }
  if (source.secret !== undefined) {
    const { items, name = "", optional } = source.secret
    const secret = yield* reader.secret(namespace, name)
    if (secret === undefined) return optional === true ? [] : yield* failed(`secret "${name}" not found`)
    return yield* keyFiles(bytesOfSecret(secret), items, mode, optional, (key) => failed(`references non-existent secret key: ${key}`))
  }
  if (source.serviceAccountToken !== undefined) {
    const { audience, expirationSeconds = 3600, path } = source.serviceAccountToken
    const token = yield* reader.token(namespace, pod.spec?.serviceAccountName ?? "default", { audience, expirationSeconds, pod })
    return [{ path, content: encoder.encode(token), mode: 0o600 }]
  }
  return yield* Effect.forEach(source.downwardAPI?.items ?? [], (item) => downwardFile(pod, item, mode, addresses, failed))
})

const downwardFile = (
  pod: Pod,
  item: DownwardItem,
  mode: number,
  addresses: PodAddresses,
  failed: (description: string) => StartFailed
): Effect.Effect<VolumeFile, StartFailed> => {
  const { fieldRef, resourceFieldRef } = item
  const container = pod.spec?.containers.find((it) => it.name === resourceFieldRef?.containerName)
  const value = fieldRef !== undefined
    ? fieldValue(pod, fieldRef.fieldPath, addresses)
    : resourceFieldRef === undefined || container === undefined
    ? undefined
    : resourceValue(container, resourceFieldRef.resource, resourceFieldRef.divisor)
  return value === undefined
    ? failed(`unsupported downward API item ${item.path}`)
    : Effect.succeed({ path: item.path, content: encoder.encode(value), mode: item.mode ?? mode })
}

const keyFiles = (
  entries: ReadonlyMap<string, Uint8Array>,
  items: Items,
  mode: number,
  optional: boolean | undefined,
  missing: (key: string) => StartFailed
): Effect.Effect<ReadonlyArray<VolumeFile>, StartFailed> => {
  if (items === undefined) return Effect.succeed(Array.from(entries, ([path, content]) => ({ path, content, mode })))
  const absent = items.find((it) => !entries.has(it.key))
  if (absent !== undefined && optional !== true) return missing(absent.key)
  return Effect.succeed(items.flatMap((it) => {
    const content = entries.get(it.key)
    return content === undefined ? [] : [{ path: it.path, content, mode: it.mode ?? mode }]
  }))
}

const bytesOfMap = (map: ConfigMap): ReadonlyMap<string, Uint8Array> =>
  new Map([
    ...Object.entries(map.data ?? {}).map(([key, value]) => [key, encoder.encode(value)] as const),
    ...Object.entries(map.binaryData ?? {}).map(([key, value]) => [key, bytesOf(value)] as const)
  ])

const bytesOfSecret = (secret: Secret): ReadonlyMap<string, Uint8Array> =>
  new Map(Object.entries(secret.data ?? {}).map(([key, value]) => [key, bytesOf(value)]))
