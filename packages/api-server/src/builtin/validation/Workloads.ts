/** Deployments, replica sets, stateful sets, daemon sets and replication controllers. */
import { jsonEqual } from "@fairlead/kube"
import { internalForm } from "../InternalForm.ts"
import { isObject, type Fields } from "../Sharing.ts"
import { checkClaimSpec } from "./Claims.ts"
import { count, items, part, selects, shownSelector, sorted, specOf, text, type Check } from "./Check.ts"
import { percentErrors } from "./Formats.ts"
import { checkPodTemplate } from "./PodSpec.ts"

/** A number of things, or a percentage of them. */
export const checkIntOrPercent = (check: Check, field: string, value: unknown): void => {
  if (typeof value === "string") check.texts(field, value, percentErrors(value))
  else check.notNegative(field, value)
}

const amountOf = (value: unknown): number =>
  typeof value === "number" ? value : typeof value === "string" && /^\d+%?$/.test(value) ? Number.parseInt(value, 10) : 0

/** A percentage of at most the whole. */
export const checkAtMostAll = (check: Check, field: string, value: unknown): void => {
  if (typeof value === "string" && /^\d+%$/.test(value) && amountOf(value) > 100) check.invalid(field, value, "must not be greater than 100%")
}

/** Whether the selector can be used. */
const checkSelector = (check: Check, selector: Fields | undefined, emptyFor: string): boolean => {
  if (selector === undefined) {
    check.required("spec.selector")
    return true
  }
  const before = check.causes.length
  check.labelSelector("spec.selector", selector)
  const isValid = check.causes.length === before
  checkNotEmpty(check, selector, emptyFor)
  return isValid
}

const checkNotEmpty = (check: Check, selector: Fields, emptyFor: string): void => {
  const size = Object.keys(part(selector, "matchLabels") ?? {}).length + items(selector["matchExpressions"]).length
  if (size === 0) check.invalid("spec.selector", selector, `empty selector is invalid for ${emptyFor}`)
}

const checkLabels = (check: Check, template: Fields, selector: Fields | undefined): void => {
  const labels = part(part(template, "metadata"), "labels")
  if (selector === undefined || !selects(selector, labels ?? {})) {
    check.invalid("spec.template.metadata.labels", sorted(labels), "`selector` does not match template `labels`")
  }
}

const checkEndless = (check: Check, template: Fields, kind: string): void => {
  const pod = specOf(template)
  const field = "spec.template.spec"
  if (pod["restartPolicy"] !== "Always") check.unsupported(`${field}.restartPolicy`, pod["restartPolicy"], ["Always"])
  if (pod["activeDeadlineSeconds"] !== undefined) {
    check.forbidden(`${field}.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`)
  }
}

const refuseSelector = (check: Check, selector: Fields | undefined, detail: string): void => {
  const expressions = items(selector?.["matchExpressions"]).map((one) => ({ key: "", operator: "", ...one }))
  const shown = shownSelector(expressions.length === 0 ? selector : { ...selector, matchExpressions: expressions })
  check.invalid("spec.selector", shown, detail)
}

const checkTemplate = (check: Check, spec: Fields, kind: string, selectorIsValid: boolean): void => {
  if (!selectorIsValid) return refuseSelector(check, part(spec, "selector"), "invalid label selector")
  const template = part(spec, "template") ?? {}
  checkLabels(check, template, part(spec, "selector"))
  checkPodTemplate(check, "spec.template", template)
  checkEndless(check, template, kind)
}

const checkSelectorUpdate = (check: Check, spec: Fields, old: Fields): void => {
  if (!jsonEqual(spec["selector"], old["selector"])) check.invalid("spec.selector", shownSelector(spec["selector"]), "field is immutable")
}

