/** The spec of a pod, by itself or inside a template. */
import { dnsLabelErrors, subdomainErrors } from "../../internal/nameRules.ts"
import { internalForm } from "../InternalForm.ts"
import type { Fields } from "../Sharing.ts"
import { count, items, part, text, texts, type Check, type Problems } from "./Check.ts"
import { checkContainers, checkEphemeralContainers, checkInitContainers, type ContainerContext } from "./Containers.ts"
import { inclusiveRange, ipErrors, underscoreDomainErrors } from "./Formats.ts"
import { checkResources, compareQuantities, isHugePages } from "./Quantities.ts"
import { checkAffinity, checkSpread, checkTolerations } from "./Scheduling.ts"
import { checkPodSecurityContext } from "./SecurityContexts.ts"
import { checkVolumes, type VolumeContext } from "./Volumes.ts"

const claimSources = ["resourceClaimName", "resourceClaimTemplateName"] as const

const checkClaims = (check: Check, field: string, claims: ReadonlyArray<Fields>): void => {
  const names = new Set<string>()
  claims.forEach((claim, i) => {
    const at = `${field}[${i}]`
    const name = text(claim, "name")
    if (name === "") check.required(`${at}.name`)
    else if (names.has(name)) check.duplicate(`${at}.name`, name)
    else check.dnsLabel(`${at}.name`, name)
    names.add(name)
    const given = claimSources.filter((source) => claim[source] !== undefined)
    if (given.length === 2) check.invalid(at, internalForm("core.PodResourceClaim", claim), "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified")
    if (given.length === 0) check.invalid(at, internalForm("core.PodResourceClaim", claim), "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`")
    for (const source of given) check.subdomain(`${at}.${source}`, text(claim, source))
  })
}

const checkHostNetworkPorts = (check: Check, field: string, spec: Fields, isPod: boolean): void => {
  if (spec["hostNetwork"] !== true) return
  items(spec["containers"]).forEach((container, i) => {
    items(container["ports"]).forEach((port, j) => {
      const hostPort = count(port, "hostPort")
      if ((isPod || hostPort !== 0) && hostPort !== count(port, "containerPort")) {
        check.invalid(`${field}.containers[${i}].ports[${j}].hostPort`, hostPort, "must match `containerPort` when `hostNetwork` is true")
      }
    })
  })
}

