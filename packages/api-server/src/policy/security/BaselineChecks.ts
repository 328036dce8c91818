/** Rules of the baseline level: no known ways to take over the node. */
import type { Container } from "@fairlead/kube"
import { offenders, plural, type PodView, quoted, setters, sorted, theContainers } from "./PodView.ts"
import { hasOwnUsers, type SecurityCheck } from "./SecurityCheck.ts"

const appArmorPrefix = "container.apparmor.security.beta.kubernetes.io/"

/** Types of profiles that both AppArmor and seccomp allow. */
const isSafeProfile = (type: string | undefined): boolean => type === "RuntimeDefault" || type === "Localhost"

const allowsAppArmor = (value: string): boolean => value === "" || value === "runtime/default" || value.startsWith("localhost/")

const appArmorOffences = (pod: PodView): { readonly by: string; readonly values: ReadonlyArray<string> } | undefined => {
  const ofPod = pod.spec.securityContext?.appArmorProfile?.type
  const podIsBad = ofPod !== undefined && !isSafeProfile(ofPod)
  const types: Array<string> = podIsBad ? [ofPod] : []
  const names = offenders(pod, ({ appArmorProfile }) => {
    if (appArmorProfile === undefined || isSafeProfile(appArmorProfile.type)) return false
    types.push(appArmorProfile.type)
    return true
  })
  const annotations = Object.entries(pod.annotations)
    .filter(([key, value]) => key.startsWith(appArmorPrefix) && !allowsAppArmor(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort()
  const by = [setters(podIsBad, names), annotations.length === 0 ? undefined : plural(annotations.length, "annotation")].filter((it) => it !== undefined)
  return by.length === 0 ? undefined : { by: by.join(" and "), values: [...sorted(types), ...annotations] }
}

const appArmor: SecurityCheck = {
  since: 0,
  reason: (pod) => plural(appArmorOffences(pod)?.values.length ?? 1, "forbidden AppArmor profile"),
  find: (pod) => {
    const found = appArmorOffences(pod)
    return found === undefined ? undefined : `${found.by} must not set AppArmor profile type to ${quoted(found.values)}`
  }
}

const usualCapabilities = new Set([
  "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID",
  "SYS_CHROOT"
])

const capabilities: SecurityCheck = {
  since: 0,
  stricterSince: 22,
  reason: "non-default capabilities",
  find: (pod) => {
    const unusual = new Set<string>()
    const names = offenders(pod, (security) => {
      const added = (security.capabilities?.add ?? []).filter((it) => !usualCapabilities.has(it))
      for (const it of added) unusual.add(it)
      return added.length > 0
    })
    return names.length === 0 ? undefined : `${theContainers(names)} must not include ${quoted(sorted(unusual))} in securityContext.capabilities.add`
  }
}

const hostNamespaces: SecurityCheck = {
  since: 0,
  reason: "host namespaces",
  find: ({ spec }) => (["hostNetwork", "hostPID", "hostIPC"] as const).filter((name) => spec[name] === true).map((name) => `${name}=true`).join(", ") || undefined
}

const hostPathVolumes: SecurityCheck = {
  since: 0,
  stricterSince: 0,
  reason: "hostPath volumes",
  find: ({ spec }) => {
    const names = (spec.volumes ?? []).filter((volume) => volume.hostPath !== undefined).map(({ name }) => name)
    return names.length === 0 ? undefined : `${plural(names.length, "volume")} ${quoted(names)}`
  }
}

const hostPorts: SecurityCheck = {
  since: 0,
  reason: "hostPort",
  find: (pod) => {
    const ports: Array<string> = []
    const names = offenders(pod, (_, container) => {
      const used = (container.ports ?? []).flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : [String(hostPort)]))
      ports.push(...used)
      return used.length > 0
    })
    const all = sorted(ports)
    return names.length === 0 ? undefined : `${theContainers(names)} ${plural(names.length, "uses", "use")} ${plural(all.length, "hostPort")} ${all.join(", ")}`
  }
}

interface Handler {
  readonly httpGet?: { readonly host?: string }
  readonly tcpSocket?: { readonly host?: string }
}

const hostsOf = (handler: Handler | undefined): ReadonlyArray<string> => [handler?.httpGet?.host, handler?.tcpSocket?.host].filter((host) => host !== undefined && host !== "") as ReadonlyArray<string>

