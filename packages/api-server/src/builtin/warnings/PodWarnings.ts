/** What is doubtful about pods, and about the templates from which they are made. */
import { jsonEqual } from "@fairlead/kube"
import type { Fields } from "../Sharing.ts"
import { count, items, part, text, texts } from "../validation/Check.ts"
import { profileOfAnnotation, profileAnnotation } from "../PodPreparation.ts"
import { ipWarnings } from "./Addresses.ts"
import { deprecatedLabel, termWarnings } from "./NodeLabels.ts"
import { fractionWarning, volumeWarnings } from "./VolumeWarnings.ts"
import { containerLists } from "../validation/PodSpec.ts"

const bytes = ["memory", "ephemeral-storage"]
const amountLists = ["limits", "requests"]

const deadAnnotations: ReadonlyArray<readonly [key: string, text: string]> = [
  ["scheduler.alpha.kubernetes.io/critical-pod", "non-functional in v1.16+; use the \"priorityClassName\" field instead"],
  ["security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"],
  ["security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"]
]

const seccomp = "non-functional in v1.27+; use the \"seccompProfile\" field instead"
const noSelector = "a null labelSelector results in matching no pod"

/** A container and where it stands. */
type Place = readonly [field: string, container: Fields]

const placesOf = (field: string, spec: Fields): ReadonlyArray<Place> => {
  const places: Array<Place> = []
  for (const list of containerLists) {
    const containers = items(spec[list])
    for (let i = 0; i < containers.length; i++) places.push([`${field}.${list}[${i}]`, containers[i]!])
  }
  return places
}

const schedulingWarnings = (field: string, spec: Fields, add: (warning: string) => void): void => {
  for (const key in part(spec, "nodeSelector")) {
    const about = deprecatedLabel(key)
    if (about !== undefined) add(`${field}.nodeSelector[${key}]: ${about}`)
  }
  const nodes = part(part(spec, "affinity"), "nodeAffinity")
  if (nodes !== undefined) {
    const at = `${field}.affinity.nodeAffinity`
    const required = items(part(nodes, "requiredDuringSchedulingIgnoredDuringExecution")?.["nodeSelectorTerms"])
    required.forEach((term, i) => termWarnings(`${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`, term, false).forEach(add))
    items(nodes["preferredDuringSchedulingIgnoredDuringExecution"]).forEach((term, i) =>
      termWarnings(`${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`, part(term, "preference"), true).forEach(add))
  }
  items(spec["topologySpreadConstraints"]).forEach((constraint, i) => {
    const key = text(constraint, "topologyKey")
    const about = deprecatedLabel(key)
    if (about !== undefined) add(`${field}.topologySpreadConstraints[${i}].topologyKey: ${key} is ${about}`)
    if (part(constraint, "labelSelector") === undefined) add(`${field}.topologySpreadConstraints[${i}].labelSelector: ${noSelector}`)
  })
}

const duplicateWarnings = (field: string, spec: Fields, add: (warning: string) => void): void => {
  if (spec["hostAliases"] === undefined && spec["imagePullSecrets"] === undefined) return
  for (const [list, name, word] of [["hostAliases", "ip", "ip"], ["imagePullSecrets", "name", "name"]] as const) {
    const seen = new Set<string>()
    items(spec[list]).forEach((item, i) => {
      const value = text(item, name)
      if (seen.has(value)) add(`${field}.${list}[${i}].${name}: duplicate ${word} ${JSON.stringify(value)}`)
      seen.add(value)
    })
  }
  items(spec["imagePullSecrets"]).forEach((secret, i) => {
    if (text(secret, "name") === "") add(`${field}.imagePullSecrets[${i}].name: invalid empty name ""`)
  })
}

/** Comparing each with each is faster than a set for as few as there are. */
const hasRepeated = (names: ReadonlyArray<unknown>): boolean =>
  names.length > 100 ? new Set(names).size < names.length : names.some((name, i) => names.indexOf(name, i + 1) >= 0)

const environmentWarnings = (field: string, variables: ReadonlyArray<Fields>, add: (warning: string) => void): void => {
  if (!hasRepeated(variables.map(({ name }) => name))) return
  const seen = new Set<string>()
  for (let i = 0; i < variables.length; i++) {
    const variable = variables[i]!
    const name = text(variable, "name")
    if (seen.has(name) && hidesPrevious(variable, name)) {
      add(`${field}.env[${i}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`)
    }
    seen.add(name)
  }
}

const hidesPrevious = (variable: Fields, name: string): boolean => {
  const value = text(variable, "value")
  const reference = `$(${name})`
  return variable["valueFrom"] !== undefined || value === reference || !value.includes(reference)
}

/** Everything that a template's metadata says about its containers. */
interface Context {
  readonly isTemplate: boolean
  readonly annotationsField: string
  readonly annotations: Fields
  /** Whether any annotation is about a container. */
  readonly isAnnotated: boolean
  readonly podProfile: unknown
}

const seccompAnnotation = "container.seccomp.security.alpha.kubernetes.io/"

const isAboutContainers = (annotations: Fields): boolean => {
  for (const key in annotations) if (key.startsWith(seccompAnnotation) || key.startsWith(profileAnnotation)) return true
  return false
}

