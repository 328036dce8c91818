/** Files inside volumes: their modes, their paths and where their contents come from. */
import type { Fields } from "../Sharing.ts"
import { part, text, type Check } from "./Check.ts"
import { checkFieldRef, checkResourceFieldRef, volumeFields } from "./FieldReferences.ts"
import { envNameErrors } from "./Formats.ts"
import { checkPathNoBacksteps, checkUnreservedPath } from "./Paths.ts"

const fileMode = "must be a number between 0 and 0777 (octal), both inclusive"
/** File modes. */
export const checkMode = (check: Check, field: string, mode: unknown): void => {
  if (typeof mode === "number" && (mode < 0 || mode > 0o777)) check.invalid(field, mode, fileMode)
}

/** Which key goes to which file. */
export const checkKeyToPath = (check: Check, field: string, item: Fields): void => {
  if (text(item, "key") === "") check.required(`${field}.key`)
  if (text(item, "path") === "") check.required(`${field}.path`)
  checkUnreservedPath(check, `${field}.path`, text(item, "path"))
  checkMode(check, `${field}.mode`, item["mode"])
}

/** One file of the downward API. */
export const checkDownwardFile = (check: Check, field: string, file: Fields): void => {
  if (text(file, "path") === "") check.required(`${field}.path`)
  checkUnreservedPath(check, `${field}.path`, text(file, "path"))
  const [fieldRef, resourceRef] = [part(file, "fieldRef"), part(file, "resourceFieldRef")]
  if (fieldRef !== undefined) {
    checkFieldRef(check, `${field}.fieldRef`, fieldRef, volumeFields)
    if (resourceRef !== undefined) check.invalid(field, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
  } else if (resourceRef !== undefined) checkResourceFieldRef(check, `${field}.resourceFieldRef`, resourceRef, true)
  else check.required(field, "one of fieldRef and resourceFieldRef is required")
  checkMode(check, `${field}.mode`, file["mode"])
}

/** Names of files that hold the value of an environment variable. */
export const checkFileKeyRef = (check: Check, field: string, ref: Fields): void => {
  if (text(ref, "key") === "") check.required(`${field}.key`)
  else check.texts(`${field}.key`, text(ref, "key"), envNameErrors(text(ref, "key")))
  if (text(ref, "volumeName") === "") check.required(`${field}.volumeName`)
  else check.dnsLabel(`${field}.volumeName`, text(ref, "volumeName"))
  if (text(ref, "path") === "") check.required(`${field}.path`)
  else checkPathNoBacksteps(check, `${field}.path`, text(ref, "path"))
}
