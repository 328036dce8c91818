/** Checks of `metadata`, in the order and with the texts of Kubernetes. */
import { jsonEqual, type ObjectMeta, type OwnerReference } from "@fairlead/kube"
import { type Causes, forbiddenValue, immutableValue, invalidValue, printValue, requiredValue, tooLongValue } from "../FieldCause.ts"
import { labelValueErrors, qualifiedNameErrors } from "../internal/nameRules.ts"

/** Gives the texts of what is wrong with a name. */
export type NameErrors = (name: string) => ReadonlyArray<string>

const annotationsBytesMax = 256 * 1024

/** Checks the metadata of an object as a whole; what is that of the stored `previous` itself was checked before. */
export const checkMetadata = (meta: ObjectMeta, namespaced: boolean, nameErrors: NameErrors, causes: Causes, previous?: ObjectMeta): void => {
  checkNames(meta, nameErrors, causes, previous)
  if (!namespaced && meta.namespace !== undefined && meta.namespace !== "") {
    causes.push(forbiddenValue("metadata.namespace", "not allowed on this type"))
  }
  if ((meta.generation ?? 0) < 0) causes.push(invalidValue("metadata.generation", meta.generation, "must be greater than or equal to 0"))
  checkMaps(meta, causes, previous)
  if (meta.finalizers !== undefined && meta.finalizers !== previous?.finalizers) checkFinalizers(meta.finalizers, causes)
}

/** Checks the name and what a name begins with, unless they are those of the stored `previous`. */
export const checkNames = (meta: ObjectMeta, nameErrors: NameErrors, causes: Causes, previous?: ObjectMeta): void => {
  if (meta.generateName !== undefined && meta.generateName !== "" && meta.generateName !== previous?.generateName) {
    for (const error of nameErrors(maskTrailingDash(meta.generateName))) causes.push(invalidValue("metadata.generateName", meta.generateName, error))
  }
  if (meta.name === undefined || meta.name === "") causes.push(requiredValue("metadata.name", "name or generateName is required"))
  else if (meta.name !== previous?.name) for (const error of nameErrors(meta.name)) causes.push(invalidValue("metadata.name", meta.name, error))
}

/** Checks what an update makes of the metadata. */
export const checkMetadataUpdate = (next: ObjectMeta, previous: ObjectMeta, causes: Causes): void => {
  if (previous.deletionTimestamp !== undefined) checkNoNewFinalizers(next.finalizers ?? [], previous.finalizers ?? [], causes)
  if (next.resourceVersion === undefined || next.resourceVersion === "") {
    causes.push(invalidValue("metadata.resourceVersion", "", "must be specified for an update"))
  }
  if ((next.generation ?? 0) < (previous.generation ?? 0)) {
    causes.push(invalidValue("metadata.generation", next.generation ?? 0, "must not be decremented"))
  }
  keep("name", next.name, previous.name, causes)
  keep("namespace", next.namespace, previous.namespace, causes)
  keep("uid", next.uid, previous.uid, causes)
  keep("creationTimestamp", next.creationTimestamp, previous.creationTimestamp, causes)
  keep("deletionTimestamp", next.deletionTimestamp, previous.deletionTimestamp, causes)
  keep("deletionGracePeriodSeconds", next.deletionGracePeriodSeconds, previous.deletionGracePeriodSeconds, causes)
  checkMaps(next, causes, previous)
}

/** Refuses another value in a field that cannot change. */
const keep = (name: keyof ObjectMeta, next: unknown, previous: unknown, causes: Causes): void => {
  if (next !== previous && (next ?? undefined) !== (previous ?? undefined)) causes.push(immutableValue(`metadata.${name}`, next))
}

/** Finalizers of built-in kinds are standard ones or carry a domain. */
export const checkFinalizerDomains = (meta: ObjectMeta, causes: Causes): void => {
  meta.finalizers?.forEach((finalizer, i) => {
    if (!finalizer.includes("/") && !standardFinalizers.has(finalizer)) {
      causes.push(invalidValue(`metadata.finalizers[${i}]`, finalizer, "name is neither a standard finalizer name nor is it fully qualified"))
    }
  })
}