const hostsAskedBy = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Partial<Container>): ReadonlyArray<string> =>
  [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap((it) => hostsOf(it as Handler | undefined))

const probeHosts: SecurityCheck = {
  since: 34,
  reason: "probe or lifecycle host",
  find: (pod) => {
    const hosts: Array<string> = []
    const names = sorted(offenders(pod, (_, container) => {
      const asked = hostsAskedBy(container as Partial<Container>)
      hosts.push(...asked)
      return asked.length > 0
    }))
    if (names.length === 0) return undefined
    const all = sorted(hosts)
    return `${theContainers(names)} ${plural(names.length, "uses", "use")} ${plural(all.length, "probe or lifecycle host")} ${quoted(all)}`
  }
}

const privileged: SecurityCheck = {
  since: 0,
  reason: "privileged",
  find: (pod) => {
    const names = offenders(pod, (security) => security.privileged === true)
    return names.length === 0 ? undefined : `${theContainers(names)} must not set securityContext.privileged=true`
  }
}

/** Refuses unmasked `/proc`. */
export const findUnmaskedProc = (pod: PodView): string | undefined => {
  const types: Array<string> = []
  const names = offenders(pod, ({ procMount }) => {
    if (procMount === undefined || procMount === "Default") return false
    types.push(procMount)
    return true
  })
  return names.length === 0 ? undefined : `${theContainers(names)} must not set securityContext.procMount to ${quoted(sorted(types))}`
}

const procMount: SecurityCheck = {
  since: 0,
  stricterSince: 35,
  reason: "procMount",
  find: (pod, minor) => (hasOwnUsers(pod, minor) ? undefined : findUnmaskedProc(pod))
}

const seLinuxTypes = new Set(["", "container_t", "container_init_t", "container_kvm_t"])

const seLinux: SecurityCheck = {
  since: 0,
  reason: "seLinuxOptions",
  find: (pod, minor) => {
    const types: Array<string> = []
    const forbidden = { user: false, role: false }
    const isBad = ({ type = "", user = "", role = "" }: { readonly type?: string; readonly user?: string; readonly role?: string } = {}): boolean => {
      const badType = !seLinuxTypes.has(type) && !(minor >= 31 && type === "container_engine_t")
      if (badType) types.push(type)
      forbidden.user ||= user !== ""
      forbidden.role ||= role !== ""
      return badType || user !== "" || role !== ""
    }
    const by = setters(isBad(pod.spec.securityContext?.seLinuxOptions), offenders(pod, (security) => isBad(security.seLinuxOptions)))
    if (by === undefined) return undefined
    const bad = sorted(types)
    const parts = [
      ...(bad.length === 0 ? [] : [`${plural(bad.length, "type")} ${quoted(bad)}`]),
      ...(["user", "role"] as const).filter((name) => forbidden[name]).map((name) => `${name} may not be set`)
    ]
    return `${by} set forbidden securityContext.seLinuxOptions: ${parts.join("; ")}`
  }
}

const seccompKey = "seccomp.security.alpha.kubernetes.io/pod"

const allowsSeccomp = (value: string): boolean => value === "runtime/default" || value === "docker/default" || value.startsWith("localhost/")

const findSeccompAnnotations = (pod: PodView): string | undefined => {
  const keys = [seccompKey, ...pod.containers.map(({ name }) => `container.${seccompKey.slice(0, -"pod".length)}${name}`)]
  const bad = sorted(keys.flatMap((key) => {
    const value = pod.annotations[key]
    return value === undefined || allowsSeccomp(value) ? [] : [`${key}=${JSON.stringify(value)}`]
  }))
  return bad.length === 0 ? undefined : `forbidden ${plural(bad.length, "annotation")} ${bad.join(", ")}`
}

/** Refuses seccomp profiles that confine nothing. */
export const findBadSeccomp = (pod: PodView): string | undefined => {
  const types: Array<string> = []
  const isBad = (profile: { readonly type: string } | undefined): boolean => {
    if (profile === undefined || isSafeProfile(profile.type)) return false
    types.push(profile.type)
    return true
  }
  const by = setters(isBad(pod.spec.securityContext?.seccompProfile), offenders(pod, (security) => isBad(security.seccompProfile)))
  return by === undefined ? undefined : `${by} must not set securityContext.seccompProfile.type to ${quoted(sorted(types))}`
}

const seccomp: SecurityCheck = {
  since: 0,
  stricterSince: 19,
  reason: "seccompProfile",
  find: (pod, minor) => (minor < 19 ? findSeccompAnnotations(pod) : findBadSeccomp(pod))
}

/** Kernel settings that are safe, with the version that found them to be so. */
const safeSettings: { readonly [name: string]: number } = {
  "kernel.shm_rmid_forced": 0,
  "net.ipv4.ip_local_port_range": 0,
  "net.ipv4.tcp_syncookies": 0,
  "net.ipv4.ping_group_range": 0,
  "net.ipv4.ip_unprivileged_port_start": 0,
  "net.ipv4.ip_local_reserved_ports": 27,
  "net.ipv4.tcp_keepalive_time": 29,
  "net.ipv4.tcp_fin_timeout": 29,
  "net.ipv4.tcp_keepalive_intvl": 29,
  "net.ipv4.tcp_keepalive_probes": 29,
  "net.ipv4.tcp_rmem": 32,
  "net.ipv4.tcp_wmem": 32
}

const sysctls: SecurityCheck = {
  since: 0,
  reason: "forbidden sysctls",
  find: ({ spec }, minor) => {
    const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name)
    return names.filter((name) => !Object.hasOwn(safeSettings, name) || safeSettings[name]! > minor).join(", ") || undefined
  }
}

const hostProcess: SecurityCheck = {
  since: 0,
  reason: "hostProcess",
  find: (pod) => {
    const ofPod = pod.spec.securityContext?.windowsOptions?.hostProcess === true
    const by = setters(ofPod, offenders(pod, (security) => security.windowsOptions?.hostProcess === true))
    return by === undefined ? undefined : `${by} must not set securityContext.windowsOptions.hostProcess=true`
  }
}

/** The rules, in the order in which they are told. */
export const baselineChecks: ReadonlyArray<SecurityCheck> = [
  appArmor, capabilities, hostNamespaces, hostPathVolumes, hostPorts, probeHosts, privileged, procMount, seLinux, seccomp, sysctls, hostProcess
]
