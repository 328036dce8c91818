/** Rules of the restricted level, on top of the baseline: pods are hardened. */
import { findBadSeccomp, findUnmaskedProc } from "./BaselineChecks.ts"
import { offenders, plural, type PodView, quoted, setters, sorted, theContainers } from "./PodView.ts"
import { hasOwnUsers, runsWindows, type SecurityCheck } from "./SecurityCheck.ts"

const privilegeEscalation: SecurityCheck = {
  since: 8,
  reason: "allowPrivilegeEscalation != false",
  find: (pod, minor) => {
    if (runsWindows(pod, minor)) return undefined
    const names = offenders(pod, (security) => security.allowPrivilegeEscalation !== false)
    return names.length === 0 ? undefined : `${theContainers(names)} must set securityContext.allowPrivilegeEscalation=false`
  }
}

const capabilities: SecurityCheck = {
  since: 22,
  reason: "unrestricted capabilities",
  find: (pod, minor) => {
    if (runsWindows(pod, minor)) return undefined
    const extra: Array<string> = []
    const keeping = offenders(pod, (security) => security.capabilities?.drop?.includes("ALL") !== true)
    const adding = offenders(pod, (security) => {
      const added = (security.capabilities?.add ?? []).filter((it) => it !== "NET_BIND_SERVICE")
      extra.push(...added)
      return added.length > 0
    })
    const parts = [
      ...(keeping.length === 0 ? [] : [`${theContainers(keeping)} must set securityContext.capabilities.drop=["ALL"]`]),
      ...(adding.length === 0 ? [] : [`${theContainers(adding)} must not include ${quoted(sorted(extra))} in securityContext.capabilities.add`])
    ]
    return parts.length === 0 ? undefined : parts.join("; ")
  }
}

const procMount: SecurityCheck = { since: 35, reason: "procMount", find: findUnmaskedProc }

const safeVolumes = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"]

const isSet = (volume: object, type: string): boolean => (volume as Record<string, unknown>)[type] !== undefined

const typeOf = (volume: object): string => Object.keys(volume).find((key) => key !== "name" && isSet(volume, key)) ?? "unknown"

const volumes: SecurityCheck = {
  since: 0,
  reason: "restricted volume types",
  find: ({ spec }) => {
    const bad = (spec.volumes ?? []).filter((volume) => !safeVolumes.some((type) => isSet(volume, type)))
    if (bad.length === 0) return undefined
    const types = sorted(bad.map(typeOf))
    const names = quoted(bad.map(({ name }) => name))
    return `${plural(bad.length, "volume")} ${names} ${plural(bad.length, "uses", "use")} ${plural(types.length, "restricted volume type")} ${quoted(types)}`
  }
}

const nonRoot: SecurityCheck = {
  since: 0,
  reason: "runAsNonRoot != true",
  find: (pod, minor) => {
    if (hasOwnUsers(pod, minor)) return undefined
    const ofPod = pod.spec.securityContext?.runAsNonRoot
    const by = setters(ofPod === false, offenders(pod, (security) => security.runAsNonRoot === false))
    if (by !== undefined) return `${by} must not set securityContext.runAsNonRoot=false`
    const silent = ofPod === true ? [] : offenders(pod, (security) => security.runAsNonRoot === undefined)
    return silent.length === 0 ? undefined : `pod or ${theContainers(silent)} must set securityContext.runAsNonRoot=true`
  }
}

const rootUser: SecurityCheck = {
  since: 23,
  reason: "runAsUser=0",
  find: (pod, minor) => {
    if (hasOwnUsers(pod, minor)) return undefined
    const by = setters(pod.spec.securityContext?.runAsUser === 0, offenders(pod, (security) => security.runAsUser === 0))
    return by === undefined ? undefined : `${by} must not set runAsUser=0`
  }
}

const findUnconfined = (pod: PodView): string | undefined => {
  if (pod.spec.securityContext?.seccompProfile !== undefined) return undefined
  const silent = offenders(pod, (security) => security.seccompProfile === undefined)
  if (silent.length === 0) return undefined
  return `pod or ${theContainers(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`
}

const seccomp: SecurityCheck = {
  since: 19,
  reason: "seccompProfile",
  find: (pod, minor) => (runsWindows(pod, minor) ? undefined : (findBadSeccomp(pod) ?? findUnconfined(pod)))
}

/** The rules, in the order in which they are told. */
export const restrictedChecks: ReadonlyArray<SecurityCheck> = [
  privilegeEscalation, capabilities, procMount, volumes, nonRoot, rootUser, seccomp
]
