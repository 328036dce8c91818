/** Pods: what a new one may say, and what writes may change of one. */
import { jsonEqual } from "@fairlead/kube"
import { indented, internalForm } from "../InternalForm.ts"
import type { Fields } from "../Sharing.ts"
import { unifiedDiff } from "../UnifiedDiff.ts"
import { items, part, specOf, text, type Check } from "./Check.ts"
import { checkImageSpaces } from "./Containers.ts"
import { inclusiveRange } from "./Formats.ts"
import { checkPodSpec } from "./PodSpec.ts"
import { checkTolerations } from "./Scheduling.ts"

const mirror = "kubernetes.io/config.mirror"
const deletionCost = "controller.kubernetes.io/pod-deletion-cost"

const annotationsOf = (pod: Fields): Fields => part(part(pod, "metadata"), "annotations") ?? {}

const checkAnnotations = (check: Check, pod: Fields): void => {
  const annotations = annotationsOf(pod)
  if (annotations[mirror] !== undefined && text(specOf(pod), "nodeName") === "") {
    check.invalid(`metadata.annotations[${mirror}]`, annotations[mirror], "must set spec.nodeName if mirror pod annotation is set")
  }
  const cost = annotations[deletionCost]
  if (cost !== undefined && !/^(0|-?[1-9]\d{0,9})$/.test(String(cost))) check.invalid(`metadata.annotations[${deletionCost}]`, cost, "must be a 32bit integer")
}

const checkWhole = (check: Check, pod: Fields): void => {
  const spec = specOf(pod)
  checkAnnotations(check, pod)
  checkPodSpec(check, "spec", spec, { podName: text(part(pod, "metadata"), "name"), isPod: true })
  if (text(spec, "serviceAccountName") === "") {
    items(spec["volumes"]).forEach((volume, i) => {
      items(part(volume, "projected")?.["sources"]).forEach((source, j) => {
        if (source["serviceAccountToken"] === undefined) return
        check.forbidden(`spec.volumes[${i}].projected.sources[${j}].serviceAccountToken`, "must not be specified when serviceAccountName is not set")
      })
    })
  }
  for (const list of ["containers", "initContainers"]) {
    items(spec[list]).forEach((container, i) => checkImageSpaces(check, `spec.${list}[${i}]`, container))
  }
}

/** A new pod. */
export const checkPodCreate = (check: Check, pod: Fields): void => {
  const spec = specOf(pod)
  checkWhole(check, pod)
  if (items(spec["ephemeralContainers"]).length > 0) check.forbidden("spec.ephemeralContainers", "cannot be set on create")
  if (text(spec, "nodeName") !== "" && items(spec["schedulingGates"]).length > 0) {
    check.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")
  }
}

const checkAnnotationUpdates = (check: Check, pod: Fields, old: Fields): void => {
  const [annotations, before] = [annotationsOf(pod), annotationsOf(old)]
  if (before[mirror] !== undefined && annotations[mirror] !== before[mirror]) {
    check.forbidden(`metadata.annotations[${mirror}]`, "may not remove or update mirror pod annotation")
  }
  if (before[mirror] === undefined && annotations[mirror] !== undefined) check.forbidden(`metadata.annotations[${mirror}]`, "may not add mirror pod annotation")
  checkAnnotations(check, pod)
}

/** False when the lists differ so much that comparing on makes no sense. */
const checkContainerUpdates = (check: Check, field: string, containers: ReadonlyArray<Fields>, old: ReadonlyArray<Fields>): boolean => {
  if (containers.length !== old.length) {
    check.forbidden(field, "pod updates may not add or remove containers")
    return false
  }
  containers.forEach((container, i) => {
    if (text(container, "image") === "") check.required(`${field}[${i}].image`)
    checkImageSpaces(check, `${field}[${i}]`, container)
  })
  return true
}

const checkDeadlineUpdate = (check: Check, spec: Fields, old: Fields): boolean => {
  const [deadline, before] = [spec["activeDeadlineSeconds"] as number | undefined, old["activeDeadlineSeconds"] as number | undefined]
  const field = "spec.activeDeadlineSeconds"
  if (deadline === undefined) {
    if (before !== undefined) check.invalid(field, null, "must not update from a positive integer to nil value")
    return true
  }
  if (deadline < 0 || deadline > 0x7fffffff) {
    check.invalid(field, deadline, inclusiveRange(0, 0x7fffffff))
    return false
  }
  if (before !== undefined && before < deadline) {
    check.invalid(field, deadline, "must be less than or equal to previous value")
    return false
  }
  return true
}

