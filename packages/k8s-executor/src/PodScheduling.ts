/** Where task pods may run: tolerations, node selectors, affinity and what else the scheduler looks at. */
import type { TaskExecutionMetadata } from "@fairlead/core"
import type { PodSpec } from "@fairlead/kube"
import type { NodeRequirement, NodeSelectorTerm, PodAffinity, PodToleration } from "./internal/podParts.ts"
import type { PodPluginConfig } from "./PodPluginConfig.ts"

const sameRequirement = (a: NodeRequirement, b: NodeRequirement): boolean =>
  a.key === b.key && a.operator === b.operator && (a.values ?? []).length === (b.values ?? []).length &&
  (a.values ?? []).every((value, index) => value === b.values![index])

const withRequirements = (term: NodeSelectorTerm, requirements: ReadonlyArray<NodeRequirement>): NodeSelectorTerm => {
  const present = term.matchExpressions ?? []
  const missing = requirements.filter((it) => !present.some((other) => sameRequirement(it, other)))
  return missing.length === 0 ? term : { ...term, matchExpressions: [...present, ...missing] }
}

/**
 * Asks more of the nodes. Terms are alternatives and expressions within a term all hold, so every requirement goes into
 * every term; without terms they become the only one. What is there already is not added again.
 */
export const requireOfNodes = (affinity: PodAffinity | undefined, ...requirements: ReadonlyArray<NodeRequirement>): PodAffinity => {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const terms = required?.nodeSelectorTerms ?? []
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: {
        ...required,
        nodeSelectorTerms: terms.length === 0
          ? [{ matchExpressions: requirements }]
          : terms.map((term) => withRequirements(term, requirements))
      }
    }
  }
}

/** Prefers nodes without insisting on them. */
export const preferOfNodes = (affinity: PodAffinity | undefined, weight: number, ...requirements: ReadonlyArray<NodeRequirement>): PodAffinity => ({
  ...affinity,
  nodeAffinity: {
    ...affinity?.nodeAffinity,
    preferredDuringSchedulingIgnoredDuringExecution: [
      ...(affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []),
      { weight, preference: { matchExpressions: requirements } }
    ]
  }
})

const sameToleration = (a: PodToleration, b: PodToleration): boolean =>
  a.key === b.key && a.effect === b.effect && (a.operator ?? "Equal") === (b.operator ?? "Equal") && (a.value ?? "") === (b.value ?? "")

/** Adds a toleration unless an equal one is there. */
export const tolerate = (tolerations: ReadonlyArray<PodToleration>, added: PodToleration): ReadonlyArray<PodToleration> =>
  tolerations.some((it) => sameToleration(it, added)) ? tolerations : [...tolerations, added]

/** Names of all resources that any of the containers requests or limits, sorted. */
export const resourceNames = (containers: PodSpec["containers"]): ReadonlyArray<string> => {
  const names = new Set<string>()
  for (const { resources } of containers) {
    for (const name in resources?.requests) names.add(name)
    for (const name in resources?.limits) names.add(name)
  }
  return [...names].sort()
}

/** The platform's tolerations, in a fixed order: for each resource by name, for interruptible pods, for all. */
export const platformTolerations = (config: PodPluginConfig, resources: ReadonlyArray<string>, interruptible: boolean): ReadonlyArray<PodToleration> =>
  resources
    .flatMap((name) => (Object.hasOwn(config.resourceTolerations, name) ? config.resourceTolerations[name]! : []))
    .concat(interruptible ? config.interruptibleTolerations : [], config.defaultTolerations)

const interruptibleRequirement = (config: PodPluginConfig, interruptible: boolean): NodeRequirement | undefined =>
  interruptible ? config.interruptibleNodeSelectorRequirement : config.nonInterruptibleNodeSelectorRequirement

/** Fills what the pod leaves open from the configuration. `constrain` completes it once all templates are merged. */
export const schedule = (spec: PodSpec, metadata: TaskExecutionMetadata, config: PodPluginConfig): PodSpec => {
  const { interruptible } = metadata
  const nodeSelector = { ...config.defaultNodeSelector, ...spec.nodeSelector, ...(interruptible ? config.interruptibleNodeSelector : undefined) }
  const tolerations = platformTolerations(config, resourceNames(spec.containers), interruptible).concat(spec.tolerations ?? [])
  const affinity = spec.affinity ?? (config.defaultAffinity as PodAffinity | undefined)
  const serviceAccountName = spec.serviceAccountName || metadata.k8sServiceAccount
  const schedulerName = spec.schedulerName || config.schedulerName
  const scheduled: { -readonly [K in keyof PodSpec]: PodSpec[K] } = { ...spec }
  scheduled.restartPolicy = spec.restartPolicy || "Never"
  if (tolerations.length > 0) scheduled.tolerations = tolerations
  if (serviceAccountName !== "") scheduled.serviceAccountName = serviceAccountName
  if (schedulerName !== "") scheduled.schedulerName = schedulerName
  if (Object.keys(nodeSelector).length > 0) scheduled.nodeSelector = nodeSelector
  if (affinity !== undefined) scheduled.affinity = affinity
  if (config.hostNetwork !== undefined) scheduled.hostNetwork = config.hostNetwork
  if (spec.dnsConfig === undefined && config.defaultPodDnsConfig !== undefined) {
    scheduled.dnsConfig = config.defaultPodDnsConfig as NonNullable<PodSpec["dnsConfig"]>
  }
  return scheduled
}

/**
 * Puts the requirement on (non-)interruptible nodes into every alternative. Comes after all merges: earlier it would be
 * an alternative of its own to those of a template, and pods would escape either.
 */
export const constrain = (spec: PodSpec, interruptible: boolean, config: PodPluginConfig): PodSpec => {
  const requirement = interruptibleRequirement(config, interruptible)
  return requirement === undefined ? spec : { ...spec, affinity: requireOfNodes(spec.affinity, requirement) }
}

/**
 * Puts everything that the platform asks of a pod into a spec that a user's spec was merged into: the requirements of the
 * default affinity too, and for interruptible pods selector and tolerations. Changes nothing where it was all there.
 */
export const constrainMerged = (spec: PodSpec, interruptible: boolean, config: PodPluginConfig): PodSpec => {
  const defaults = (config.defaultAffinity as PodAffinity | undefined)?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const required = (defaults?.nodeSelectorTerms ?? []).flatMap((term) => term.matchExpressions ?? [])
  const asked = required.length === 0 ? spec : { ...spec, affinity: requireOfNodes(spec.affinity, ...required) }
  const constrained = constrain(asked, interruptible, config)
  if (!interruptible) return constrained
  return {
    ...constrained,
    nodeSelector: { ...constrained.nodeSelector, ...config.interruptibleNodeSelector },
    tolerations: config.interruptibleTolerations.reduce(tolerate, constrained.tolerations ?? [])
  }
}

/** Lets pods onto nodes that are tainted with the name of an extended resource which the pod requests. */
export const tolerateExtendedResources = (spec: PodSpec, config: PodPluginConfig): PodSpec => {
  if (config.addTolerationsForExtendedResources.length === 0) return spec
  const requested = new Set([...(spec.initContainers ?? []), ...spec.containers].flatMap((it) => Object.keys(it.resources?.requests ?? {})))
  const names = config.addTolerationsForExtendedResources.filter((name) => requested.has(name)).sort()
  if (names.length === 0) return spec
  const added = names.map((key): PodToleration => ({ key, operator: "Exists", effect: "NoSchedule" }))
  return { ...spec, tolerations: added.reduce(tolerate, spec.tolerations ?? []) }
}
