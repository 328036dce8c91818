/** Volumes that no longer work, and files of volumes that get in each other's way. */
import type { Fields } from "../Sharing.ts"
import { isWhole } from "../validation/Quantities.ts"
import { items, part, text } from "../validation/Check.ts"

/** Kinds of volumes by their fields; the text comes after the field's name in messages. */
const retired: ReadonlyArray<readonly [field: string, named: string, text: string]> = [
  ["photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"],
  ["gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"],
  ["scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"],
  ["flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"],
  ["storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"],
  ["quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"],
  ["glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"],
  ["ephemeral", "", ""],
  ["cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"],
  ["rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"]
]

const retiredNames: ReadonlySet<string> = new Set(retired.map(([field]) => field))

/** Adds a warning about an amount of bytes in a list of resources: bytes cannot be halved. */
export const fractionWarning = (owner: Fields | undefined, list: string, name: string, field: string, add: (warning: string) => void): void => {
  const value = part(owner, list)?.[name]
  if (value === undefined || isWhole(value)) return
  add(`${field}.${list}[${name}]: fractional byte value ${JSON.stringify(value)} is invalid, must be an integer`)
}

/** Warnings for the spec of a claim. */
export const claimWarnings = (field: string, spec: Fields | undefined): ReadonlyArray<string> => {
  const warnings: Array<string> = []
  for (const list of ["requests", "limits"]) {
    fractionWarning(part(spec, "resources"), list, "storage", `${field}.resources`, (warning) => warnings.push(warning))
  }
  return warnings
}

interface File {
  readonly path: string
  readonly source: string
}

const shown = ({ path, source }: File): string => (source === "" ? JSON.stringify(path) : `${JSON.stringify(path)} (${source})`)

const withEnd = (path: string): string => `${path}/`

const overlaps = (a: File, b: File): boolean =>
  a.path !== "" && b.path !== "" && (withEnd(a.path).startsWith(withEnd(b.path)) || withEnd(b.path).startsWith(withEnd(a.path)))

const trimmed = (file: File): File => ({ ...file, path: file.path.replace(/\/+$/, "") })

const collisions = (files: ReadonlyArray<File>): ReadonlyArray<string> => {
  const all = files.map(trimmed)
  return all.flatMap((file, i) => all.slice(0, i).filter((other) => overlaps(other, file)).map((other) => `${shown(file)} with ${shown(other)}`))
}

const filesOf = (list: unknown, source: string): ReadonlyArray<File> => items(list).map((item) => ({ path: text(item, "path"), source }))

const projectedFiles = (source: Fields): ReadonlyArray<File> => {
  const [map, secret, downward] = [part(source, "configMap"), part(source, "secret"), part(source, "downwardAPI")]
  if (map?.["items"] !== undefined) return filesOf(map["items"], `ConfigMap ${JSON.stringify(text(map, "name"))}`)
  if (secret?.["items"] !== undefined) return filesOf(secret["items"], `Secret ${JSON.stringify(text(secret, "name"))}`)
  if (downward?.["items"] !== undefined) return filesOf(downward["items"], "DownwardAPI")
  const [token, bundle, certificate] = [part(source, "serviceAccountToken"), part(source, "clusterTrustBundle"), part(source, "podCertificate")]
  if (token !== undefined) return [{ path: text(token, "path"), source: "ServiceAccountToken" }]
  if (bundle !== undefined) {
    const name = bundle["name"] ?? bundle["signerName"]
    return [{ path: text(bundle, "path"), source: `ClusterTrustBundle ${JSON.stringify(name)}` }]
  }
  return ([["certificateChainPath", "chain"], ["keyPath", "key"], ["credentialBundlePath", "credential bundle"]] as const)
    .map(([name, word]) => ({ path: text(certificate, name), source: `PodCertificate ${word}` }))
    .filter(({ path }) => path !== "")
}

/** Lists of projected sources that give no warnings. Nearly all pods have the very list that mounts the token of their account. */
const harmless = new WeakSet<object>()

const overlapWarnings = (volume: Fields): ReadonlyArray<string> => {
  const name = JSON.stringify(text(volume, "name"))
  const worded = (about: string, found: ReadonlyArray<string>): ReadonlyArray<string> =>
    found.map((one) => `volume ${name} (${about}): overlapping paths: ${one}`)
  const [map, secret, downward, projected] = [part(volume, "configMap"), part(volume, "secret"), part(volume, "downwardAPI"), part(volume, "projected")]
  const warnings: Array<string> = []
  if (map !== undefined) warnings.push(...worded(`ConfigMap ${JSON.stringify(text(map, "name"))}`, collisions(filesOf(map["items"], ""))))
  if (secret !== undefined) warnings.push(...worded(`Secret ${JSON.stringify(text(secret, "secretName"))}`, collisions(filesOf(secret["items"], ""))))
  if (downward !== undefined) warnings.push(...worded("DownwardAPI", collisions(filesOf(downward["items"], ""))))
  const sources = items(projected?.["sources"])
  if (projected !== undefined && !harmless.has(sources)) {
    for (const source of sources) if (Object.keys(source).length === 0) warnings.push(`volume ${name} (Projected) has no sources provided`)
    warnings.push(...worded("Projected", collisions(sources.flatMap(projectedFiles))))
    if (warnings.length === 0) harmless.add(sources)
  }
  return warnings
}

/** Warnings for the volumes of a pod. */
export const volumeWarnings = (field: string, volumes: ReadonlyArray<Fields>): ReadonlyArray<string> => {
  if (volumes.length === 0) return volumes as ReadonlyArray<never>
  const old = volumes.flatMap((volume, i) => {
    // A volume has one source; the name of none is retired, as a rule.
    const sources = Object.keys(volume).filter((name) => retiredNames.has(name))
    if (sources.length === 0) return sources
    return retired.flatMap(([name, named, about]) => {
      if (volume[name] === undefined) return []
      if (name !== "ephemeral") return [`${field}[${i}].${named}: ${about}`]
      const template = part(part(volume, name), "volumeClaimTemplate")
      return claimWarnings(`${field}[${i}].ephemeral.volumeClaimTemplate.spec`, part(template, "spec"))
    })
  })
  return [...old, ...volumes.flatMap(overlapWarnings)]
}

/** Warnings for the kind of a persistent volume. */
export const retiredVolume = (field: string, spec: Fields): ReadonlyArray<string> =>
  ["cephfs", "photonPersistentDisk", "scaleIO", "storageos", "glusterfs", "rbd"].flatMap((wanted) => {
    const found = retired.find(([name]) => name === wanted)
    return spec[wanted] === undefined || found === undefined ? [] : [`${field}.${found[1]}: ${found[2]}`]
  })
