/** Persistent volumes and the claims on them. */
import { jsonEqual, Quantity } from "@fairlead/kube"
import { subdomainErrors } from "../../internal/nameRules.ts"
import { indented, internalForm } from "../InternalForm.ts"
import type { Fields } from "../Sharing.ts"
import { unifiedDiff } from "../UnifiedDiff.ts"
import { part, text, texts, type Check } from "./Check.ts"
import { checkNodeSelector } from "./NodeSelectors.ts"
import { checkQuantity, compareQuantities } from "./Quantities.ts"

const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]
const volumeModes = ["Block", "Filesystem"]

const checkAccessModes = (check: Check, field: string, modes: ReadonlyArray<string>, detail: string): void => {
  if (modes.length === 0) check.required(field, detail)
  for (const mode of modes) check.oneOf(field, mode, accessModes)
  const alone = modes.includes("ReadWriteOncePod")
  if (alone && modes.some((mode) => mode !== "ReadWriteOncePod" && accessModes.includes(mode))) {
    check.forbidden(field, "may not use ReadWriteOncePod with other access modes")
  }
}

const checkSource = (check: Check, field: string, source: Fields): void => {
  if (text(source, "name") === "") check.required(`${field}.name`)
  if (text(source, "kind") === "") check.required(`${field}.kind`)
  const group = text(source, "apiGroup")
  if (group === "" && text(source, "kind") !== "PersistentVolumeClaim") {
    check.invalid(field, text(source, "kind"), "must be 'PersistentVolumeClaim' when referencing the default apiGroup")
  }
  if (group !== "") check.subdomain(`${field}.apiGroup`, group)
  if (text(source, "namespace") !== "") check.dnsLabel(`${field}.namespace`, text(source, "namespace"))
}

/** The spec of a claim, also inside the templates of others. */
export const checkClaimSpec = (check: Check, field: string, spec: Fields): void => {
  checkAccessModes(check, `${field}.accessModes`, texts(spec["accessModes"]), "at least 1 access mode is required")
  check.labelSelector(`${field}.selector`, spec["selector"])
  const storage = part(part(spec, "resources"), "requests")?.["storage"]
  const storageField = `${field}.resources[storage]`
  if (storage === undefined) check.required(storageField)
  else if (compareQuantities(storage, "0") <= 0) check.invalid(storageField, storage, "must be greater than zero")
  else checkQuantity(check, storageField, "storage", storage)
  for (const name of ["storageClassName", "volumeAttributesClassName"]) {
    if (text(spec, name) !== "" && name === "storageClassName") check.subdomain(`${field}.${name}`, text(spec, name))
  }
  if (spec["volumeMode"] !== undefined) check.oneOf(`${field}.volumeMode`, spec["volumeMode"], volumeModes)
  const [source, ref] = [part(spec, "dataSource"), part(spec, "dataSourceRef")]
  if (source !== undefined) checkSource(check, `${field}.dataSource`, source)
  if (ref !== undefined) checkSource(check, `${field}.dataSourceRef`, ref)
  if (source !== undefined && text(ref, "namespace") !== "") check.invalid(field, `${field}.dataSource`, "may not be specified when dataSourceRef.namespace is specified")
  else if (source !== undefined && ref !== undefined && !["apiGroup", "kind", "name"].every((name) => source[name] === ref[name])) {
    check.invalid(field, `${field}.dataSource`, "must match dataSourceRef")
  }
  if (text(spec, "volumeAttributesClassName") !== "") check.subdomain(`${field}.volumeAttributesClassName`, text(spec, "volumeAttributesClassName"))
}

const requestedOf = (spec: Fields): unknown => part(part(spec, "resources"), "requests")?.["storage"]

const withRequested = (spec: Fields, storage: unknown): Fields => {
  const resources = part(spec, "resources")
  return resources?.["requests"] === undefined ? spec : { ...spec, resources: { ...resources, requests: { ...part(resources, "requests"), storage } } }
}

/** Fields that keep their old values in the comparison, since they may change. */
const changeable = (spec: Fields, old: Fields, bound: boolean): Fields => {
  let out = old["volumeName"] === undefined ? { ...spec, volumeName: undefined } : spec
  if (bound) out = { ...withRequested(out, requestedOf(old)), volumeAttributesClassName: old["volumeAttributesClassName"] }
  if (old["storageClassName"] === undefined) out = { ...out, storageClassName: undefined }
  return out
}

/** What an update may not change of a claim. */
export const checkClaimUpdate = (check: Check, claim: Fields, old: Fields): void => {
  const [spec, oldSpec] = [part(claim, "spec") ?? {}, part(old, "spec") ?? {}]
  const bound = text(part(claim, "status"), "phase") === "Bound"
  const munged = internalForm("core.PersistentVolumeClaimSpec", changeable(spec, oldSpec, bound))
  const before = internalForm("core.PersistentVolumeClaimSpec", oldSpec)
  if (!jsonEqual(munged, before)) {
    const diff = unifiedDiff(indented(before), indented(munged))
    check.forbidden("spec", `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${diff}`)
  }
  const size = requestedOf(spec)
  const status = part(part(old, "status"), "capacity")?.["storage"] ?? "0"
  if (compareQuantities(size, requestedOf(oldSpec)) < 0 && compareQuantities(size, status) <= 0) {
    check.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")
  }
  if (spec["volumeMode"] !== oldSpec["volumeMode"]) check.invalid("volumeMode", spec["volumeMode"], "field is immutable")
}