const checkRollout = (check: Check, strategy: Fields): void => {
  const rolling = part(strategy, "rollingUpdate")
  const field = "spec.strategy.rollingUpdate"
  if (strategy["type"] === "Recreate") {
    if (rolling !== undefined) check.forbidden(field, "may not be specified when strategy `type` is 'Recreate'")
  } else if (strategy["type"] !== "RollingUpdate") {
    check.unsupported("spec.strategy", internalForm("apps.DeploymentStrategy", strategy), ["Recreate", "RollingUpdate"])
  } else if (rolling === undefined) check.required(field, "this should be defaulted and never be nil")
  else {
    const { maxUnavailable, maxSurge } = rolling
    checkIntOrPercent(check, `${field}.maxUnavailable`, maxUnavailable)
    checkIntOrPercent(check, `${field}.maxSurge`, maxSurge)
    if (amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0) {
      check.invalid(`${field}.maxUnavailable`, maxUnavailable ?? 0, "may not be 0 when `maxSurge` is 0")
    }
    checkAtMostAll(check, `${field}.maxUnavailable`, maxUnavailable)
  }
}

/** A deployment, new or changed. */
export const checkDeployment = (check: Check, deployment: Fields, old?: Fields): void => {
  const spec = specOf(deployment)
  if (old !== undefined && spec === specOf(old)) return
  check.notNegative("spec.replicas", spec["replicas"])
  checkTemplate(check, spec, "ReplicaSet", checkSelector(check, part(spec, "selector"), "deployment"))
  checkRollout(check, part(spec, "strategy") ?? {})
  check.notNegative("spec.minReadySeconds", spec["minReadySeconds"])
  check.notNegative("spec.revisionHistoryLimit", spec["revisionHistoryLimit"])
  const deadline = spec["progressDeadlineSeconds"]
  check.notNegative("spec.progressDeadlineSeconds", deadline)
  if (typeof deadline === "number" && deadline <= count(spec, "minReadySeconds")) {
    check.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
  }
  if (old !== undefined) checkSelectorUpdate(check, spec, specOf(old))
}

/** A replica set, new or changed. */
export const checkReplicaSet = (check: Check, set: Fields, old?: Fields): void => {
  const spec = specOf(set)
  if (old !== undefined && spec === specOf(old)) return
  check.notNegative("spec.replicas", spec["replicas"])
  check.notNegative("spec.minReadySeconds", spec["minReadySeconds"])
  checkTemplate(check, spec, "ReplicaSet", checkSelector(check, part(spec, "selector"), "deployment"))
  if (old !== undefined) checkSelectorUpdate(check, spec, specOf(old))
}

/** A replication controller, new or changed. */
export const checkReplicationController = (check: Check, controller: Fields): void => {
  const spec = specOf(controller)
  check.notNegative("spec.minReadySeconds", spec["minReadySeconds"])
  const selector = part(spec, "selector") ?? {}
  if (Object.keys(selector).length === 0) check.required("spec.selector")
  if (spec["replicas"] === undefined) check.required("spec.replicas")
  check.notNegative("spec.replicas", spec["replicas"])
  const template = part(spec, "template")
  if (template === undefined) return check.required("spec.template")
  checkLabels(check, template, { matchLabels: selector })
  checkPodTemplate(check, "spec.template", template)
  checkEndless(check, template, "ReplicationController")
}

const checkDaemonStrategy = (check: Check, strategy: Fields): void => {
  const rolling = part(strategy, "rollingUpdate")
  const field = "spec.updateStrategy.rollingUpdate"
  if (strategy["type"] === "OnDelete") return
  if (strategy["type"] !== "RollingUpdate") {
    const shown = { Type: strategy["type"] ?? "", RollingUpdate: rolling === undefined ? null : internalForm("apps.RollingUpdateDaemonSet", rolling) }
    return check.unsupported("spec.updateStrategy", shown, ["RollingUpdate", "OnDelete"])
  }
  if (rolling === undefined) return check.required(field)
  for (const name of ["maxUnavailable", "maxSurge"]) checkIntOrPercent(check, `${field}.${name}`, rolling[name])
  for (const name of ["maxUnavailable", "maxSurge"]) checkAtMostAll(check, `${field}.${name}`, rolling[name])
  const [unavailable, surge] = [amountOf(rolling["maxUnavailable"]), amountOf(rolling["maxSurge"])]
  if (unavailable !== 0 && surge !== 0) check.invalid(`${field}.maxSurge`, rolling["maxSurge"], "may not be set when maxUnavailable is non-zero")
  if (unavailable === 0 && surge === 0) check.required(`${field}.maxUnavailable`, "cannot be 0 when maxSurge is 0")
}