const annotationWarnings = (container: Fields, { isTemplate, annotationsField, annotations, podProfile }: Context, add: (warning: string) => void): void => {
  const name = text(container, "name")
  const security = part(container, "securityContext")
  const seccompKey = seccompAnnotation + name
  if (security?.["seccompProfile"] === undefined && annotations[seccompKey] !== undefined) add(`${annotationsField}[${seccompKey}]: ${seccomp}`)
  const key = profileAnnotation + name
  const annotation = annotations[key]
  if (isTemplate && annotation !== undefined && security?.["appArmorProfile"] === undefined) {
    if (podProfile === undefined || !jsonEqual(podProfile, profileOfAnnotation(String(annotation)))) {
      add(`${annotationsField}[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`)
    }
  }
}

const containerWarnings = ([field, container]: Place, context: Context, add: (warning: string) => void): void => {
  if (context.isAnnotated) annotationWarnings(container, context, add)
  const resources = part(container, "resources")
  if (resources !== undefined) {
    const at = `${field}.resources`
    for (const name of bytes) for (const list of amountLists) fractionWarning(resources, list, name, at, add)
  }
  environmentWarnings(field, items(container["env"]), add)
}

const portWarnings = (places: ReadonlyArray<Place>, add: (warning: string) => void): void => {
  if (places.every(([, container]) => container["ports"] === undefined)) return
  const ports = places.flatMap(([field, container]) => items(container["ports"]).map((port, i): Place => [`${field}.ports[${i}]`, port]))
  ports.forEach(([field, port], i) => {
    const [hostIp, hostPort] = [text(port, "hostIP"), count(port, "hostPort")]
    if (hostIp !== "" && hostPort === 0) {
      const shown = `{Name:${text(port, "name")} HostPort:0 ContainerPort:${count(port, "containerPort")} Protocol:${text(port, "protocol")} HostIP:${hostIp}}`
      add(`${field}: hostIP set without hostPort: ${shown}`)
    }
    for (const [other, before] of ports.slice(0, i)) {
      if (before["containerPort"] !== port["containerPort"] || before["protocol"] !== port["protocol"]) continue
      const [otherIp, otherPort] = [text(before, "hostIP"), count(before, "hostPort")]
      if (hostIp === otherIp && hostPort === otherPort) add(`${field}: duplicate port definition with ${other}`)
      else if (hostPort === 0 || otherPort === 0) add(`${field}: overlapping port definition with ${other}`)
      else if (hostPort === otherPort && (hostIp === "") !== (otherIp === "")) add(`${field}: dangerously ambiguous port definition with ${other}`)
    }
  })
  const names = new Map<string, string>()
  for (const [field, port] of ports) {
    const name = text(port, "name")
    const other = names.get(name)
    if (name === "") continue
    if (other === undefined) names.set(name, field)
    else add(`${field}: duplicate port name ${JSON.stringify(name)} with ${other}, services and probes that select ports by name will use ${other}`)
  }
}

const podAffinityWarnings = (field: string, affinity: Fields | undefined, add: (warning: string) => void): void => {
  if (affinity === undefined) return
  for (const kind of ["podAffinity", "podAntiAffinity"]) {
    const at = `${field}.affinity.${kind}`
    items(part(affinity, kind)?.["requiredDuringSchedulingIgnoredDuringExecution"]).forEach((term, i) => {
      if (part(term, "labelSelector") === undefined) add(`${at}.requiredDuringSchedulingIgnoredDuringExecution[${i}].labelSelector: ${noSelector}`)
    })
    items(part(affinity, kind)?.["preferredDuringSchedulingIgnoredDuringExecution"]).forEach((term, i) => {
      if (part(part(term, "podAffinityTerm"), "labelSelector") !== undefined) return
      add(`${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}].podAffinityTerm.labelSelector: ${noSelector}`)
    })
  }
}

/** Warnings for a pod (`prefix` is empty), or for a template at a place such as `spec.template.`. */
export const podWarnings = (prefix: string, pod: Fields | undefined): ReadonlyArray<string> => {
  const spec = part(pod, "spec") ?? {}
  const annotations = part(part(pod, "metadata"), "annotations") ?? {}
  const [field, annotationsField] = [`${prefix}spec`, `${prefix}metadata.annotations`]
  const warnings: Array<string> = []
  const add = (warning: string): void => void warnings.push(warning)
  schedulingWarnings(field, spec, add)
  for (const [key, about] of deadAnnotations) if (annotations[key] !== undefined) add(`${annotationsField}[${key}]: ${about}`)
  if (spec["volumes"] !== undefined) volumeWarnings(`${field}.volumes`, items(spec["volumes"])).forEach(add)
  duplicateWarnings(field, spec, add)
  for (const name of bytes) fractionWarning(spec, "overhead", name, field, add)
  const security = part(spec, "securityContext")
  const seccompKey = "seccomp.security.alpha.kubernetes.io/pod"
  if (security?.["seccompProfile"] === undefined && annotations[seccompKey] !== undefined) add(`${annotationsField}[${seccompKey}]: ${seccomp}`)
  const places = placesOf(field, spec)
  const isAnnotated = isAboutContainers(annotations)
  const context: Context = { isTemplate: prefix !== "", annotationsField, annotations, isAnnotated, podProfile: security?.["appArmorProfile"] }
  for (const place of places) containerWarnings(place, context, add)
  portWarnings(places, add)
  if (count(spec, "terminationGracePeriodSeconds") < 0) {
    add(`${field}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`)
  }
  podAffinityWarnings(field, part(spec, "affinity"), add)
  texts(part(spec, "dnsConfig")?.["nameservers"]).forEach((ip, i) => ipWarnings(`${field}.dnsConfig.nameservers[${i}]`, ip).forEach(add))
  items(spec["hostAliases"]).forEach((alias, i) => ipWarnings(`${field}.hostAliases[${i}].ip`, text(alias, "ip")).forEach(add))
  return warnings
}