const checkTolerationUpdate = (check: Check, tolerations: ReadonlyArray<Fields>, old: ReadonlyArray<Fields>): void => {
  const untimed = ({ tolerationSeconds: _, ...rest }: Fields): Fields => rest
  if (!old.every((one) => tolerations.some((other) => jsonEqual(untimed(other), untimed(one))))) {
    return check.forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")
  }
  checkTolerations(check, "spec.tolerations", tolerations)
}

const checkGateUpdate = (check: Check, gates: ReadonlyArray<Fields>, old: ReadonlyArray<Fields>): void => {
  const known = new Set(old.map((gate) => text(gate, "name")))
  gates.forEach((gate, i) => {
    const name = text(gate, "name")
    if (!known.has(name)) check.forbidden(`spec.schedulingGates[${i}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`)
  })
}

const onlyAdded = (list: ReadonlyArray<unknown>, old: ReadonlyArray<unknown>): boolean => jsonEqual(list.slice(0, old.length), old)

const checkTermUpdate = (term: Fields, old: Fields): boolean => {
  const [expressions, fields] = [items(old["matchExpressions"]), items(old["matchFields"])]
  if (expressions.length === 0 && fields.length === 0) return items(term["matchExpressions"]).length === 0 && items(term["matchFields"]).length === 0
  return onlyAdded(items(term["matchExpressions"]), expressions) && onlyAdded(items(term["matchFields"]), fields)
}

const requiredTerms = (spec: Fields): ReadonlyArray<Fields> =>
  items(part(part(part(spec, "affinity"), "nodeAffinity"), "requiredDuringSchedulingIgnoredDuringExecution")?.["nodeSelectorTerms"])

/** While gates hold a pod back, where it may run can still be narrowed. */
const checkGatedUpdate = (check: Check, spec: Fields, old: Fields): Fields => {
  const [selector, before] = [part(spec, "nodeSelector") ?? {}, part(old, "nodeSelector") ?? {}]
  if (Object.keys(before).some((key) => selector[key] !== before[key])) {
    check.invalid("spec.nodeSelector", selector, "only additions to spec.nodeSelector are allowed (no mutations or deletions)")
  }
  const terms = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
  const [now, then] = [requiredTerms(spec), requiredTerms(old)]
  if (then.length > 0 && now.length !== then.length) {
    check.invalid(terms, now.length === 0 ? null : now.map((term) => internalForm("core.NodeSelectorTerm", term)), "no additions/deletions to non-empty NodeSelectorTerms list are allowed")
  } else {
    then.forEach((term, i) => {
      const changed = now[i] as Fields
      if (!checkTermUpdate(changed, term)) check.invalid(`${terms}[${i}]`, internalForm("core.NodeSelectorTerm", changed), "only additions are allowed (no mutations or deletions)")
    })
  }
  const nodeAffinity = part(part(old, "affinity"), "nodeAffinity")
  const { nodeAffinity: _, ...others } = part(spec, "affinity") ?? {}
  const affinity = nodeAffinity === undefined && Object.keys(others).length === 0 ? old["affinity"] : { ...others, nodeAffinity }
  return { ...spec, nodeSelector: old["nodeSelector"], affinity }
}

const updatable = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
].join(",")

const withOldImages = (containers: unknown, old: unknown): unknown =>
  Array.isArray(containers) ? items(containers).map((container, i) => ({ ...container, image: items(old)[i]?.["image"] })) : containers

