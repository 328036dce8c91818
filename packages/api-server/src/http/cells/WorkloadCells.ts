/** Cells of workloads: jobs, deployments and their kin, budgets, ingresses. */
import { type KubeObject, KubeTime } from "@fairlead/kube"
import { humanDuration } from "../Durations.ts"
import { age, at, containers, count, items, labels, name, selector, since, text } from "./CellReaders.ts"
import type { CellReader } from "./Cells.ts"

const podContainers = (object: KubeObject): readonly [string, string] => containers(object, "spec.template.spec.containers")

const jobStatus = (object: KubeObject): string => {
  const holds = (type: string): boolean => items(object, "status.conditions").some((it) => it["type"] === type && it["status"] === "True")
  if (holds("Complete")) return "Complete"
  if (holds("Failed")) return "Failed"
  if (object.metadata.deletionTimestamp !== undefined) return "Terminating"
  if (holds("Suspended")) return "Suspended"
  if (holds("FailureTarget")) return "FailureTarget"
  return holds("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running"
}

const jobCompletions = (object: KubeObject): string => {
  const succeeded = count(object, "status.succeeded")
  const wanted = at(object, "spec.completions") as number | undefined
  if (wanted !== undefined) return `${succeeded}/${wanted}`
  const parallelism = count(object, "spec.parallelism")
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

const jobDuration = (object: KubeObject, now: number): string => {
  const start = at(object, "status.startTime")
  if (typeof start !== "string") return ""
  const failed = items(object, "status.conditions").find((it) => it["type"] === "Failed" && it["status"] === "True")
  const end = at(object, "status.completionTime") ?? failed?.["lastTransitionTime"]
  return humanDuration((typeof end === "string" ? KubeTime.parse(end) : now) - KubeTime.parse(start))
}

const jobCells: CellReader = (object, now) => [
  name(object), jobStatus(object), jobCompletions(object), jobDuration(object, now), age(object, now), ...podContainers(object), selector(at(object, "spec.selector"))
]

const cronJobCells: CellReader = (object, now) => [
  name(object), text(object, "spec.schedule"), text(object, "spec.timeZone", "<none>"), at(object, "spec.suspend") === true ? "True" : "False",
  items(object, "status.active").length, since(object, "status.lastScheduleTime", now, "<none>"), age(object, now),
  ...containers(object, "spec.jobTemplate.spec.template.spec.containers"), selector(at(object, "spec.jobTemplate.spec.selector"))
]

const replicaCells: CellReader = (object, now) => [
  name(object), count(object, "spec.replicas"), count(object, "status.replicas"), count(object, "status.readyReplicas"), age(object, now),
  ...podContainers(object), selector(at(object, "spec.selector"))
]

const deploymentCells: CellReader = (object, now) => [
  name(object), `${count(object, "status.readyReplicas")}/${count(object, "spec.replicas")}`, count(object, "status.updatedReplicas"),
  count(object, "status.availableReplicas"), age(object, now), ...podContainers(object), selector(at(object, "spec.selector"))
]

const daemonSetCells: CellReader = (object, now) => [
  name(object), count(object, "status.desiredNumberScheduled"), count(object, "status.currentNumberScheduled"), count(object, "status.numberReady"),
  count(object, "status.updatedNumberScheduled"), count(object, "status.numberAvailable"), labels(at(object, "spec.template.spec.nodeSelector")),
  age(object, now), ...podContainers(object), selector(at(object, "spec.selector"))
]

const budgetCells: CellReader = (object, now) => [
  name(object), text(object, "spec.minAvailable", "N/A"), text(object, "spec.maxUnavailable", "N/A"), count(object, "status.disruptionsAllowed"), age(object, now)
]

const controllerOf = (object: KubeObject): string => {
  const owner = object.metadata.ownerReferences?.find((it) => it.controller === true)
  if (owner === undefined) return "<none>"
  const group = owner.apiVersion.includes("/") ? `.${owner.apiVersion.split("/")[0]}` : ""
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`
}

const ingressCells: CellReader = (object, now) => {
  const hosts = items(object, "spec.rules").map((it) => String(it["host"] ?? "")).filter((it) => it !== "")
  const addresses = items(object, "status.loadBalancer.ingress").map((it) => it["ip"] ?? it["hostname"])
  return [
    name(object), text(object, "spec.ingressClassName", "<none>"), hosts.length === 0 ? "*" : firstThree(hosts), addresses.join(","),
    items(object, "spec.tls").length > 0 ? "80, 443" : "80", age(object, now)
  ]
}

const autoscalerCells: CellReader = (object, now) => [
  name(object), `${text(object, "spec.scaleTargetRef.kind")}/${text(object, "spec.scaleTargetRef.name")}`, autoscalerTargets(object),
  text(object, "spec.minReplicas", "<unset>"), count(object, "spec.maxReplicas"), count(object, "status.currentReplicas"), age(object, now)
]

/** How a metric stands against its target. */
const metricTarget = (metric: object, status: object): string => {
  const type = text(metric, "type")
  const key = `${type.slice(0, 1).toLowerCase()}${type.slice(1)}`
  const isResource = type === "Resource" || type === "ContainerResource"
  const prefix = isResource ? `${text(metric, `${key}.name`)}: ` : ""
  const current = (name: string): string => text(status, `${key}.current.${name}`, "<unknown>")
  const average = text(metric, `${key}.target.averageValue`)
  if (average !== "") return `${prefix}${current("averageValue")}/${average}${type === "External" || type === "Object" ? " (avg)" : ""}`
  if (!isResource) return `${current("value")}/${text(metric, `${key}.target.value`)}`
  const percent = (value: string): string => (value.startsWith("<") ? value : `${value}%`)
  return `${prefix}${percent(current("averageUtilization"))}/${percent(text(metric, `${key}.target.averageUtilization`, "<auto>"))}`
}

const autoscalerTargets = (object: KubeObject): string => {
  const cpu = at(object, "spec.targetCPUUtilizationPercentage")
  if (cpu !== undefined) return `cpu: ${text(object, "status.currentCPUUtilizationPercentage", "<unknown>")}${at(object, "status.currentCPUUtilizationPercentage") === undefined ? "" : "%"}/${String(cpu)}%`
  const metrics = items(object, "spec.metrics").map((metric, i) => metricTarget(metric, items(object, "status.currentMetrics")[i] ?? {}))
  if (metrics.length === 0) return "<none>"
  return metrics.length <= 2 ? metrics.join(", ") : `${metrics.slice(0, 2).join(", ")} + ${metrics.length - 2} more...`
}

/** The first three of a list, and how many more there are. */
const firstThree = (list: ReadonlyArray<string>): string => {
  if (list.length === 0) return "<unset>"
  return list.length <= 3 ? list.join(",") : `${list.slice(0, 3).join(",")} + ${list.length - 3} more...`
}

const endpointSliceCells: CellReader = (object, now) => [
  name(object), text(object, "addressType"),
  firstThree(items(object, "ports").map((port) => String(port["port"] ?? (port["name"] || "*")))),
  firstThree(items(object, "endpoints").flatMap((endpoint) => (endpoint["addresses"] as ReadonlyArray<string> | undefined) ?? [])), age(object, now)
]

const ingressClassCells: CellReader = (object, now) => {
  const ref = at(object, "spec.parameters") as { apiGroup?: string; kind?: string; name?: string } | undefined
  const parameters = ref === undefined ? "<none>" : `${ref.kind}${ref.apiGroup === undefined ? "" : `.${ref.apiGroup}`}/${ref.name}`
  return [name(object), text(object, "spec.controller"), parameters, age(object, now)]
}

/** Readers by `group/plural`. */
export const workloadCells: Readonly<Record<string, CellReader>> = {
  "batch/jobs": jobCells,
  "batch/cronjobs": cronJobCells,
  "apps/deployments": deploymentCells,
  "apps/replicasets": replicaCells,
  "/replicationcontrollers": (object, now) => [...replicaCells(object, now).slice(0, 7), labels(at(object, "spec.selector"))],
  "apps/statefulsets": (object, now) => [
    name(object), `${count(object, "status.readyReplicas")}/${count(object, "spec.replicas")}`, age(object, now), ...podContainers(object)
  ],
  "apps/daemonsets": daemonSetCells,
  "apps/controllerrevisions": (object, now) => [name(object), controllerOf(object), count(object, "revision"), age(object, now)],
  "policy/poddisruptionbudgets": budgetCells,
  "autoscaling/horizontalpodautoscalers": autoscalerCells,
  "discovery.k8s.io/endpointslices": endpointSliceCells,
  "networking.k8s.io/ingressclasses": ingressClassCells,
  "networking.k8s.io/ingresses": ingressCells,
  "networking.k8s.io/networkpolicies": (object, now) => [name(object), selector(at(object, "spec.podSelector")), age(object, now)]
}
