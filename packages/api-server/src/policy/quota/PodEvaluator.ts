/** How pods count against quotas. */
import { type Container, type KubeObject, KubeTime, type Pod, type PodSpec } from "@fairlead/kube"
import { Quantity } from "@fairlead/kube"
import { type Amounts, addAmounts, amountsOf, keepAmounts, maxAmounts, podAmounts, type ResourceList } from "../../internal/resourceLists.ts"
import { qualityOfService } from "../../kinds/QualityOfService.ts"
import { count, type Evaluator, type ScopeRequirement } from "./Evaluator.ts"
import { matchesScope } from "./Scopes.ts"

const computed = ["cpu", "memory", "ephemeral-storage"]
const countOfPods = "count/pods"

const named = new Set([countOfPods, "pods", ...computed.flatMap((name) => [name, `requests.${name}`, `limits.${name}`])])

const isDomained = (name: string): boolean => name.includes("/") && !name.includes("kubernetes.io/")

const covers = (name: string): boolean =>
  named.has(name) || name.startsWith("hugepages-") || name.startsWith("requests.hugepages-") ||
  (name.startsWith("requests.") && (isDomained(name) || name.startsWith("requests.deviceclass.resource.kubernetes.io/")))

/** The entries of a quota that requests and limits count for. */
const entriesOf = (requests: Amounts, limits: Amounts): Amounts => {
  const entries = new Map([["pods", count(1)]])
  for (const [name, amount] of requests) {
    const isHuge = name.startsWith("hugepages-")
    if (computed.includes(name) || isHuge) entries.set(name, amount)
    if (computed.includes(name) || isHuge || isDomained(name)) entries.set(`requests.${name}`, amount)
  }
  for (const [name, amount] of limits) if (computed.includes(name)) entries.set(`limits.${name}`, amount)
  return entries
}

const usage = (object: KubeObject, now: number): Amounts => {
  const pod = object as Pod
  const self = new Map([[countOfPods, count(1)]])
  if (hasEnded(pod, now)) return self
  const spec = withActualResources(pod)
  const overhead = amountsOf(spec.overhead as ResourceList | undefined)
  const requests = addAmounts(podAmounts(spec, "requests"), overhead)
  const limits = podAmounts(spec, "limits")
  return new Map([...self, ...entriesOf(requests, addAmounts(limits, keepAmounts(overhead, (name) => limits.has(name))))])
}

/** Ended pods use nothing, nor do those that should have been gone for long. */
const hasEnded = ({ status, metadata }: Pod, now: number): boolean => {
  if (status?.phase === "Failed" || status?.phase === "Succeeded") return true
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata
  return deletionTimestamp !== undefined && deletionGracePeriodSeconds !== undefined &&
    now > KubeTime.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000
}

interface ContainerResources {
  readonly name: string
  readonly allocatedResources?: ResourceList
  readonly resources?: { readonly requests?: ResourceList; readonly limits?: ResourceList }
}

/** While a pod is resized, it uses the larger one of what it asks for and what it has. */
const withActualResources = ({ spec, status }: Pod): PodSpec => {
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])] as ReadonlyArray<ContainerResources>
  if (!statuses.some((it) => it.resources !== undefined || it.allocatedResources !== undefined)) return spec!
  const adjusted = (container: Container): Container => {
    const actual = statuses.find(({ name }) => name === container.name)
    return actual === undefined ? container : { ...container, resources: { ...container.resources, ...largest(container, actual) } }
  }
  const initContainers = spec!.initContainers?.map(adjusted)
  return { ...spec!, containers: spec!.containers.map(adjusted), ...(initContainers === undefined ? {} : { initContainers }) }
}

const largest = ({ resources }: Container, actual: ContainerResources): NonNullable<Container["resources"]> => ({
  requests: textsOf(maxAmounts(maxAmounts(amountsOf(resources?.requests), amountsOf(actual.resources?.requests)), amountsOf(actual.allocatedResources))),
  limits: textsOf(maxAmounts(amountsOf(resources?.limits), amountsOf(actual.resources?.limits)))
})

const textsOf = (amounts: Amounts): ResourceList => Object.fromEntries([...amounts].map(([name, amount]) => [name, Quantity.format(amount)]))

/** Quotas on these need every container to say what it takes. */
const needed = new Set(["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"])

const missing = (object: KubeObject, names: ReadonlyArray<string>): string | undefined => {
  const { spec } = object as Pod
  const ofPod = spec!.resources
  if ([...Object.keys(ofPod?.requests ?? {}), ...Object.keys(ofPod?.limits ?? {})].length > 0) return undefined
  const containers = [...spec!.containers, ...(spec!.initContainers ?? [])]
  const silent = names.filter((name) => needed.has(name)).sort().flatMap((name) => {
    const lacking = containers.filter(({ resources }) => !entriesOf(amountsOf(resources?.requests), amountsOf(resources?.limits)).has(name))
    return lacking.length === 0 ? [] : [`${name} for: ${[...new Set(lacking.map((it) => it.name))].sort().join(",")}`]
  })
  return silent.length === 0 ? undefined : `must specify ${silent.join("; ")}`
}

/** Whether the pod is to end on its own. */
const isTerminating = (object: KubeObject): boolean => ((object as Pod).spec?.activeDeadlineSeconds ?? -1) >= 0

const isBestEffort = ({ spec, status }: Pod): boolean => (status?.qosClass ?? qualityOfService(spec!)) === "BestEffort"

type Affinity = NonNullable<PodSpec["affinity"]>
type Terms = NonNullable<Affinity["podAffinity"] | Affinity["podAntiAffinity"]>

const looksElsewhere = (terms: Terms | undefined): boolean =>
  [
    ...(terms?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(terms?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((it) => it.podAffinityTerm)
  ].some(({ namespaces, namespaceSelector }) => (namespaces ?? []).length > 0 || namespaceSelector !== undefined)

const isInScope = (object: KubeObject, scope: ScopeRequirement): boolean => {
  const pod = object as Pod
  switch (scope.scopeName) {
    case "Terminating":
      return isTerminating(pod)
    case "NotTerminating":
      return !isTerminating(pod)
    case "BestEffort":
      return isBestEffort(pod)
    case "NotBestEffort":
      return !isBestEffort(pod)
    case "PriorityClass":
      return matchesScope(scope, [pod.spec?.priorityClassName])
    case "CrossNamespacePodAffinity":
      return looksElsewhere(pod.spec?.affinity?.podAffinity) || looksElsewhere(pod.spec?.affinity?.podAntiAffinity)
    default:
      return false
  }
}

/** Pods. */
export const podEvaluator: Evaluator = {
  covers,
  usage,
  isInScope,
  missing,
  handles: (operation, subresource, object, previous) => {
    if (subresource === "resize") return operation === "update"
    if (subresource !== "" || operation === "delete") return false
    return operation === "create" || isTerminating(object) !== isTerminating(previous!)
  }
}
