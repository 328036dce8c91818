/** Classes of storage, and the drivers behind them. */
import { jsonEqual } from "@fairlead/kube"
import { qualifiedNameErrors } from "../../internal/nameRules.ts"
import { internalForm } from "../InternalForm.ts"
import type { Fields } from "../Sharing.ts"
import { items, part, sorted, specOf, text, texts, type Check } from "./Check.ts"
import { checkDriverName } from "./Volumes.ts"

const checkParameters = (check: Check, parameters: Fields): void => {
  const keys = Object.keys(parameters)
  if (keys.length > 512) return check.tooLong("parameters", 512)
  if (keys.includes("")) check.invalid("parameters", "", "field can not be empty.")
  const size = keys.reduce((sum, key) => sum + key.length + String(parameters[key]).length, 0)
  if (size > 256 * 1024) check.tooLong("parameters", 256 * 1024)
}

const checkTopology = (check: Check, field: string, term: Fields): void => {
  const seen = new Set<string>()
  items(term["matchLabelExpressions"]).forEach((one, i) => {
    const [at, key, values] = [`${field}.matchLabelExpressions[${i}]`, text(one, "key"), texts(one["values"])]
    if (values.length === 0) check.required(`${at}.values`)
    values.forEach((value, j) => {
      if (values.indexOf(value) < j) check.duplicate(`${at}.values[${j}]`, value)
    })
    check.texts(`${at}.key`, key, qualifiedNameErrors(key))
    if (seen.has(key)) check.duplicate(`${at}.key`, key)
    seen.add(key)
  })
}

/** A new class of storage. */
export const checkStorageClass = (check: Check, storage: Fields): void => {
  const provisioner = text(storage, "provisioner")
  if (provisioner === "") check.required("provisioner")
  else check.texts("provisioner", provisioner.toLowerCase(), qualifiedNameErrors(provisioner.toLowerCase()))
  checkParameters(check, part(storage, "parameters") ?? {})
  if (text(storage, "reclaimPolicy") !== "") check.oneOf("reclaimPolicy", storage["reclaimPolicy"], ["Delete", "Retain"])
  if (storage["volumeBindingMode"] === undefined) check.required("volumeBindingMode")
  else check.oneOf("volumeBindingMode", storage["volumeBindingMode"], ["Immediate", "WaitForFirstConsumer"])
  items(storage["allowedTopologies"]).forEach((term, i) => checkTopology(check, `allowedTopologies[${i}]`, term))
}

/** What a class means stays. */
export const checkStorageClassUpdate = (check: Check, storage: Fields, old: Fields): void => {
  if (!jsonEqual(storage["parameters"], old["parameters"])) check.invalid("parameters", sorted(storage["parameters"]), "field is immutable")
  for (const name of ["provisioner", "reclaimPolicy", "volumeBindingMode"]) check.immutable(name, storage[name], old[name])
}

const checkTokenRequests = (check: Check, requests: ReadonlyArray<Fields>): void => {
  const seen = new Set<string>()
  requests.forEach((request, i) => {
    const [at, audience, seconds] = [`spec.tokenRequests[${i}]`, text(request, "audience"), request["expirationSeconds"]]
    if (seen.has(audience)) return check.duplicate(`${at}.audience`, audience)
    seen.add(audience)
    if (typeof seconds !== "number") return
    if (seconds < 600) check.invalid(`${at}.expirationSeconds`, seconds, "may not specify a duration less than 10 minutes")
    if (seconds > 2 ** 32) check.invalid(`${at}.expirationSeconds`, seconds, "may not specify a duration larger than 2^32 seconds")
  })
}

/** A driver, new or changed. */
export const checkDriver = (check: Check, driver: Fields, old?: Fields): void => {
  const spec = specOf(driver)
  for (const [name, shown] of [["attachRequired", "attachedRequired"], ["podInfoOnMount", "podInfoOnMount"], ["storageCapacity", "storageCapacity"]] as const) {
    if (spec[name] === undefined) check.required(`spec.${shown}`)
  }
  if (spec["fsGroupPolicy"] !== undefined) check.oneOf("spec.fsGroupPolicy", spec["fsGroupPolicy"], ["File", "None", "ReadWriteOnceWithFSType"])
  const requests = items(spec["tokenRequests"])
  checkTokenRequests(check, requests)
  for (const mode of texts(spec["volumeLifecycleModes"])) check.oneOf("spec.volumeLifecycleModes", mode, ["Persistent", "Ephemeral"])
  if (spec["seLinuxMount"] === undefined) check.required("spec.seLinuxMount")
  const period = spec["nodeAllocatableUpdatePeriodSeconds"]
  if (typeof period === "number" && period < 10) check.invalid("spec.nodeAllocatableUpdatePeriodSeconds", period, "must be greater than or equal to 10 seconds")
  const inSecrets = spec["serviceAccountTokenInSecrets"]
  if (inSecrets !== undefined && requests.length === 0) {
    check.invalid("spec.serviceAccountTokenInSecrets", inSecrets, "serviceAccountTokenInSecrets is set but no tokenRequests are specified")
  }
  if (old === undefined) return
  check.immutable("spec.attachedRequired", spec["attachRequired"], specOf(old)["attachRequired"])
  check.immutable("spec.volumeLifecycleModes", spec["volumeLifecycleModes"], specOf(old)["volumeLifecycleModes"])
}

/** A volume attached to a node; only its status changes. */
export const checkAttachment = (check: Check, attachment: Fields, old?: Fields): void => {
  const spec = specOf(attachment)
  const attacher = text(spec, "attacher")
  checkDriverName(check, "spec.attacher", attacher)
  const source = part(spec, "source") ?? {}
  const [inline, name] = [source["inlineVolumeSpec"], source["persistentVolumeName"]]
  const one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
  if (inline === undefined && name === undefined) check.required("spec.source", one)
  else if (inline !== undefined && name !== undefined) check.forbidden("spec.source", one)
  else if (name === "") check.required("spec.source.persistentVolumeName", "must specify non empty persistentVolumeName")
  if (text(spec, "nodeName") === "") check.required("spec.nodeName")
  else check.subdomain("spec.nodeName", text(spec, "nodeName"))
  if (typeof name === "string") check.subdomain("spec.source.persistentVolumeName", name)
  if (old !== undefined && !jsonEqual(spec, specOf(old))) check.invalid("spec", internalForm("storage.VolumeAttachmentSpec", spec), "field is immutable")
}