/** Finalizers that need no domain. */
export const standardFinalizers: ReadonlySet<string> = new Set(["kubernetes", "orphan", "foregroundDeletion"])

const checkMaps = (meta: ObjectMeta, causes: Causes, previous: ObjectMeta | undefined): void => {
  const { labels, annotations, ownerReferences } = meta
  if (labels !== undefined && labels !== previous?.labels) checkLabels(labels, "metadata.labels", causes)
  if (annotations !== undefined && annotations !== previous?.annotations) checkAnnotations(annotations, "metadata.annotations", causes)
  if (ownerReferences !== undefined && ownerReferences !== previous?.ownerReferences) checkOwnerReferences(ownerReferences, causes)
}

/** Checks keys and values of labels. */
export const checkLabels = (labels: { readonly [key: string]: string }, field: string, causes: Causes): void => {
  for (const key in labels) {
    for (const error of qualifiedNameErrors(key)) causes.push(invalidValue(field, key, error))
    for (const error of labelValueErrors(labels[key]!)) causes.push(invalidValue(field, labels[key], error))
  }
}

/** Checks keys and total size of annotations. */
export const checkAnnotations = (annotations: { readonly [key: string]: string }, field: string, causes: Causes): void => {
  let size = 0
  for (const key in annotations) {
    for (const error of qualifiedNameErrors(key.toLowerCase())) causes.push(invalidValue(field, key, error))
    size += key.length + annotations[key]!.length
  }
  if (size > annotationsBytesMax) causes.push(tooLongValue(field, annotationsBytesMax))
}

const checkOwnerReferences = (references: ReadonlyArray<OwnerReference>, causes: Causes): void => {
  const field = "metadata.ownerReferences"
  let controller: string | undefined
  for (const reference of references) {
    const { apiVersion = "", kind = "", name = "", uid = "" } = reference
    if (apiVersion === "" || apiVersion.endsWith("/") || apiVersion.indexOf("/") !== apiVersion.lastIndexOf("/")) {
      causes.push(invalidValue(`${field}.apiVersion`, apiVersion, "version must not be empty"))
    }
    if (kind === "") causes.push(invalidValue(`${field}.kind`, kind, "must not be empty"))
    if (name === "") causes.push(invalidValue(`${field}.name`, name, "must not be empty"))
    if (uid === "") causes.push(invalidValue(`${field}.uid`, uid, "must not be empty"))
    if (apiVersion === "v1" && kind === "Event") {
      causes.push(invalidValue(field, ownerForMessage(reference), "/v1, Kind=Event is disallowed from being an owner"))
    }
    if (reference.controller !== true) continue
    const here = `${kind}/${name}`
    if (controller !== undefined) {
      causes.push(invalidValue(
        field,
        references.map(ownerForMessage),
        `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${here}`
      ))
    } else controller = here
  }
}

/** Owner references in the order in which messages show their fields. */
const ownerForMessage = ({ apiVersion = "", kind = "", name = "", uid = "", controller, blockOwnerDeletion }: OwnerReference): object => ({
  apiVersion,
  kind,
  name,
  uid,
  ...(controller === undefined ? {} : { controller }),
  ...(blockOwnerDeletion === undefined ? {} : { blockOwnerDeletion })
})

const checkFinalizers = (finalizers: ReadonlyArray<string>, causes: Causes): void => {
  for (const finalizer of finalizers) {
    for (const error of qualifiedNameErrors(finalizer)) causes.push(invalidValue("metadata.finalizers", finalizer, error))
  }
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    causes.push(invalidValue("metadata.finalizers", finalizers, "finalizer orphan and foregroundDeletion cannot be both set"))
  }
}

const checkNoNewFinalizers = (next: ReadonlyArray<string>, previous: ReadonlyArray<string>, causes: Causes): void => {
  if (jsonEqual(next, previous)) return
  const added = [...new Set(next)].filter((finalizer) => !previous.includes(finalizer)).sort()
  if (added.length === 0) return
  causes.push(forbiddenValue(
    "metadata.finalizers",
    `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map(printValue).join(", ")}}`
  ))
}

/** A generated name may end in a dash, since letters will follow. */
const maskTrailingDash = (name: string): string => (name.endsWith("-") && name.length > 1 ? `${name.slice(0, -1)}a` : name)
