/** The rules of every built-in kind: tables for what is simple, a file each for what is not. */
import { jsonEqual, type ObjectMeta } from "@fairlead/kube"
import { type Draft, field } from "../Draft.ts"
import { keepAllButStatus, keepSpec, kindRules, type KindRules, specChanged } from "../rest/KindRules.ts"
import { resourceLines } from "../builtin/Resources.generated.ts"
import * as Validation from "../builtin/validation/Validation.ts"
import * as Warnings from "../builtin/warnings/Warnings.ts"
import { emptyStatus } from "./EmptyStatus.ts"
import { paramAuthority } from "../policy/ParamAuthority.ts"
import { selectableFieldsOf } from "./FieldTable.ts"
import { dropGatedFields } from "./GatedFields.ts"
import { checkChangedMetadata, checkNewMetadata, metadataProfileOf } from "./MetadataTable.ts"
import { nameRuleOf } from "./NameTable.ts"
import type { Causes } from "../FieldCause.ts"
import { wordsOf } from "../internal/words.ts"
import { ownRules } from "./OwnRules.ts"

/** Kinds whose objects are created by PUT and apply when they do not exist. */
const createdOnUpdate = wordsOf(`
  /services /endpoints /events events.k8s.io/events /limitranges coordination.k8s.io/leases node.k8s.io/runtimeclasses
  rbac.authorization.k8s.io/roles rbac.authorization.k8s.io/rolebindings
  rbac.authorization.k8s.io/clusterroles rbac.authorization.k8s.io/clusterrolebindings
`)

/** Kinds whose updates must name a resourceVersion. */
const conditionalOnly = wordsOf(`
  coordination.k8s.io/leases policy/poddisruptionbudgets apiextensions.k8s.io/customresourcedefinitions
  apiregistration.k8s.io/apiservices node.k8s.io/runtimeclasses storage.k8s.io/csinodes storage.k8s.io/csidrivers
  storage.k8s.io/csistoragecapacities storage.k8s.io/volumeattachments admissionregistration.k8s.io/validatingadmissionpolicies
  admissionregistration.k8s.io/validatingadmissionpolicybindings admissionregistration.k8s.io/mutatingadmissionpolicies
  admissionregistration.k8s.io/mutatingadmissionpolicybindings admissionregistration.k8s.io/validatingwebhookconfigurations
  admissionregistration.k8s.io/mutatingwebhookconfigurations
`)

/** Kinds whose DELETE answers the last object. */
const answerDeleted = wordsOf(`
  /namespaces /pods /services /serviceaccounts /podtemplates /resourcequotas /persistentvolumes /persistentvolumeclaims
  storage.k8s.io/csidrivers storage.k8s.io/storageclasses storage.k8s.io/volumeattachments storage.k8s.io/csinodes
  storage.k8s.io/volumeattributesclasses resource.k8s.io/deviceclasses resource.k8s.io/resourceclaims
  resource.k8s.io/resourceclaimtemplates resource.k8s.io/resourceslices
`)

/** Kinds that count the changes of their spec. */
const withGeneration = wordsOf(`
  /pods /podtemplates /replicationcontrollers apps/deployments apps/replicasets apps/statefulsets apps/daemonsets
  batch/jobs batch/cronjobs policy/poddisruptionbudgets networking.k8s.io/ingresses networking.k8s.io/ingressclasses
  networking.k8s.io/networkpolicies discovery.k8s.io/endpointslices scheduling.k8s.io/priorityclasses
  flowcontrol.apiserver.k8s.io/flowschemas flowcontrol.apiserver.k8s.io/prioritylevelconfigurations
  resource.k8s.io/deviceclasses resource.k8s.io/resourceslices
  apiextensions.k8s.io/customresourcedefinitions admissionregistration.k8s.io/validatingadmissionpolicies
  admissionregistration.k8s.io/validatingadmissionpolicybindings admissionregistration.k8s.io/mutatingadmissionpolicies
  admissionregistration.k8s.io/mutatingadmissionpolicybindings admissionregistration.k8s.io/validatingwebhookconfigurations
  admissionregistration.k8s.io/mutatingwebhookconfigurations
`)

/** Kinds in which other changes count. */
const bumps: Readonly<Record<string, KindRules["bumpsGeneration"]>> = {
  "apps/deployments": (next, previous) => specChanged(next, previous) || !jsonEqual(next.metadata.annotations, previous.metadata.annotations),
  "discovery.k8s.io/endpointslices": (next, previous) => specChanged(next, previous) || !jsonEqual(next.metadata.labels, previous.metadata.labels),
  "scheduling.k8s.io/priorityclasses": () => false
}