/** The status of a claim. */
export const checkClaimStatus = (check: Check, claim: Fields): void => {
  const capacity = part(part(claim, "status"), "capacity") ?? {}
  for (const name in capacity) {
    if (compareQuantities(capacity[name], "0") < 0) check.invalid(`status.capacity[${name}]`, capacity[name], "must be a valid resource quantity")
  }
}

const volumeSources = [
  "gcePersistentDisk", "awsElasticBlockStore", "hostPath", "glusterfs", "nfs", "rbd", "iscsi", "cinder", "cephfs", "fc", "flocker", "flexVolume", "azureFile",
  "vsphereVolume", "quobyte", "azureDisk", "photonPersistentDisk", "portworxVolume", "scaleIO", "local", "storageos", "csi"
]

const checkVolumeSources = (check: Check, spec: Fields): void => {
  const found = volumeSources.filter((name) => spec[name] !== undefined)
  for (const name of found.slice(1)) check.forbidden(`spec.${name}`, "may not specify more than 1 volume type")
  if (found.length === 0) check.required("spec", "must specify a volume type")
  const [hostPath, nfs, csi, local] = [part(spec, "hostPath"), part(spec, "nfs"), part(spec, "csi"), part(spec, "local")]
  if (hostPath !== undefined && text(hostPath, "path") === "") check.required("spec.hostPath.path")
  if (text(hostPath, "path").split("/").includes("..")) check.invalid("spec.hostPath.path", text(hostPath, "path"), "must not contain '..'")
  if (text(hostPath, "path") === "/" && text(spec, "persistentVolumeReclaimPolicy") === "Recycle") {
    check.forbidden("spec.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'")
  }
  if (nfs !== undefined) {
    if (text(nfs, "server") === "") check.required("spec.nfs.server")
    if (text(nfs, "path") === "") check.required("spec.nfs.path")
    if (!text(nfs, "path").startsWith("/")) check.invalid("spec.nfs.path", text(nfs, "path"), "must be an absolute path")
  }
  if (csi !== undefined) {
    if (text(csi, "driver") === "") check.required("spec.csi.driver")
    else check.texts("spec.csi.driver", text(csi, "driver"), subdomainErrors(text(csi, "driver").toLowerCase()))
    if (text(csi, "volumeHandle") === "") check.required("spec.csi.volumeHandle")
  }
  if (local !== undefined && text(local, "path") === "") check.required("spec.local.path")
  if (local !== undefined && part(spec, "nodeAffinity") === undefined) check.required("spec.nodeAffinity", "Local volume requires node affinity")
}

/** The spec of a persistent volume. */
export const checkVolumeSpec = (check: Check, spec: Fields): void => {
  checkAccessModes(check, "spec.accessModes", texts(spec["accessModes"]), "")
  const capacity = part(spec, "capacity") ?? {}
  const names = Object.keys(capacity)
  if (names.length === 0) check.required("spec.capacity")
  if (!names.includes("storage") || names.length > 1) {
    check.unsupported("spec.capacity", names.length === 0 ? null : capacity, ["storage"])
  }
  for (const name of names) {
    if (compareQuantities(capacity[name], "0") < 0) check.invalid(`spec.capacity[${name}]`, Number(Quantity.toScaled(Quantity.parse(String(capacity[name])) ?? Quantity.zero, 0)), "must be a valid resource quantity")
    if (compareQuantities(capacity[name], "0") <= 0) check.invalid(`spec.capacity[${name}]`, capacity[name], "must be greater than zero")
  }
  if (text(spec, "persistentVolumeReclaimPolicy") !== "") {
    check.oneOf("spec.persistentVolumeReclaimPolicy", spec["persistentVolumeReclaimPolicy"], ["Delete", "Recycle", "Retain"])
  }
  const required = part(part(spec, "nodeAffinity"), "required")
  if (part(spec, "nodeAffinity") !== undefined) {
    if (required === undefined) check.required("spec.nodeAffinity.required", "must specify required node constraints")
    else checkNodeSelector(check, "spec.nodeAffinity.required", required)
  }
  checkVolumeSources(check, spec)
  if (text(spec, "storageClassName") !== "") check.subdomain("spec.storageClassName", text(spec, "storageClassName"))
  if (spec["volumeMode"] !== undefined) check.oneOf("spec.volumeMode", spec["volumeMode"], volumeModes)
}

/** What an update may not change of a persistent volume. */
export const checkVolumeUpdate = (check: Check, volume: Fields, old: Fields): void => {
  const [spec, oldSpec] = [part(volume, "spec") ?? {}, part(old, "spec") ?? {}]
  const [after, before] = [internalForm("core.PersistentVolumeSource", spec), internalForm("core.PersistentVolumeSource", oldSpec)]
  if (!jsonEqual(after, before)) {
    check.forbidden("spec.persistentvolumesource", `spec.persistentvolumesource is immutable after creation\n${unifiedDiff(indented(before), indented(after))}`)
  }
  if (spec["volumeMode"] !== oldSpec["volumeMode"]) check.invalid("volumeMode", spec["volumeMode"], "field is immutable")
  if (oldSpec["nodeAffinity"] !== undefined && !jsonEqual(spec["nodeAffinity"], oldSpec["nodeAffinity"])) {
    check.invalid("nodeAffinity", internalForm("core.VolumeNodeAffinity", spec["nodeAffinity"]), "field is immutable")
  }
}
