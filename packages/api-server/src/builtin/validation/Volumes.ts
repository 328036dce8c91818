/** Volumes of pods. */
import { subdomainErrors } from "../../internal/nameRules.ts"
import type { Fields } from "../Sharing.ts"
import { count, items, part, text, texts, type Check } from "./Check.ts"
import { checkClaimSpec } from "./Claims.ts"
import { checkPathNoBacksteps, checkRelativePath } from "./Paths.ts"
import { checkProjected } from "./ProjectedVolumes.ts"
import { checkDownwardFile, checkKeyToPath, checkMode } from "./VolumeFiles.ts"

/** What surrounds the volumes. */
export interface VolumeContext {
  /** Name of the pod; empty inside templates. */
  readonly podName: string
  /** Templates may leave out what is known only of a pod. */
  readonly isPod: boolean
}

const onlyOne = "may not specify more than 1 volume type"

const checkFiles = (nameField: string) => (check: Check, field: string, source: Fields): void => {
  if (text(source, nameField) === "") check.required(`${field}.${nameField}`)
  checkMode(check, `${field}.defaultMode`, source["defaultMode"])
  items(source["items"]).forEach((item, i) => checkKeyToPath(check, `${field}.items[${i}]`, item))
}

const checkDownward = (check: Check, field: string, source: Fields): void => {
  checkMode(check, `${field}.defaultMode`, source["defaultMode"])
  for (const file of items(source["items"])) checkDownwardFile(check, field, file)
}

const hostPathTypes = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"]

const checkHostPath = (check: Check, field: string, source: Fields): void => {
  if (text(source, "path") === "") return check.required(`${field}.path`)
  checkPathNoBacksteps(check, `${field}.path`, text(source, "path"))
  if (source["type"] !== undefined) check.oneOf(`${field}.type`, source["type"], hostPathTypes)
}

const checkNfs = (check: Check, field: string, source: Fields): void => {
  if (text(source, "server") === "") check.required(`${field}.server`)
  if (text(source, "path") === "") check.required(`${field}.path`)
  if (!text(source, "path").startsWith("/")) check.invalid(`${field}.path`, text(source, "path"), "must be an absolute path")
}

const checkGitRepo = (check: Check, field: string, source: Fields): void => {
  if (text(source, "repository") === "") check.required(`${field}.repository`)
  checkRelativePath(check, `${field}.directory`, text(source, "directory"))
}

/** Names of drivers. */
export const checkDriverName = (check: Check, field: string, name: string): void => {
  if (name === "") return check.required(field)
  if (name.length > 63) check.tooLong(field, 63)
  check.texts(field, name, subdomainErrors(name.toLowerCase()))
}

const checkCsi = (check: Check, field: string, source: Fields): void => {
  checkDriverName(check, `${field}.driver`, text(source, "driver"))
  const secret = part(source, "nodePublishSecretRef")
  if (secret === undefined) return
  if (text(secret, "name") === "") check.required(`${field}.nodePublishSecretRef.name`)
  else check.subdomain(`${field}.name`, text(secret, "name"))
}

const checkEphemeral = (check: Check, field: string, source: Fields): void => {
  const template = part(source, "volumeClaimTemplate")
  if (template === undefined) return check.required(`${field}.volumeClaimTemplate`)
  const metadata = part(template, "metadata")
  check.annotations(`${field}.volumeClaimTemplate.metadata.annotations`, metadata?.["annotations"])
  check.labels(`${field}.volumeClaimTemplate.metadata.labels`, metadata?.["labels"])
  for (const key in metadata) {
    if (key !== "annotations" && key !== "labels") check.forbidden(`${field}.volumeClaimTemplate.metadata.${key}`, "cannot be set")
  }
  checkClaimSpec(check, `${field}.volumeClaimTemplate.spec`, part(template, "spec") ?? {})
}

const checkImage = (check: Check, field: string, source: Fields, context: VolumeContext): void => {
  if (context.isPod && text(source, "reference") === "") check.required(`${field}.reference`)
  check.oneOfRequired(`${field}.pullPolicy`, source["pullPolicy"], ["Always", "IfNotPresent", "Never"])
}

const checkPartition = (idField: string) => (check: Check, field: string, source: Fields): void => {
  if (text(source, idField) === "") check.required(`${field}.${idField}`)
  const partition = count(source, "partition")
  if (partition < 0 || partition > 255) check.invalid(`${field}.partition`, partition, "must be between 0 and 255, inclusive")
}

const checkIscsi = (check: Check, field: string, source: Fields): void => {
  if (text(source, "targetPortal") === "") check.required(`${field}.targetPortal`)
  const iqn = text(source, "iqn")
  if (iqn === "") check.required(`${field}.iqn`)
  else if (!/^(iqn|eui|naa)/.test(iqn)) check.invalid(`${field}.iqn`, iqn, "must be valid format starting with iqn, eui, or naa")
  const lun = count(source, "lun")
  if (lun < 0 || lun > 255) check.invalid(`${field}.lun`, lun, "must be between 0 and 255, inclusive")
  const authenticated = source["chapAuthDiscovery"] === true || source["chapAuthSession"] === true
  if (authenticated && source["secretRef"] === undefined) check.required(`${field}.secretRef`)
}