/** Kinds whose status subresource leaves the metadata alone. */
const keepsMetadata = wordsOf(`
  flowcontrol.apiserver.k8s.io/flowschemas flowcontrol.apiserver.k8s.io/prioritylevelconfigurations networking.k8s.io/servicecidrs
  resource.k8s.io/resourceclaims storage.k8s.io/volumeattachments apiregistration.k8s.io/apiservices
  admissionregistration.k8s.io/validatingadmissionpolicies
`)

/** Labels that a job gives to its template. */
const madeLabels = wordsOf("batch.kubernetes.io/controller-uid batch.kubernetes.io/job-name controller-uid job-name")

/** Metadata without labels that only come from what the server gave to a template: those are checked where they stand. */
const ownMetadata = (draft: Draft): ObjectMeta => {
  const template = field<{ readonly template?: { readonly metadata?: ObjectMeta } }>(draft, "spec")?.template
  const { labels } = draft.metadata
  if (labels === undefined || labels !== template?.metadata?.labels || !Object.keys(labels).every((key) => madeLabels.has(key))) return draft.metadata
  const { labels: _, ...own } = draft.metadata
  return own
}

const resetStatus: KindRules["prepareCreate"] = (draft, call) => {
  const status = emptyStatus(call.resource)
  if (status === undefined) delete draft["status"]
  else draft["status"] = status
}

/** Kinds that keep their dependents when they are deleted without a policy. */
const orphaning = wordsOf("batch/jobs /replicationcontrollers")

/** Kinds that the garbage collector leaves alone. */
const uncollected = wordsOf("/events events.k8s.io/events")

/** Kinds with a status of their own, read off their subresources. */
const withStatus = (): ReadonlySet<string> => {
  const found = new Set<string>()
  let group = ""
  for (const line of resourceLines.split("\n")) {
    if (line.startsWith("@")) group = line.slice(1, line.indexOf(" "))
    else if (/[|\s]status:/.test(line)) found.add(`${group}/${line.slice(0, line.indexOf("|"))}`)
  }
  return found
}

const statusKinds = withStatus()

const made = new Map<string, KindRules>()

/** The rules of a built-in kind. */
export const rulesOf = (group: string, plural: string): KindRules => {
  const key = `${group}/${plural}`
  let rules = made.get(key)
  if (rules === undefined) {
    rules = makeRules(key, group, plural)
    made.set(key, rules)
  }
  return rules
}

const makeRules = (key: string, group: string, plural: string): KindRules => {
  const nameErrors = nameRuleOf(key)
  const profile = metadataProfileOf(key)
  const dropGated = dropGatedFields(key)
  return kindRules({
    allowCreateOnUpdate: createdOnUpdate.has(key),
    allowUnconditionalUpdate: !conditionalOnly.has(key),
    returnsDeleted: answerDeleted.has(key),
    garbage: orphaning.has(key) ? "orphan" : uncollected.has(key) ? "unsupported" : "background",
    hasGeneration: withGeneration.has(key),
    hasStatus: statusKinds.has(key),
    fields: selectableFieldsOf(group, plural),
    nameErrors,
    ...(statusKinds.has(key) ? { prepareCreate: resetStatus } : {}),
    ...(dropGated === undefined ? {} : { prepareCreate: (draft, call) => (statusKinds.has(key) && resetStatus(draft, call), dropGated(draft)), prepareUpdate: dropGated }),
    ...(bumps[key] === undefined ? {} : { bumpsGeneration: bumps[key] }),
    prepareStatus: keepsMetadata.has(key) ? keepAllButStatus : keepSpec,
    checksNewMetadata: profile.onCreate && ownRules[key]?.validateCreate === undefined,
    validateCreate: (draft, call) => {
      const causes: Causes = []
      checkNewMetadata(profile, ownMetadata(draft), call.resource.namespaced, nameErrors, causes)
      Validation.create(group, plural, draft, causes)
      if (causes.length === 0) paramAuthority[key]?.(call, draft, undefined, causes)
      if (causes.length === 0) call.warnings.push(...Warnings.onCreate(group, plural, draft))
      return causes
    },
    validateUpdate: (draft, previous, call) => {
      const causes: Causes = []
      checkChangedMetadata(profile, draft.metadata, previous.metadata, call.resource.namespaced, nameErrors, causes)
      Validation.update(group, plural, call.request.subresource, draft, previous, causes)
      if (causes.length === 0) paramAuthority[key]?.(call, draft, previous, causes)
      if (causes.length === 0) call.warnings.push(...Warnings.onUpdate(group, plural, call.request.subresource, draft, previous))
      return causes
    },
    validateStatus: (draft, previous, call) => {
      const causes: Causes = []
      Validation.update(group, plural, "status", draft, previous, causes)
      if (causes.length === 0) call.warnings.push(...Warnings.onUpdate(group, plural, "status", draft, previous))
      return causes
    },
    ...ownRules[key]
  })
}