/** A daemon set, new or changed. */
export const checkDaemonSet = (check: Check, set: Fields, old?: Fields): void => {
  const spec = specOf(set)
  if (old !== undefined && spec === specOf(old)) return
  if (old !== undefined) checkSelectorUpdate(check, spec, specOf(old))
  const selector = part(spec, "selector")
  const template = part(spec, "template") ?? {}
  const before = check.causes.length
  check.labelSelector("spec.selector", selector)
  if (check.causes.length === before) checkLabels(check, template, selector)
  if (selector !== undefined) checkNotEmpty(check, selector, "daemonset")
  checkPodTemplate(check, "spec.template", template)
  checkEndless(check, template, "DaemonSet")
  check.notNegative("spec.minReadySeconds", spec["minReadySeconds"])
  checkDaemonStrategy(check, part(spec, "updateStrategy") ?? {})
  check.notNegative("spec.revisionHistoryLimit", spec["revisionHistoryLimit"])
}

const checkStatefulStrategy = (check: Check, strategy: Fields): void => {
  const rolling = part(strategy, "rollingUpdate")
  const field = "spec.updateStrategy"
  const type = text(strategy, "type")
  if (type === "") check.required(field)
  else if (type === "OnDelete") {
    if (rolling === undefined) return
    const shown = internalForm("apps.RollingUpdateStatefulSetStrategy", rolling)
    check.invalid(`${field}.rollingUpdate`, shown, "only allowed for updateStrategy 'RollingUpdate'")
  } else if (type === "RollingUpdate") {
    check.notNegative(`${field}.rollingUpdate.partition`, rolling?.["partition"])
    const most = rolling?.["maxUnavailable"]
    if (most === undefined) return
    checkIntOrPercent(check, `${field}.rollingUpdate.maxUnavailable`, most)
    if (amountOf(most) === 0) check.invalid(`${field}.rollingUpdate.maxUnavailable`, most, "cannot be 0")
    checkAtMostAll(check, `${field}.rollingUpdate.maxUnavailable`, most)
  } else check.invalid(field, internalForm("apps.StatefulSetUpdateStrategy", strategy), "must be 'RollingUpdate' or 'OnDelete'")
}

const withClaimVolumes = (template: Fields, claims: ReadonlyArray<Fields>): Fields => {
  const { subdomain: _, hostname: __, ...pod } = specOf(template)
  if (claims.length === 0) return { ...template, spec: pod }
  const names = claims.map((claim) => text(part(claim, "metadata"), "name"))
  const added = names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))
  return { ...template, spec: { ...pod, volumes: [...added, ...items(pod["volumes"]).filter((volume) => !names.includes(text(volume, "name")))] } }
}

const checkStatefulSpec = (check: Check, spec: Fields, isNew: boolean): void => {
  const management = text(spec, "podManagementPolicy")
  if (management === "") check.required("spec.podManagementPolicy")
  else if (management !== "OrderedReady" && management !== "Parallel") {
    check.invalid("spec.podManagementPolicy", management, "must be 'OrderedReady' or 'Parallel'")
  }
  checkStatefulStrategy(check, part(spec, "updateStrategy") ?? {})
  const retention = part(spec, "persistentVolumeClaimRetentionPolicy")
  for (const name of retention === undefined ? [] : ["whenDeleted", "whenScaled"]) {
    check.oneOf(`spec.persistentVolumeClaimRetentionPolicy.${name}`, retention?.[name], ["Retain", "Delete"])
  }
  const claims = items(spec["volumeClaimTemplates"])
  if (isNew) claims.forEach((claim, i) => checkClaimSpec(check, `spec.volumeClaimTemplates[${i}].spec`, specOf(claim)))
  check.notNegative("spec.replicas", spec["replicas"])
  check.notNegative("spec.minReadySeconds", spec["minReadySeconds"])
  check.notNegative("spec.ordinals.start", part(spec, "ordinals")?.["start"])
  const service = text(spec, "serviceName")
  if (isNew && service !== "") check.dnsLabel("spec.serviceName", service)
  const selector = part(spec, "selector")
  if (!checkSelector(check, selector, "statefulset")) return refuseSelector(check, selector, "")
  const template = withClaimVolumes(part(spec, "template") ?? {}, claims)
  checkLabels(check, template, selector)
  checkPodTemplate(check, "spec.template", template)
  check.labels("spec.template.labels", part(part(template, "metadata"), "labels"))
  check.annotations("spec.template.annotations", part(part(template, "metadata"), "annotations"))
  checkEndless(check, template, "StatefulSet")
}