const checkFc = (check: Check, field: string, source: Fields): void => {
  const [wwns, wwids] = [texts(source["targetWWNs"]), texts(source["wwids"])]
  if (wwns.length === 0 && wwids.length === 0) check.required(`${field}.targetWWNs`, "must specify either targetWWNs or wwids, but not both")
  if (wwns.length > 0 && wwids.length > 0) check.invalid(`${field}.targetWWNs`, wwns, "targetWWNs and wwids can not be specified simultaneously")
  if (wwns.length > 0 && source["lun"] === undefined) check.required(`${field}.lun`, "lun is required if targetWWNs is specified")
}

const requires = (...names: ReadonlyArray<string>) => (check: Check, field: string, source: Fields): void => {
  for (const name of names) {
    const value = source[name]
    if (value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)) check.required(`${field}.${name}`)
  }
}

type SourceCheck = (check: Check, field: string, source: Fields, context: VolumeContext) => void

/** Kinds of volumes in the order in which they are looked at, with the field that errors inside them name. */
const sources: ReadonlyArray<readonly [name: string, check: SourceCheck, shown?: string]> = [
  ["hostPath", checkHostPath],
  ["gitRepo", checkGitRepo],
  ["gcePersistentDisk", checkPartition("pdName"), "persistentDisk"],
  ["awsElasticBlockStore", checkPartition("volumeID")],
  ["secret", checkFiles("secretName")],
  ["nfs", checkNfs],
  ["iscsi", checkIscsi],
  ["glusterfs", requires("endpoints", "path")],
  ["flocker", () => undefined],
  ["persistentVolumeClaim", requires("claimName")],
  ["rbd", requires("monitors", "image")],
  ["cinder", requires("volumeID")],
  ["cephfs", requires("monitors")],
  ["quobyte", requires("registry", "volume")],
  ["downwardAPI", checkDownward],
  ["fc", checkFc],
  ["flexVolume", requires("driver")],
  ["configMap", checkFiles("name")],
  ["azureFile", requires("secretName", "shareName")],
  ["vsphereVolume", requires("volumePath")],
  ["photonPersistentDisk", requires("pdID")],
  ["portworxVolume", requires("volumeID")],
  ["azureDisk", requires("diskName", "diskURI")],
  ["storageos", requires("volumeName")],
  ["projected", checkProjected],
  ["scaleIO", requires("gateway", "system", "volumeName")],
  ["csi", checkCsi],
  ["ephemeral", checkEphemeral],
  ["image", checkImage]
]

const alone = new Map(sources.map((source) => [source[0], [source]] as const))

/** The kinds of sources that a volume may have: mostly it has one, so that the others need not be looked for. */
const sourcesOf = (volume: Fields): typeof sources => {
  let only: string | undefined
  for (const name in volume) {
    if (!alone.has(name)) continue
    if (only !== undefined) return sources
    only = name
  }
  return only === undefined ? sources : (alone.get(only) as typeof sources)
}

const checkSource = (check: Check, field: string, volume: Fields, context: VolumeContext): void => {
  const emptyDir = part(volume, "emptyDir")
  let found = emptyDir !== undefined
  if (text(emptyDir, "sizeLimit").startsWith("-")) check.forbidden(`${field}.emptyDir.sizeLimit`, "SizeLimit field must be a valid resource quantity")
  for (const [name, checkOne, shown = name] of sourcesOf(volume)) {
    const source = part(volume, name)
    if (source === undefined) continue
    // The original misspells one of the fields here.
    if (found) check.forbidden(`${field}.${name === "downwardAPI" ? "downwarAPI" : name === "cephfs" ? "cephFS" : name}`, onlyOne)
    else {
      found = true
      checkOne(check, `${field}.${shown}`, source, context)
    }
  }
  if (!found) check.required(field, "must specify a volume type")
}

const noVolumes: ReadonlyMap<string, Fields> = new Map()

/** Checks all volumes; gives those that mounts may refer to. */
export const checkVolumes = (check: Check, field: string, volumes: ReadonlyArray<Fields>, context: VolumeContext): ReadonlyMap<string, Fields> => {
  if (volumes.length === 0) return noVolumes
  const usable = new Map<string, Fields>()
  const created = new Set(context.podName === "" ? [] : volumes.filter((one) => one["ephemeral"] !== undefined).map((one) => `${context.podName}-${text(one, "name")}`))
  volumes.forEach((volume, i) => {
    const at = `${field}[${i}]`
    const name = text(volume, "name")
    const before = check.causes.length
    checkSource(check, at, volume, context)
    if (name === "") check.required(`${at}.name`)
    else check.dnsLabel(`${at}.name`, name)
    if (usable.has(name)) check.duplicate(`${at}.name`, name)
    if (check.causes.length === before) usable.set(name, volume)
    const claim = text(part(volume, "persistentVolumeClaim"), "claimName")
    if (created.has(claim)) {
      check.invalid(`${at}.persistentVolumeClaim.claimName`, claim, "must not reference a PVC that gets created for an ephemeral volume")
    }
  })
  return usable
}
