/** What processes may do and as whom they run. */
import { internalForm } from "../InternalForm.ts"
import type { Fields } from "../Sharing.ts"
import { items, part, text, texts, type Check } from "./Check.ts"
import { userIdErrors } from "./Formats.ts"
import { checkRelativePath } from "./Paths.ts"

const profileTypes = ["Localhost", "RuntimeDefault", "Unconfined"]

const checkSeccomp = (check: Check, field: string, profile: Fields | undefined): void => {
  if (profile === undefined) return
  const type = text(profile, "type")
  if (type === "") check.required(`${field}.type`, "type is required when seccompProfile is set")
  else check.oneOf(`${field}.type`, type, profileTypes)
  const local = profile["localhostProfile"]
  if (type === "Localhost") {
    if (local === undefined) check.required(`${field}.localhostProfile`, "must be set when seccomp type is Localhost")
    else checkRelativePath(check, `${field}.localhostProfile`, String(local))
  } else if (local !== undefined) {
    check.invalid(`${field}.localhostProfile`, internalForm("core.SeccompProfile", profile), "can only be set when seccomp type is Localhost")
  }
}

const localhostMax = 4095

const checkAppArmor = (check: Check, field: string, profile: Fields | undefined): void => {
  if (profile === undefined) return
  const type = text(profile, "type")
  const local = profile["localhostProfile"]
  if (type === "Localhost") {
    if (local === undefined) check.required(`${field}.localhostProfile`, "must be set when AppArmor type is Localhost")
    else if (String(local) !== String(local).trim()) check.invalid(`${field}.localhostProfile`, local, "must not be padded with whitespace")
    else if (local === "") check.required(`${field}.localhostProfile`, "must be set when AppArmor type is Localhost")
    if (String(local ?? "").length > localhostMax) check.tooLong(`${field}.localhostProfile`, localhostMax)
  } else if (type === "RuntimeDefault" || type === "Unconfined") {
    if (local !== undefined) check.invalid(`${field}.localhostProfile`, local, "can only be set when AppArmor type is Localhost")
  } else if (type === "") check.required(`${field}.type`, "type is required when appArmorProfile is set")
  else check.oneOf(`${field}.type`, type, profileTypes)
}

const podIds = ["fsGroup", "runAsUser", "runAsGroup"]
const containerIds = ["runAsUser", "runAsGroup"]

const checkIds = (check: Check, field: string, context: Fields, names: ReadonlyArray<string>): void => {
  for (const name of names) {
    const id = context[name]
    if (typeof id === "number") check.texts(`${field}.${name}`, id, userIdErrors(id))
  }
}

/** The security context of a container. */
export const checkSecurityContext = (check: Check, field: string, context: Fields | undefined, hostUsers: boolean): void => {
  if (context === undefined) return
  checkIds(check, field, context, containerIds)
  const mount = context["procMount"]
  if (mount !== undefined) {
    check.oneOf(`${field}.procMount`, mount, ["Default", "Unmasked"])
    if (hostUsers && mount === "Unmasked") check.invalid(`${field}.procMount`, mount, "`hostUsers` must be false to use `Unmasked`")
  }
  checkSeccomp(check, `${field}.seccompProfile`, part(context, "seccompProfile"))
  if (context["allowPrivilegeEscalation"] === false) {
    const shown = (): unknown => internalForm("core.SecurityContext", context)
    if (context["privileged"] === true) check.invalid(field, shown(), "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
    for (const capability of texts(part(context, "capabilities")?.["add"])) {
      if (capability === "CAP_SYS_ADMIN") check.invalid(field, shown(), "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN")
    }
  }
  checkAppArmor(check, `${field}.appArmorProfile`, part(context, "appArmorProfile"))
}

const segment = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
const sysctlPattern = `^(${segment}[\\./])*${segment}$`
const sysctlRule = new RegExp(sysctlPattern)

const namespaceOf = (sysctl: string): string => {
  const name = sysctl.replaceAll("/", ".")
  if (name.startsWith("net.")) return "net"
  return /^(kernel\.(sem|shm|msg)|fs\.mqueue\.)/.test(name) ? "ipc" : ""
}

const checkSysctls = (check: Check, field: string, sysctls: ReadonlyArray<Fields>, spec: Fields): void => {
  const seen = new Set<string>()
  sysctls.forEach((sysctl, i) => {
    const name = text(sysctl, "name")
    const at = `${field}[${i}].name`
    if (name === "") check.required(at)
    else if (name.length > 253 || !sysctlRule.test(name)) check.invalid(at, name, `must have at most 253 characters and match regex ${sysctlPattern}`)
    else if (seen.has(name)) check.duplicate(at, name)
    if (spec["hostNetwork"] === true && namespaceOf(name) === "net") check.invalid(at, name, "may not be specified when 'hostNetwork' is true")
    if (spec["hostIPC"] === true && namespaceOf(name) === "ipc") check.invalid(at, name, "may not be specified when 'hostIPC' is true")
    seen.add(name)
  })
}

/** The security context of a pod. */
export const checkPodSecurityContext = (check: Check, field: string, spec: Fields): void => {
  const context = part(spec, "securityContext")
  if (context === undefined) return
  checkIds(check, field, context, podIds)
  const groups = context["supplementalGroups"] as ReadonlyArray<number> | undefined
  groups?.forEach((group, i) => check.texts(`${field}.supplementalGroups[${i}]`, group, userIdErrors(group)))
  if (spec["shareProcessNamespace"] === true && spec["hostPID"] === true) {
    check.invalid(`${field}.shareProcessNamespace`, true, "ShareProcessNamespace and HostPID cannot both be enabled")
  }
  if (context["sysctls"] !== undefined) checkSysctls(check, `${field}.sysctls`, items(context["sysctls"]), spec)
  if (context["fsGroupChangePolicy"] !== undefined) check.oneOf(`${field}.fsGroupChangePolicy`, context["fsGroupChangePolicy"], ["Always", "OnRootMismatch"])
  checkSeccomp(check, `${field}.seccompProfile`, part(context, "seccompProfile"))
  checkAppArmor(check, `${field}.appArmorProfile`, part(context, "appArmorProfile"))
  if (context["supplementalGroupsPolicy"] !== undefined) check.oneOf(`${field}.supplementalGroupsPolicy`, context["supplementalGroupsPolicy"], ["Merge", "Strict"])
  if (context["seLinuxChangePolicy"] !== undefined) check.oneOf(`${field}.seLinuxChangePolicy`, context["seLinuxChangePolicy"], ["MountOption", "Recursive"])
}
