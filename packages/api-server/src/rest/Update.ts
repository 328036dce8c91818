/** Replaces stored objects, whole or in part; every write to an existing object ends here. */
import { jsonEqual, type KubeObject, type StatusCause } from "@fairlead/kube"
import { badRequest, conflict, invalid, modifiedText, notFound, rawError } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import type { Draft } from "../Draft.ts"
import { invalidValue } from "../FieldCause.ts"
import { pathSegmentErrors } from "../internal/nameRules.ts"
import { admit, validateAdmitted } from "../policy/Admission.ts"
import { checkQuotas } from "../policy/ResourceQuota.ts"
import { toServed, toStored } from "../ServedResource.ts"
import { answer } from "./Answer.ts"
import { readBody } from "./Body.ts"
import type { Call } from "./Call.ts"
import { createObject, placeInNamespace, refuseInvalid } from "./Create.ts"
import { checkMetadata, checkMetadataUpdate } from "./MetadataRules.ts"
import { refuseTooLarge } from "./StorageLimit.ts"
import { ownFields, settleFields } from "./Ownership.ts"

/** PUT on an object. */
export const update = (call: Call): ApiResponse => {
  const found = findObject(call)
  const draft = readBody(call, found)
  checkName(call, draft)
  placeInNamespace(call, draft)
  if (call.request.subresource === undefined && call.resource.rules.allowCreateOnUpdate && found === undefined) {
    refuseUidOfMissing(call, draft)
    return answer(call, 201, createObject(call, withoutVersion(draft)))
  }
  return answer(call, 200, replaceObject(call, draft, found))
}

const withoutVersion = (draft: Draft): Draft => {
  delete draft.metadata.resourceVersion
  return draft
}

/** The object that the call names, in its served form. */
export const findObject = (call: Call): KubeObject | undefined => {
  const found = call.resource.collection.get(call.namespace, call.name)
  return found === undefined ? undefined : toServed(call.resource, found)
}

/** The object that the call names, in its served form; throws `NotFound`. */
export const existingObject = (call: Call): KubeObject => {
  const found = findObject(call)
  if (found === undefined) throw notFound(call.resource, call.name)
  return found
}

/** The name in the body must be that of the path. */
export const checkName = (call: Call, draft: Draft): void => {
  const { name } = draft.metadata
  if (name === undefined || name === null || name === "") {
    throw badRequest(`the name of the object (${call.name} based on URL) was undeterminable: name must be provided`)
  }
  if (name !== call.name) throw badRequest(`the name of the object (${name}) does not match the name on the URL (${call.name})`)
}

/** Puts `draft` in place of the stored object, after all checks; `draft` belongs to it. */
export const replaceObject = (call: Call, draft: Draft, previous: KubeObject = existingObject(call)): KubeObject => {
  placeInNamespace(call, draft)
  checkUid(call, draft, previous)
  if (call.request.patchType !== "apply") ownFields(call, draft, previous)
  admit(call, "update", draft, previous)
  checkVersion(call, draft, previous)
  prepare(call, draft, previous)
  settleFields(call, draft, previous)
  validateAdmitted(call, "update", draft, previous)
  const charge = checkQuotas(call, "update", draft, previous)
  if (!call.dryRun) charge()
  return commit(call, draft, previous)
}

const commit = (call: Call, draft: Draft, previous: KubeObject): KubeObject => {
  const { resource, server } = call
  draft.metadata.resourceVersion = previous.metadata.resourceVersion!
  if (deletesNow(draft, previous) && resource.rules.goesWithUpdate(draft)) {
    if (!call.dryRun) server.store.delete(resource.collection, call.namespace, call.name)
    return draft
  }
  if (call.dryRun) return draft
  if (isSame(draft, previous)) return previous
  const next = toStored(resource, draft)
  refuseTooLarge(call, next, previous)
  return toServed(resource, server.store.put(resource.collection, call.namespace, call.name, next))
}

/** Most writes change the status, so it is compared first. */
const isSame = (draft: Draft, previous: KubeObject): boolean =>
  jsonEqual(draft["status"], (previous as unknown as Draft)["status"]) && jsonEqual(draft, previous)

/** The last finalizer is gone from an object that waited for that. */
const deletesNow = (next: Draft, previous: KubeObject): boolean =>
  previous.metadata.deletionTimestamp !== undefined &&
  (next.metadata.finalizers ?? []).length === 0 &&
  (previous.metadata.deletionGracePeriodSeconds ?? 0) === 0