const changeable = ["replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds"]

/** A stateful set, new or changed: its volume claims, selector and service stay. */
export const checkStatefulSet = (check: Check, set: Fields, old?: Fields): void => {
  const spec = specOf(set)
  if (old !== undefined && spec === specOf(old)) return
  checkStatefulSpec(check, spec, old === undefined)
  if (old === undefined) return
  const fixed = (one: Fields): Fields => Object.fromEntries(Object.entries(one).filter(([name]) => !changeable.includes(name)))
  if (jsonEqual(fixed(spec), fixed(specOf(old)))) return
  const names = `${changeable.slice(0, -1).map((name) => `'${name}'`).join(", ")} and '${changeable.at(-1)}'`
  check.forbidden("spec", `updates to statefulset spec for fields other than ${names} are forbidden`)
}

/** Counts in the status of each kind: which there are, and which of them are parts of `replicas`. */
const counts: Readonly<Record<string, { readonly all: string; readonly parts?: string; readonly ready: string }>> = {
  "apps/deployments": {
    all: "observedGeneration replicas updatedReplicas readyReplicas availableReplicas unavailableReplicas terminatingReplicas collisionCount",
    parts: "updatedReplicas readyReplicas availableReplicas",
    ready: "readyReplicas"
  },
  "apps/replicasets": {
    all: "replicas fullyLabeledReplicas readyReplicas availableReplicas observedGeneration terminatingReplicas",
    parts: "fullyLabeledReplicas readyReplicas availableReplicas",
    ready: "readyReplicas"
  },
  "/replicationcontrollers": {
    all: "replicas fullyLabeledReplicas readyReplicas availableReplicas observedGeneration",
    parts: "fullyLabeledReplicas readyReplicas availableReplicas",
    ready: "readyReplicas"
  },
  "apps/statefulsets": {
    all: "replicas readyReplicas currentReplicas updatedReplicas availableReplicas observedGeneration collisionCount",
    parts: "readyReplicas currentReplicas updatedReplicas availableReplicas",
    ready: "status.readyReplicas"
  },
  "apps/daemonsets": {
    all: [
      "currentNumberScheduled numberMisscheduled desiredNumberScheduled numberReady observedGeneration updatedNumberScheduled numberAvailable",
      "numberUnavailable collisionCount"
    ].join(" "),
    ready: ""
  }
}

/** The status of a workload of one of these kinds, by `group/plural`. */
export const checkWorkloadStatus = (key: string) => (check: Check, object: Fields, old: Fields): void => {
  const rules = counts[key]
  const [status, before] = [part(object, "status") ?? {}, part(old, "status") ?? {}]
  if (rules === undefined || !isObject(status)) return
  for (const name of rules.all.split(" ")) check.notNegative(`status.${name}`, status[name])
  for (const name of rules.parts?.split(" ") ?? []) {
    if (count(status, name) > count(status, "replicas")) check.invalid(`status.${name}`, count(status, name), "cannot be greater than status.replicas")
  }
  if (rules.parts !== undefined && count(status, "availableReplicas") > count(status, "readyReplicas")) {
    check.invalid("status.availableReplicas", count(status, "availableReplicas"), `cannot be greater than ${rules.ready}`)
  }
  const collisions = count(status, "collisionCount")
  if (before["collisionCount"] !== undefined && collisions < count(before, "collisionCount")) {
    check.invalid("status.collisionCount", collisions, "cannot be decremented")
  }
}