const checkDns = (check: Check, field: string, spec: Fields): void => {
  const config = part(spec, "dnsConfig")
  const servers = texts(config?.["nameservers"])
  if (text(spec, "dnsPolicy") === "None") {
    if (config === undefined) return check.required(field, "must provide `dnsConfig` when `dnsPolicy` is None")
    if (servers.length === 0) return check.required(`${field}.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None")
  }
  if (config === undefined) return
  if (servers.length > 3) check.invalid(`${field}.nameservers`, servers, "must not have more than 3 nameservers")
  servers.forEach((server, i) => check.texts(`${field}.nameservers[${i}]`, server, ipErrors(server)))
  const searches = texts(config["searches"])
  if (searches.length > 32) check.invalid(`${field}.searches`, searches, "must not have more than 32 search paths")
  if (searches.join(" ").length > 2048) {
    check.invalid(`${field}.searches`, searches, "must not have more than 2048 characters (including spaces) in the search list")
  }
  searches.forEach((search, i) => {
    if (search === ".") return
    const domain = search.replace(/\.$/, "")
    check.texts(`${field}.searches[${i}]`, domain, underscoreDomainErrors(domain))
  })
  items(config["options"]).forEach((option, i) => {
    if (text(option, "name") === "") check.required(`${field}.options[${i}]`, "must not be empty")
  })
}

const checkGates = (check: Check, field: string, spec: Fields): void => {
  items(spec["readinessGates"]).forEach((gate, i) => check.qualifiedName(`${field}.readinessGates[${i}].conditionType`, text(gate, "conditionType")))
}

const checkSchedulingGates = (check: Check, field: string, gates: ReadonlyArray<Fields>): void => {
  const seen = new Set<string>()
  gates.forEach((gate, i) => {
    const name = text(gate, "name")
    check.qualifiedName(`${field}[${i}]`, name)
    if (seen.has(name)) check.duplicate(`${field}[${i}]`, name)
    seen.add(name)
  })
}

const checkHostUsers = (check: Check, field: string, spec: Fields): void => {
  if (spec["hostUsers"] !== false) return
  const detail = "when `hostUsers` is false"
  if (spec["hostNetwork"] === true) check.forbidden(`${field}.hostNetwork`, detail)
  if (spec["hostPID"] === true) check.forbidden(`${field}.HostPID`, detail)
  if (spec["hostIPC"] === true) check.forbidden(`${field}.HostIPC`, detail)
  for (const list of ["initContainers", "containers", "ephemeralContainers"]) {
    items(spec[list]).forEach((container, i) => {
      if (items(container["volumeDevices"]).length > 0) check.forbidden(`${field}.${list}[${i}].volumeDevices`, detail)
    })
  }
}

const checkNamed = (check: Check, field: string, spec: Fields, name: string, errorsOf: Problems): void => {
  const value = text(spec, name)
  if (value !== "") check.texts(`${field}.${name}`, value, errorsOf(value))
}

const checkNames = (check: Check, field: string, spec: Fields): void => {
  checkNamed(check, field, spec, "serviceAccountName", subdomainErrors)
  checkNamed(check, field, spec, "nodeName", subdomainErrors)
  const deadline = spec["activeDeadlineSeconds"]
  if (typeof deadline === "number" && (deadline < 1 || deadline > 0x7fffffff)) {
    check.invalid(`${field}.activeDeadlineSeconds`, deadline, inclusiveRange(1, 0x7fffffff))
  }
  checkNamed(check, field, spec, "hostname", dnsLabelErrors)
  checkNamed(check, field, spec, "subdomain", dnsLabelErrors)
  if (spec["tolerations"] !== undefined) checkTolerations(check, `${field}.tolerations`, items(spec["tolerations"]))
  items(spec["hostAliases"]).forEach((alias, i) => {
    check.texts(`${field}.hostAliases[${i}].ip`, text(alias, "ip"), ipErrors(text(alias, "ip")))
    texts(alias["hostnames"]).forEach((name, j) => check.subdomain(`${field}.hostAliases[${i}].hostnames[${j}]`, name))
  })
  checkNamed(check, field, spec, "priorityClassName", subdomainErrors)
  checkNamed(check, field, spec, "runtimeClassName", subdomainErrors)
  if (spec["preemptionPolicy"] !== undefined) check.oneOfRequired(`${field}.preemptionPolicy`, spec["preemptionPolicy"], ["PreemptLowerPriority", "Never"])
}

const checkHostnameOverride = (check: Check, field: string, spec: Fields): void => {
  const name = spec["hostnameOverride"]
  if (typeof name !== "string") return
  if (spec["setHostnameAsFQDN"] === true) check.forbidden(`${field}.hostnameOverride`, "may not be specified when setHostnameAsFQDN is true")
  if (spec["hostNetwork"] === true) check.forbidden(`${field}.hostnameOverride`, "may not be specified when hostNetwork is true")
  if (name.length > 64) check.tooLong(`${field}.hostnameOverride`, 64)
  check.subdomain(`${field}.hostnameOverride`, name)
}

const checkPodResources = (check: Check, field: string, spec: Fields, claims: ReadonlySet<string>): void => {
  const resources = part(spec, "resources")
  if (resources === undefined) return
  if (text(part(spec, "os"), "name") === "windows") return check.forbidden(field, "may not be set for a windows pod")
  if (resources["claims"] !== undefined) check.forbidden(`${field}.claims`, "claims may not be set for Resources at pod-level")
  checkResources(check, field, resources, claims, true)
  const limits = part(resources, "limits") ?? {}
  items(spec["containers"]).forEach((container, i) => {
    const own = part(part(container, "resources"), "limits") ?? {}
    for (const name in own) {
      if (limits[name] === undefined || isHugePages(name) || compareQuantities(own[name], limits[name]) <= 0) continue
      check.invalid(`${field}.containers[${i}][${name}].limits`, own[name], `must be less than or equal to pod limits of ${String(limits[name])}`)
    }
  })
}

const checkOs = (check: Check, field: string, spec: Fields): void => {
  const os = part(spec, "os")
  if (os === undefined) return
  if (text(os, "name") === "") check.required(`${field}.os.name`)
  else check.oneOf(`${field}.os`, os["name"], ["linux", "windows"])
}

/** The lists in which a pod has its containers. */
export const containerLists = ["initContainers", "containers", "ephemeralContainers"]

const checkFileReferences = (check: Check, field: string, spec: Fields): void => {
  for (const list of containerLists) {
    items(spec[list]).forEach((container, i) => {
      const variables = items(container["env"])
      for (let j = 0; j < variables.length; j++) {
        const ref = part(part(variables[j], "valueFrom"), "fileKeyRef")
        if (ref === undefined) continue
        const name = text(ref, "volumeName")
        const at = `${field}.${list}[${i}].env[${j}].valueFrom.fileKeyRef.volumeName`
        const volume = items(spec["volumes"]).findLast((one) => text(one, "name") === name)
        if (volume === undefined) check.notFound(at, name)
        else if (volume["emptyDir"] === undefined) check.invalid(at, name, "referenced volume must be of type emptyDir")
      }
    })
  }
}

const noNames: ReadonlySet<string> = new Set()

/** Checks a spec in the order in which the original does. */
export const checkPodSpec = (check: Check, field: string, spec: Fields, pod: VolumeContext): void => {
  if (spec["terminationGracePeriodSeconds"] === undefined) check.required(`${field}.terminationGracePeriodSeconds`)
  const claims = items(spec["resourceClaims"])
  const [containers, initContainers, ephemeral] = [items(spec["containers"]), items(spec["initContainers"]), items(spec["ephemeralContainers"])]
  const context: ContainerContext = {
    volumes: checkVolumes(check, `${field}.volumes`, items(spec["volumes"]), pod),
    claims: claims.length === 0 ? noNames : new Set(claims.map((claim) => text(claim, "name"))),
    grace: spec["terminationGracePeriodSeconds"],
    os: part(spec, "os"),
    podRestartPolicy: text(spec, "restartPolicy"),
    hostUsers: spec["hostUsers"] !== false
  }
  if (claims.length > 0) checkClaims(check, `${field}.resourceClaims`, claims)
  checkContainers(check, `${field}.containers`, containers, context)
  if (initContainers.length > 0) checkInitContainers(check, `${field}.initContainers`, initContainers, containers, context)
  if (ephemeral.length > 0) checkEphemeralContainers(check, `${field}.ephemeralContainers`, ephemeral, [...containers, ...initContainers], context)
  if (spec["resources"] !== undefined) checkPodResources(check, `${field}.resources`, spec, context.claims)
  checkHostNetworkPorts(check, field, spec, pod.isPod)
  check.oneOfRequired(`${field}.restartPolicy`, spec["restartPolicy"], ["Always", "OnFailure", "Never"])
  check.oneOfRequired(`${field}.dnsPolicy`, spec["dnsPolicy"], ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"])
  if (spec["nodeSelector"] !== undefined) check.labels(`${field}.nodeSelector`, spec["nodeSelector"])
  checkPodSecurityContext(check, `${field}.securityContext`, spec)
  if (spec["affinity"] !== undefined) checkAffinity(check, `${field}.affinity`, part(spec, "affinity"))
  checkDns(check, `${field}.dnsConfig`, spec)
  checkGates(check, field, spec)
  if (spec["schedulingGates"] !== undefined) checkSchedulingGates(check, `${field}.schedulingGates`, items(spec["schedulingGates"]))
  if (spec["topologySpreadConstraints"] !== undefined) checkSpread(check, `${field}.topologySpreadConstraints`, items(spec["topologySpreadConstraints"]))
  checkHostUsers(check, field, spec)
  checkHostnameOverride(check, field, spec)
  checkNames(check, field, spec)
  const overhead = part(spec, "overhead")
  if (overhead !== undefined) checkResources(check, `${field}.overhead`, { limits: overhead }, noNames)
  checkOs(check, field, spec)
  checkFileReferences(check, field, spec)
}

/** The template of pods that other kinds make. */
export const checkPodTemplate = (check: Check, field: string, template: Fields): void => {
  const metadata = part(template, "metadata")
  check.labels(`${field}.labels`, metadata?.["labels"])
  check.annotations(`${field}.annotations`, metadata?.["annotations"])
  const spec = part(template, "spec") ?? {}
  checkPodSpec(check, `${field}.spec`, spec, { podName: "", isPod: false })
  if (items(spec["ephemeralContainers"]).length > 0) check.forbidden(`${field}.spec.ephemeralContainers`, "ephemeral containers not allowed in pod template")
}