/** A plain update of a pod. */
export const checkPodUpdate = (check: Check, pod: Fields, old: Fields): void => {
  const [spec, before] = [specOf(pod), specOf(old)]
  if (spec === before) return checkAnnotationUpdates(check, pod, old)
  checkWhole(check, pod)
  checkAnnotationUpdates(check, pod, old)
  if (!checkContainerUpdates(check, "spec.containers", items(spec["containers"]), items(before["containers"]))) return
  if (!checkContainerUpdates(check, "spec.initContainers", items(spec["initContainers"]), items(before["initContainers"]))) return
  if (!checkDeadlineUpdate(check, spec, before)) return
  checkTolerationUpdate(check, items(spec["tolerations"]), items(before["tolerations"]))
  checkGateUpdate(check, items(spec["schedulingGates"]), items(before["schedulingGates"]))
  if (jsonEqual(spec, before)) return
  const munged: Fields = {
    ...spec,
    containers: withOldImages(spec["containers"], before["containers"]),
    initContainers: withOldImages(spec["initContainers"], before["initContainers"]),
    activeDeadlineSeconds: before["activeDeadlineSeconds"],
    schedulingGates: before["schedulingGates"],
    tolerations: before["tolerations"]
  }
  const gated = items(before["schedulingGates"]).length > 0
  const compared = internalForm("core.PodSpec", gated ? checkGatedUpdate(check, munged, before) : munged)
  const stored = internalForm("core.PodSpec", before)
  if (!jsonEqual(compared, stored)) {
    check.forbidden("spec", `pod updates may not change fields other than ${updatable}\n${unifiedDiff(indented(stored), indented(compared))}`)
  }
}

/** An update of the containers that are added to a running pod. */
export const checkEphemeralUpdate = (check: Check, pod: Fields, old: Fields): void => {
  checkWhole(check, pod)
  checkAnnotationUpdates(check, pod, old)
  const now = items(specOf(pod)["ephemeralContainers"])
  for (const container of items(specOf(old)["ephemeralContainers"])) {
    const name = text(container, "name")
    const found = now.find((one) => text(one, "name") === name)
    if (found === undefined) {
      check.forbidden("spec.ephemeralContainers", `existing ephemeral containers ${JSON.stringify(name)} may not be removed\n`)
    } else if (!jsonEqual(found, container)) {
      const [before, after] = [internalForm("core.EphemeralContainer", container), internalForm("core.EphemeralContainer", found)]
      check.forbidden("spec.ephemeralContainers", `existing ephemeral containers ${JSON.stringify(name)} may not be changed\n${unifiedDiff(indented(before), indented(after))}`)
    }
  }
}

const withOldAmounts = (container: Fields, old: Fields): Fields => {
  const resources: Fields = { ...part(container, "resources") }
  for (const kind of ["requests", "limits"]) {
    const [now, then] = [part(resources, kind), part(part(old, "resources"), kind)]
    const kept = Object.fromEntries(Object.entries(now ?? {}).filter(([name]) => name !== "cpu" && name !== "memory"))
    const restored = { ...kept, ...Object.fromEntries(Object.entries(then ?? {}).filter(([name]) => name === "cpu" || name === "memory")) }
    if (Object.keys(restored).length === 0) delete resources[kind]
    else resources[kind] = restored
  }
  return { ...container, resources }
}

/** A change of what the containers of a running pod may use. */
export const checkResize = (check: Check, pod: Fields, old: Fields): void => {
  const [spec, before] = [specOf(pod), specOf(old)]
  checkWhole(check, pod)
  const munged: Record<string, unknown> = { ...spec }
  for (const list of ["initContainers", "containers"]) {
    const [now, then] = [items(spec[list]), items(before[list])]
    if (now.length !== then.length || now.some((one, i) => text(one, "name") !== text(then[i], "name"))) {
      return check.forbidden("spec", list === "containers" ? "containers may not be renamed or reordered on resize" : "initContainers may not be renamed or reordered on resize")
    }
    then.forEach((container, i) => {
      for (const kind of ["requests", "limits"]) {
        const [left, had] = [part(part(now[i], "resources"), kind) ?? {}, part(part(container, "resources"), kind) ?? {}]
        const gone = Object.keys(had).some((name) => left[name] === undefined)
        if (gone) check.forbidden(`spec.${list}[${i}].resources.${kind}`, `resource ${kind} cannot be removed`)
      }
    })
    if (now.length > 0) munged[list] = now.map((container, i) => withOldAmounts(container, then[i] as Fields))
  }
  if (check.causes.length === 0 && !jsonEqual(internalForm("core.PodSpec", munged), internalForm("core.PodSpec", before))) {
    check.forbidden("spec", "only cpu and memory resources are mutable")
  }
}
