/** Brings new objects into the store. */
import { type KubeObject, KubeTime, type StatusCause } from "@fairlead/kube"
import { alreadyExists, badRequest, failure, generatedNameTaken, invalid, type GroupResource, rawError } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import type { Draft } from "../Draft.ts"
import { randomName, randomUid } from "../internal/randomNames.ts"
import { pathSegmentErrors } from "../internal/nameRules.ts"
import { admit, validateAdmitted } from "../policy/Admission.ts"
import { checkQuotas } from "../policy/ResourceQuota.ts"
import { toServed, toStored } from "../ServedResource.ts"
import { answer } from "./Answer.ts"
import { readBody } from "./Body.ts"
import type { Call } from "./Call.ts"
import { ownFields } from "./Ownership.ts"
import { refuseTooLarge } from "./StorageLimit.ts"
import { checkMetadata, checkNames } from "./MetadataRules.ts"

/** POST to a collection. */
export const create = (call: Call): ApiResponse => {
  const draft = readBody(call)
  if (call.resource.custom && call.name !== "" && draft.metadata.name === undefined) draft.metadata.name = call.name
  return answer(call, 201, createObject(call, draft))
}

/** Stores a new object; `draft` belongs to it. */
export const createObject = (call: Call, draft: Draft): KubeObject => {
  const { resource } = call
  placeInNamespace(call, draft)
  refuseVersion(draft)
  const isGenerated = isEmpty(draft.metadata.name) && !isEmpty(draft.metadata.generateName)
  if (call.request.patchType !== "apply") ownFields(call, draft, undefined)
  admit(call, "create", draft, undefined)
  for (let attempt = 1;; attempt++) {
    if (isGenerated) draft.metadata.name = randomName(draft.metadata.generateName!, call.server.random)
    if (attempt === 1) prepare(call, draft)
    const name = draft.metadata.name!
    const existing = resource.collection.get(call.namespace, name)
    if (existing === undefined) break
    if (isGenerated && attempt < generateAttemptsMax) continue
    validateAdmitted(call, "create", draft, undefined)
    const chargeInVain = checkQuotas(call, "create", draft, undefined)
    if (!call.dryRun) chargeInVain()
    refuseExisting(resource, existing, draft)
  }
  validateAdmitted(call, "create", draft, undefined)
  const charge = checkQuotas(call, "create", draft, undefined)
  if (call.dryRun) return toServed(resource, draft)
  charge()
  const stored = toStored(resource, draft)
  refuseTooLarge(call, stored, undefined)
  return toServed(resource, call.server.store.put(resource.collection, call.namespace, draft.metadata.name!, stored))
}

const generateAttemptsMax = 8

const prepare = (call: Call, draft: Draft): void => {
  const { resource, server } = call
  const { rules } = resource
  const meta = draft.metadata
  // Looking first costs much less than deleting in vain.
  if (meta.deletionTimestamp !== undefined) delete meta.deletionTimestamp
  if (meta.deletionGracePeriodSeconds !== undefined) delete meta.deletionGracePeriodSeconds
  if (meta.resourceVersion !== undefined) delete meta.resourceVersion
  if (meta.selfLink !== undefined) delete meta.selfLink
  meta.uid = randomUid(server.random)
  meta.creationTimestamp = KubeTime.format(server.now())
  if (rules.hasGeneration) meta.generation = 1
  rules.prepareCreate(draft, call)
  refuseInvalid(call, draft, rules.validateCreate(draft, call))
  const causes: Array<StatusCause> = []
  if (rules.checksNewMetadata) checkNames(meta, pathSegmentErrors, causes)
  else checkMetadata(meta, resource.namespaced, pathSegmentErrors, causes)
  refuseInvalid(call, draft, causes)
}

const isEmpty = (text: string | undefined): boolean => text === undefined || text === ""

/** Throws `Invalid` if there is any cause. */
export const refuseInvalid = (call: Call, draft: Draft, causes: ReadonlyArray<StatusCause>): void => {
  if (causes.length > 0) throw invalid(call.resource.kind, checkedGroup(call), draft.metadata.name ?? "", causes)
}

/** Events of either group are checked as those of the core group. */
const checkedGroup = ({ resource }: Call): string => (resource.group === "events.k8s.io" ? "" : resource.group)

/** The namespace of the path goes into the body, and a different one is refused. */
export const placeInNamespace = (call: Call, draft: Draft): void => {
  const meta = draft.metadata
  if (!call.resource.namespaced) {
    delete meta.namespace
    return
  }
  if (isEmpty(meta.namespace)) meta.namespace = call.namespace
  else if (meta.namespace !== call.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request")
  }
}

const refuseVersion = (draft: Draft): void => {
  const version = draft.metadata.resourceVersion
  if (version !== undefined && /^[1-9]\d*$/.test(version)) throw rawError("resourceVersion should not be set on objects to be created")
}

const refuseExisting = (resource: GroupResource, existing: KubeObject, draft: Draft): never => {
  const name = draft.metadata.name!
  const terminating = existing.metadata.deletionTimestamp !== undefined
  if (!isEmpty(draft.metadata.generateName)) throw generatedNameTaken(resource, name, terminating)
  if (!terminating) throw alreadyExists(resource, name)
  const { status } = alreadyExists(resource, name)
  throw failure(409, "AlreadyExists", `object is being deleted: ${status.message}`, status.details)
}