const prepare = (call: Call, draft: Draft, previous: KubeObject): void => {
  const isStatus = call.request.subresource === "status"
  const { rules, namespaced } = call.resource
  const meta = draft.metadata
  const old = previous.metadata
  if (old.generation !== undefined) meta.generation = old.generation
  else if (meta.generation !== undefined) delete meta.generation
  if (isStatus) rules.prepareStatus(draft, previous, call)
  else {
    // Approval is a part of the status of requests for certificates.
    if (rules.hasStatus && call.request.subresource !== "approval") keepStatus(draft, previous)
    rules.prepareUpdate(draft, previous, call)
    if (rules.hasGeneration && rules.bumpsGeneration(draft, previous)) draft.metadata.generation = (old.generation ?? 0) + 1
  }
  keepSystemFields(draft, previous)
  const causes: Array<StatusCause> = []
  const ofChange: Array<StatusCause> = []
  checkMetadata(draft.metadata, namespaced, pathSegmentErrors, causes, old)
  checkMetadataUpdate(draft.metadata, old, ofChange)
  const found = isStatus ? rules.validateStatus(draft, previous, call, ofChange) : rules.validateUpdate(draft, previous, call, ofChange)
  if (causes.length + ofChange.length + found.length > 0) refuseInvalid(call, draft, [...causes, ...ofChange, ...found])
}

const keepStatus = (draft: Draft, previous: KubeObject): void => {
  const status = (previous as unknown as Draft)["status"]
  if (status === undefined) delete draft["status"]
  else draft["status"] = status
}

/** Fields that no update can change are put back; a change that was asked for in vain is not an error. */
const keepSystemFields = (draft: Draft, previous: KubeObject): void => {
  const meta = draft.metadata
  const old = previous.metadata
  if (!meta.uid && old.uid !== undefined) meta.uid = old.uid
  if (old.creationTimestamp !== undefined) meta.creationTimestamp = old.creationTimestamp
  if (old.deletionTimestamp !== undefined) meta.deletionTimestamp = old.deletionTimestamp
  if (old.deletionGracePeriodSeconds !== undefined && (meta.deletionGracePeriodSeconds ?? undefined) === undefined) {
    meta.deletionGracePeriodSeconds = old.deletionGracePeriodSeconds
  }
  if (meta.selfLink !== undefined) delete meta.selfLink
}

const checkUid = (call: Call, draft: Draft, previous: KubeObject): void => {
  const { uid } = draft.metadata
  if (!uid || uid === previous.metadata.uid || call.request.verb === "patch") return
  throw uidConflict(call, uid, previous.metadata.uid ?? "")
}

const refuseUidOfMissing = (call: Call, draft: Draft): void => {
  const { uid } = draft.metadata
  if (uid) throw uidConflict(call, uid, "")
}

/** 409 of the storage for a write that means an object with another uid. */
export const uidConflict = (call: Call, asked: string, found: string): ReturnType<typeof conflict> =>
  conflict(
    call.resource,
    call.name,
    `StorageError: invalid object, Code: 4, Key: ${storageKey(call)}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${asked}, UID in object meta: ${found}`
  )

/** Kinds that are stored under another name than their own. */
const storedAs: Readonly<Record<string, string>> = {
  "/endpoints": "services/endpoints", "/nodes": "minions", "/replicationcontrollers": "controllers", "/services": "services/specs",
  "networking.k8s.io/ingresses": "ingress"
}

const grouped: ReadonlySet<string> = new Set(["apiextensions.k8s.io", "apiregistration.k8s.io"])

const storedUnder = ({ custom, group, plural }: Call["resource"]): string =>
  storedAs[`${group}/${plural}`] ?? (custom || grouped.has(group) ? `${group}/${plural}` : plural)

const storageKey = ({ resource, namespace, name }: Call): string =>
  `/registry/${storedUnder(resource)}/${namespace === "" ? "" : `${namespace}/`}${name}`

const checkVersion = (call: Call, draft: Draft, previous: KubeObject): void => {
  const { resource } = call
  const asked = draft.metadata.resourceVersion ?? ""
  if (asked === previous.metadata.resourceVersion) return
  if (asked !== "" && !/^\d+$/.test(asked)) throw rawError(`strconv.ParseUint: parsing ${JSON.stringify(asked)}: invalid syntax`)
  const unconditional = asked === "" || asked === "0"
  if (unconditional && !resource.rules.allowUnconditionalUpdate) {
    throw invalid(resource.plural, resource.group, call.name, [invalidValue("metadata.resourceVersion", 0, "must be specified for an update")])
  }
  if (!unconditional && asked !== previous.metadata.resourceVersion) throw conflict(resource, call.name, modifiedText)
  draft.metadata.resourceVersion = previous.metadata.resourceVersion!
}

