/** Pods keep to the Pod Security Standard that their namespace asks for by labels (admission plugin PodSecurity). */
import type { KubeObject, ObjectMeta, Pod, PodSpec } from "@fairlead/kube"
import { invalid } from "../ApiFailure.ts"
import { type Draft, field } from "../Draft.ts"
import type { Call } from "../rest/Call.ts"
import type { Validate } from "./Admission.ts"
import { refusal } from "./Refusal.ts"
import { viewOf } from "./security/PodView.ts"
import { findingsOf, isStricter, type LevelVersion, printFindings, printLevel, securityPolicyOf } from "./security/SecurityPolicy.ts"

const namespaces = { group: "", plural: "namespaces" } as const
const pods = { group: "", plural: "pods" } as const

/** Checks pods; warns about templates of pods and about the pods of a namespace that becomes strict. */
export const validatePodSecurity: Validate = (call, operation, object, previous) => {
  if (operation === "delete" || object === undefined) return
  const { resource, request } = call
  const subresource = request.subresource ?? ""
  if (resource.group === "" && resource.plural === "pods") {
    if (subresource === "" || subresource === "ephemeralcontainers" || subresource === "resize") validatePod(call, object, previous)
  } else if (subresource !== "") return
  else if (resource.group === "" && resource.plural === "namespaces") validateNamespace(call, object, previous)
  else if (templatePaths.has(resource.plural) && resource.group in templateGroups) warnOfTemplate(call, object)
}

const templateGroups = { "": true, apps: true, batch: true } as const

const inSpec = ["spec", "template"]

/** Where kinds keep the template of their pods. */
const templatePaths: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["podtemplates", ["template"]],
  ["replicationcontrollers", inSpec],
  ["replicasets", inSpec],
  ["deployments", inSpec],
  ["daemonsets", inSpec],
  ["statefulsets", inSpec],
  ["jobs", inSpec],
  ["cronjobs", ["spec", "jobTemplate", "spec", "template"]]
])

const policyOf = (call: Call): ReturnType<typeof securityPolicyOf> =>
  securityPolicyOf(call.server.store.collection(namespaces).get("", call.namespace)?.metadata.labels)

const validatePod = (call: Call, object: Draft, previous: KubeObject | undefined): void => {
  const { enforce, warn } = policyOf(call)
  if (enforce.level === "privileged" && warn.level === "privileged") return
  const spec = field<PodSpec>(object, "spec")!
  if (previous !== undefined && !changesImages(spec, (previous as Pod).spec!)) return
  const view = viewOf(object.metadata as ObjectMeta, spec)
  const findings = findingsOf(enforce, view)
  if (findings.length > 0) {
    throw refusal(call, object, `violates PodSecurity "${printLevel(enforce)}": ${printFindings(findings)}`)
  }
  warnOf(call, warn, object.metadata as ObjectMeta, spec)
}

const warnOfTemplate = (call: Call, object: Draft): void => {
  const { warn } = policyOf(call)
  if (warn.level === "privileged") return
  const path = templatePaths.get(call.resource.plural)!
  const template = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], object) as
    | { readonly metadata?: ObjectMeta; readonly spec?: PodSpec }
    | undefined
  if (template?.spec !== undefined) warnOf(call, warn, template.metadata, template.spec)
}

const warnOf = (call: Call, warn: LevelVersion, metadata: ObjectMeta | undefined, spec: PodSpec): void => {
  const findings = findingsOf(warn, viewOf(metadata, spec))
  if (findings.length > 0) call.warnings.push(`would violate PodSecurity "${printLevel(warn)}": ${printFindings(findings)}`)
}

interface Imaged {
  readonly name: string
  readonly image?: string
}

/** Other changes of a pod cannot make it less secure. */
const changesImages = (spec: PodSpec, previous: PodSpec): boolean =>
  differ(spec.containers, previous.containers) || differ(spec.initContainers ?? [], previous.initContainers ?? []) ||
  (spec.ephemeralContainers ?? []).some(({ name, image }) => previous.ephemeralContainers?.find((old) => old.name === name)?.image !== image)

const differ = (containers: ReadonlyArray<Imaged>, previous: ReadonlyArray<Imaged>): boolean =>
  containers.length !== previous.length || containers.some(({ image }, i) => image !== previous[i]!.image)

const validateNamespace = (call: Call, object: Draft, previous: KubeObject | undefined): void => {
  const { enforce, causes } = securityPolicyOf(object.metadata.labels)
  const old = securityPolicyOf(previous?.metadata.labels)
  if (causes.length > 0 && JSON.stringify(causes) !== JSON.stringify(old.causes)) throw invalid("Namespace", "", object.metadata.name ?? "", causes)
  if (previous === undefined || printLevel(enforce) === printLevel(old.enforce)) return
  if (enforce.version === old.enforce.version && !isStricter(enforce.level, old.enforce.level)) return
  call.warnings.push(...warningsOfPods(call, object.metadata.name!, enforce))
}

/** The existing pods that a new level would not admit: one line for those that do the same. */
const warningsOfPods = (call: Call, namespace: string, enforce: LevelVersion): ReadonlyArray<string> => {
  const names = new Map<string, Array<string>>()
  for (const pod of call.server.store.collection(pods).list(namespace) as ReadonlyArray<Pod>) {
    const reasons = findingsOf(enforce, viewOf(pod.metadata, pod.spec!)).map(({ reason }) => reason).join(", ")
    if (reasons === "") continue
    const known = names.get(reasons)
    if (known === undefined) names.set(reasons, [pod.metadata.name!])
    else known.push(pod.metadata.name!)
  }
  if (names.size === 0) return []
  const lines = [...names].map(([reasons, of]) => `${[...of].sort()[0]!}${others(of.length - 1)}: ${reasons}`)
  return [`existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${printLevel(enforce)}"`, ...lines.sort()]
}

const others = (count: number): string => (count === 0 ? "" : count === 1 ? " (and 1 other pod)" : ` (and ${count} other pods)`)
