/**
 * What the API server says about objects that it accepts although something about them is doubtful.
 *
 *     Warnings.onCreate(group, plural, object)
 *     Warnings.onUpdate(group, plural, subresource, object, old)
 *
 * Both give texts for `Warning` headers. Call them for valid objects only, after their generation has been counted up.
 */
import { jsonEqual } from "@fairlead/kube"
import { dnsLabelErrors } from "../../internal/nameRules.ts"
import type { Fields } from "../Sharing.ts"
import { compareQuantities } from "../validation/Quantities.ts"
import { count, items, part, specOf, text, texts } from "../validation/Check.ts"
import { cidrWarnings, ipWarnings } from "./Addresses.ts"
import { deprecatedLabel, termWarnings } from "./NodeLabels.ts"
import { podWarnings } from "./PodWarnings.ts"
import { claimWarnings, retiredVolume } from "./VolumeWarnings.ts"

type Texts = ReadonlyArray<string>

interface KindWarnings {
  readonly create?: (object: Fields) => Texts
  readonly update?: (object: Fields, old: Fields) => Texts
  readonly status?: (object: Fields) => Texts
}

const none: Texts = []
const metaOf = (object: Fields): Fields => part(object, "metadata") ?? {}
const annotationOf = (object: Fields, key: string): unknown => part(metaOf(object), "annotations")?.[key]

const nameWarning = (object: Fields, use: string): Texts => {
  const errors = dnsLabelErrors(text(metaOf(object), "name"))
  if (errors.length === 0) return none
  return [`metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [${errors.join(" ")}]`]
}

const ofPods = (object: Fields): Texts => nameWarning(object, "Pod names and hostnames")

const always = (of: (object: Fields) => Texts): KindWarnings => ({ create: of, update: of })

/** A workload whose pods come from a template. */
const templated = (of: (object: Fields) => Texts): KindWarnings => ({
  create: (object) => [...ofPods(object), ...of(object)],
  update: (object, old) => (metaOf(object)["generation"] === metaOf(old)["generation"] ? none : of(object))
})

const templateWarnings = (object: Fields): Texts => podWarnings("spec.template.", part(specOf(object), "template"))

const specTemplate = templated(templateWarnings)

const statefulWarnings = (set: Fields, claimField: string): Texts => {
  const spec = specOf(set)
  return [
    ...items(spec["volumeClaimTemplates"]).flatMap((claim, i) => claimWarnings(`spec.volumeClaimTemplates[${i}]${claimField}`, part(claim, "spec"))),
    ...(count(spec, "revisionHistoryLimit") < 0
      ? ["spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"]
      : none)
  ]
}

const statefulSet: KindWarnings = {
  create: (set) => [...templateWarnings(set), ...statefulWarnings(set, "")],
  update: (set, old) => [...(specTemplate.update?.(set, old) ?? none), ...statefulWarnings(set, ".Spec")]
}

const jobWarnings = (field: string, spec: Fields): Texts => {
  const many = spec["completionMode"] === "Indexed" && count(spec, "completions") > 100_000 && count(spec, "parallelism") > 10_000
  const detail = [
    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4,",
    "Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
  ].join(" ")
  return [...(many ? [`${field}: ${detail}`] : none), ...podWarnings(`${field}.template.`, part(spec, "template"))]
}

const cronTemplate = templated((job) => jobWarnings("spec.jobTemplate.spec", specOf(part(specOf(job), "jobTemplate"))))

const cronJob: KindWarnings = {
  ...cronTemplate,
  update: (job, old) => [
    ...(cronTemplate.update?.(job, old) ?? none),
    ...(text(specOf(job), "schedule").includes("TZ")
      ? ["cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"]
      : none)
  ]
}

const balancerWarnings = (object: Fields): Texts =>
  items(part(part(object, "status"), "loadBalancer")?.["ingress"]).flatMap((one, i) =>
    text(one, "ip") === "" ? none : ipWarnings(`status.loadBalancer.ingress[${i}]`, text(one, "ip")))

