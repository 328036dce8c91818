/** Volumes as containers see them. */
import type { Fields } from "../Sharing.ts"
import { items, part, text, type Check } from "./Check.ts"
import { checkRelativePath } from "./Paths.ts"

const checkPropagation = (check: Check, field: string, mount: Fields, container: Fields): void => {
  const mode = mount["mountPropagation"]
  if (mode === undefined) return
  check.oneOf(field, mode, ["Bidirectional", "HostToContainer", "None"])
  if (mode === "Bidirectional" && part(container, "securityContext")?.["privileged"] !== true) {
    check.forbidden(field, "Bidirectional mount propagation is available only to privileged containers")
  }
}

const checkRecursive = (check: Check, field: string, mount: Fields): void => {
  const mode = mount["recursiveReadOnly"]
  if (mode === undefined || mode === "Disabled") return
  if (mode !== "Enabled" && mode !== "IfPossible") return check.oneOf(field, mode, ["Disabled", "Enabled", "IfPossible"])
  if (mount["readOnly"] !== true) check.forbidden(field, "may only be specified when readOnly is true")
  const propagation = mount["mountPropagation"]
  if (propagation !== undefined && propagation !== "None") check.forbidden(field, "may only be specified when mountPropagation is None or not specified")
}

/** The mounts of a container. */
export const checkMounts = (check: Check, field: string, container: Fields, volumes: ReadonlyMap<string, Fields>): void => {
  const devices = items(container["volumeDevices"])
  const paths = new Set<string>()
  items(container["volumeMounts"]).forEach((mount, i) => {
    const at = `${field}[${i}]`
    const [name, path, sub, expression] = [text(mount, "name"), text(mount, "mountPath"), text(mount, "subPath"), text(mount, "subPathExpr")]
    if (name === "") check.required(`${at}.name`)
    if (!volumes.has(name)) check.notFound(`${at}.name`, name)
    if (path === "") check.required(`${at}.mountPath`)
    if (paths.has(path)) check.invalid(`${at}.mountPath`, path, "must be unique")
    paths.add(path)
    if (devices.some((device) => text(device, "name") === name)) check.invalid(`${at}.name`, name, "must not already exist in volumeDevices")
    if (devices.some((device) => text(device, "devicePath") === path)) check.invalid(`${at}.mountPath`, path, "must not already exist as a path in volumeDevices")
    if (sub !== "") checkRelativePath(check, `${field}.subPath`, sub)
    if (expression !== "") {
      if (sub !== "") check.invalid(`${at}.subPathExpr`, expression, "subPathExpr and subPath are mutually exclusive")
      checkRelativePath(check, `${field}.subPathExpr`, expression)
    }
    checkPropagation(check, `${field}.mountPropagation`, mount, container)
    checkRecursive(check, `${field}.recursiveReadOnly`, mount)
  })
}

/** The block devices of a container. */
export const checkDevices = (check: Check, field: string, container: Fields, volumes: ReadonlyMap<string, Fields>): void => {
  const mounts = items(container["volumeMounts"])
  const [names, paths] = [new Set<string>(), new Set<string>()]
  items(container["volumeDevices"]).forEach((device, i) => {
    const at = `${field}[${i}]`
    const [name, path] = [text(device, "name"), text(device, "devicePath")]
    const volume = volumes.get(name)
    if (name === "") check.required(`${at}.name`)
    if (names.has(name)) check.invalid(`${at}.name`, name, "must be unique")
    if (volume === undefined) check.notFound(`${at}.name`, name)
    else if (volume["persistentVolumeClaim"] === undefined && volume["ephemeral"] === undefined) {
      check.invalid(`${at}.name`, name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode")
    }
    if (path === "") check.required(`${at}.devicePath`)
    if (paths.has(path)) check.invalid(`${at}.devicePath`, path, "must be unique")
    if (path.split("/").includes("..")) check.invalid(`${at}.devicePath`, path, "can not contain backsteps ('..')")
    else paths.add(path)
    if (mounts.some((mount) => text(mount, "name") === name)) check.invalid(`${at}.name`, name, "must not already exist in volumeMounts")
    if (mounts.some((mount) => text(mount, "mountPath") === path)) check.invalid(`${at}.devicePath`, path, "must not already exist as a path in volumeMounts")
    if (name !== "") names.add(name)
  })
}
