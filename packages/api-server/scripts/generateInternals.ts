/**
 * Writes how the API server's internal structs look when they are printed as JSON: error messages show them so.
 *
 * Internal structs have no JSON names of their own: fields appear under their Go names, empty ones included.
 */
import type { GoField, GoPackage } from "./goTypes.ts"

/** Types that messages print, and so all types below them. */
const roots = [
  "core.PodTemplateSpec", "core.EphemeralContainer", "core.PersistentVolumeClaimSpec", "core.PersistentVolumeSource", "core.VolumeNodeAffinity",
  "core.Taint", "core.Toleration", "core.PodIP", "core.HostIP", "core.ServiceSpec", "core.TypedLocalObjectReference", "core.TypedObjectReference",
  "batch.JobTemplateSpec", "batch.UncountedTerminatedPods", "policy.PodDisruptionBudgetSpec", "rbac.RoleRef", "rbac.Subject", "rbac.PolicyRule",
  "authorization.ResourceAttributes", "authorization.NonResourceAttributes", "apps.DeploymentStrategy", "apps.StatefulSetUpdateStrategy",
  "apps.RollingUpdateDaemonSet", "storage.VolumeAttachmentSpec", "networking.IngressBackend", "networking.NetworkPolicyPort"
]

const letters: Readonly<Record<string, string>> = {
  string: "s", bool: "b", int: "i", int32: "i", int64: "i", float64: "i", "[]byte": "s",
  "meta/v1.Time": "j", "meta/v1.MicroTime": "j", "meta/v1.LabelSelector": "j", "resource.Quantity": "q", "intstr.IntOrString": "o",
  "runtime.Object": "j", "types.UID": "s", "types.NodeName": "s"
}

/** The module with one line for each internal type. */
export const internalsModule = (packages: ReadonlyMap<string, GoPackage>): string => {
  const lines = new Map<string, string>()

  const code = (type: string): string => {
    const letter = letters[type]
    if (letter !== undefined) return letter
    if (type.startsWith("*")) return `*${code(type.slice(1))}`
    if (type.startsWith("[]")) return `[${code(type.slice(2))}`
    const map = /^map\[[^\]]+\](.*)$/.exec(type)
    if (map !== null) return `{${code(map[1] ?? "")}`
    const [pkg = "", name = ""] = type.replace(/^internal\//, "").split(".")
    const found = packages.get(`internal/${pkg}`)?.get(name)
    if (found === undefined) return "j"
    if (found.fields === undefined) return code(found.alias ?? "string")
    declare(pkg, name)
    return `${pkg}.${name}`
  }

  const declare = (pkg: string, name: string): void => {
    const id = `${pkg}.${name}`
    if (lines.has(id)) return
    lines.set(id, "")
    const fields = packages.get(`internal/${pkg}`)?.get(name)?.fields ?? []
    const published = publishedFields(packages, pkg, name)
    lines.set(id, `${id}:${fields.map((field) => fieldText(field, published, code)).join(";")}`)
  }

  for (const root of roots) {
    const [pkg = "", name = ""] = root.split(".")
    declare(pkg, name)
  }
  return `
/** Internal types, one line each, in the form that \`InternalForm.ts\` reads. */
export const internalLines = String.raw\`${[...lines.values()].join("\n")}\`
`
}

/** JSON names of the published type of the same name, by Go name. */
const publishedFields = (packages: ReadonlyMap<string, GoPackage>, pkg: string, name: string): ReadonlyMap<string, string> => {
  const published = packages.get(`${pkg}/v1`)?.get(name)?.fields ?? []
  return new Map(published.flatMap((field) => (field.json === undefined ? [] : [[field.goName, field.json] as const])))
}

const fieldText = (field: GoField, published: ReadonlyMap<string, string>, code: (type: string) => string): string => {
  if (field.type === "meta/v1.ObjectMeta") return "~metadata j"
  if (field.json === undefined) return `~ ${code(field.type)}`
  const known = published.get(field.goName)
  const json = known ?? `${field.goName.slice(0, 1).toLowerCase()}${field.goName.slice(1)}`
  return `${field.goName} ${json} ${code(field.type)}`
}