const serviceWarnings = (service: Fields): Texts => {
  const spec = specOf(service)
  const [type, externalIps, balancerIp] = [text(spec, "type"), texts(spec["externalIPs"]), text(spec, "loadBalancerIP")]
  const headless = type === "ClusterIP" && spec["clusterIP"] === "None"
  const hints = "service.kubernetes.io/topology-aware-hints"
  const warnings: Array<string> = []
  if (annotationOf(service, hints) !== undefined) warnings.push(`annotation ${hints} is deprecated, please use service.kubernetes.io/topology-mode instead`)
  texts(spec["clusterIPs"]).forEach((ip, i) => ip === "None" || warnings.push(...ipWarnings(`spec.clusterIPs[${i}]`, ip)))
  if (headless) {
    if (balancerIp !== "") warnings.push("spec.loadBalancerIP is ignored for headless services")
    if (externalIps.length > 0) warnings.push("spec.externalIPs is ignored for headless services")
    if (spec["sessionAffinity"] !== "None") warnings.push("spec.SessionAffinity is ignored for headless services")
  }
  externalIps.forEach((ip, i) => warnings.push(...ipWarnings(`spec.externalIPs[${i}]`, ip)))
  if (externalIps.length > 0 && !headless && type !== "ExternalName") {
    warnings.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters")
  }
  if (balancerIp !== "") warnings.push(...ipWarnings("spec.loadBalancerIP", balancerIp))
  texts(spec["loadBalancerSourceRanges"]).forEach((range, i) => warnings.push(...cidrWarnings(`spec.loadBalancerSourceRanges[${i}]`, range.trim())))
  if (type === "ExternalName" && externalIps.length > 0) warnings.push("spec.externalIPs is ignored when spec.type is \"ExternalName\"")
  if (type !== "ExternalName" && text(spec, "externalName") !== "") warnings.push("spec.externalName is ignored when spec.type is not \"ExternalName\"")
  if (spec["trafficDistribution"] === "PreferClose") warnings.push("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"")
  return warnings
}

const nodeWarnings = (node: Fields): Texts => {
  const spec = specOf(node)
  return [
    ...(spec["configSource"] === undefined ? none : ["spec.configSource: the feature is removed"]),
    ...(text(spec, "externalID") === "" ? none : ["spec.externalID: this field is deprecated, and is unused by Kubernetes"]),
    ...texts(spec["podCIDRs"]).flatMap((range, i) => cidrWarnings(`spec.podCIDRs[${i}]`, range))
  ]
}

const storageClass = "volume.beta.kubernetes.io/storage-class"

const volumeWarnings = (volume: Fields): Texts => {
  const spec = specOf(volume)
  const mountOptions = "volume.beta.kubernetes.io/mount-options"
  const recycle = "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning."
  const terms = items(part(part(spec, "nodeAffinity"), "required")?.["nodeSelectorTerms"])
  return [
    ...(annotationOf(volume, storageClass) === undefined
      ? none
      : [`metadata.annotations[${storageClass}]: deprecated since v1.8; use "storageClassName" attribute instead`]),
    ...(annotationOf(volume, mountOptions) === undefined
      ? none
      : [`metadata.annotations[${mountOptions}]: deprecated since v1.31; use "mountOptions" attribute instead`]),
    ...(spec["persistentVolumeReclaimPolicy"] === "Recycle" ? [`spec.persistentVolumeReclaimPolicy: ${recycle}`] : none),
    ...terms.flatMap((term, i) => termWarnings(`spec.nodeAffinity.required.nodeSelectorTerms[${i}]`, term, false)),
    ...retiredVolume("spec", spec)
  ]
}

const claimObjectWarnings = (claim: Fields): Texts => [
  ...(annotationOf(claim, storageClass) === undefined
    ? none
    : [`metadata.annotations[${storageClass}]: deprecated since v1.8; use "storageClassName" attribute instead`]),
  ...claimWarnings("spec", specOf(claim))
]

const quotaWarnings = (quota: Fields): Texts => {
  const hard = part(specOf(quota), "hard") ?? {}
  return ["cpu", "memory", "storage", "ephemeral-storage"].flatMap((name) => {
    const bare = name === "cpu" || name === "memory" ? name : undefined
    const request = hard[`requests.${name}`] === undefined && bare !== undefined ? bare : `requests.${name}`
    const limit = `limits.${name}`
    if (hard[request] === undefined || hard[limit] === undefined || compareQuantities(hard[request], hard[limit]) <= 0) return none
    return [`ResourceQuota ${request} (${String(hard[request])}) should be less than ${limit} (${String(hard[limit])})`]
  })
}

const enforceMountable = "kubernetes.io/enforce-mountable-secrets"

const accountWarnings = (account: Fields): Texts =>
  annotationOf(account, enforceMountable) === undefined
    ? none
    : [`metadata.annotations[${enforceMountable}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`]

const endpointWarnings = (endpoints: Fields): Texts =>
  items(endpoints["subsets"]).flatMap((subset, i) =>
    ["addresses", "notReadyAddresses"].flatMap((list) =>
      items(subset[list]).flatMap((address, j) => ipWarnings(`subsets[${i}].${list}[${j}].ip`, text(address, "ip")))))

const sliceWarnings = (slice: Fields): Texts =>
  slice["addressType"] === "FQDN"
    ? none
    : items(slice["endpoints"]).flatMap((endpoint, i) =>
      texts(endpoint["addresses"]).flatMap((ip, j) => ipWarnings(`endpoints[${i}].addresses[${j}]`, ip)))

const policyWarnings = (policy: Fields): Texts =>
  ([["ingress", "from"], ["egress", "to"]] as const).flatMap(([list, peers]) =>
    items(specOf(policy)[list]).flatMap((rule, i) =>
      items(rule[peers]).flatMap((peer, j) => {
        const block = part(peer, "ipBlock")
        const field = `spec.${list}[${i}].${peers}[${j}].ipBlock`
        if (block === undefined) return none
        return [
          ...cidrWarnings(`${field}.cidr`, text(block, "cidr")),
          ...texts(block["except"]).flatMap((range, k) => cidrWarnings(`${field}.except[${k}]`, range))
        ]
      })))

const podStatusWarnings = (pod: Fields): Texts => {
  let found = none
  for (const list of ["podIPs", "hostIPs"]) {
    items(part(pod, "status")?.[list]).forEach((one, i) => {
      const ip = text(one, "ip")
      const warnings = ip === "" ? none : ipWarnings(`status.${list}[${i}].ip`, ip)
      if (warnings.length > 0) found = [...found, ...warnings]
    })
  }
  return found
}

const tokenRequests = "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes"

const driverWarnings = (driver: Fields): Texts =>
  items(specOf(driver)["tokenRequests"]).length > 0 && specOf(driver)["serviceAccountTokenInSecrets"] === undefined ? [tokenRequests] : none

const ingressClass = "kubernetes.io/ingress.class"

const groups: Readonly<Record<string, Readonly<Record<string, KindWarnings>>>> = {
  "": {
    endpoints: always(endpointWarnings),
    nodes: always(nodeWarnings),
    persistentvolumeclaims: always(claimObjectWarnings),
    persistentvolumes: always(volumeWarnings),
    pods: { create: (pod) => [...nameWarning(pod, "the Pod's hostname"), ...podWarnings("", pod)], status: podStatusWarnings },
    podtemplates: { create: (object) => podWarnings("template.", part(object, "template")) },
    replicationcontrollers: specTemplate,
    resourcequotas: { create: quotaWarnings },
    serviceaccounts: {
      create: accountWarnings,
      update: (account, old) => (annotationOf(old, enforceMountable) === undefined ? accountWarnings(account) : none)
    },
    services: { ...always(serviceWarnings), status: balancerWarnings }
  },
  apps: { daemonsets: { ...specTemplate, create: templateWarnings }, deployments: specTemplate, replicasets: specTemplate, statefulsets: statefulSet },
  batch: { cronjobs: cronJob, jobs: templated((job) => jobWarnings("spec", specOf(job))) },
  "discovery.k8s.io": {
    endpointslices: {
      create: (slice) => [...(slice["addressType"] === "FQDN" ? ["spec.addressType: FQDN endpoints are deprecated"] : none), ...sliceWarnings(slice)],
      update: sliceWarnings
    }
  },
  "networking.k8s.io": {
    networkpolicies: always(policyWarnings),
    ingresses: {
      create: (ingress) => annotationOf(ingress, ingressClass) !== undefined && specOf(ingress)["ingressClassName"] === undefined
        ? [`annotation ${JSON.stringify(ingressClass)} is deprecated, please use 'spec.ingressClassName' instead`]
        : none,
      status: balancerWarnings
    }
  },
  "node.k8s.io": {
    runtimeclasses: always((runtime) =>
      Object.keys(part(part(runtime, "scheduling"), "nodeSelector") ?? {}).flatMap((key) => {
        const about = deprecatedLabel(key)
        return about === undefined ? none : [`scheduling.nodeSelector: ${about}`]
      }))
  },
  "storage.k8s.io": {
    csidrivers: {
      create: driverWarnings,
      update: (driver, old) => (jsonEqual(specOf(driver)["tokenRequests"], specOf(old)["tokenRequests"]) ? none : driverWarnings(driver))
    }
  }
}

/** Warnings about a new object. */
export const onCreate = (group: string, plural: string, object: object): Texts => groups[group]?.[plural]?.create?.(object as Fields) ?? none

/** Warnings about a changed object; only writes to the object itself and to its status give any. */
export const onUpdate = (group: string, plural: string, subresource: string | undefined, object: object, old: object): Texts => {
  const kind = groups[group]?.[plural]
  if (subresource === "status") return kind?.status?.(object as Fields) ?? none
  return subresource === undefined ? kind?.update?.(object as Fields, old as Fields) ?? none : none
}
