/** Deletes objects: at once, after a grace period, or when the last finalizer is gone. */
import { type KubeAnswer, type KubeObject, KubeTime } from "@fairlead/kube"
import { conflict } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import { type Draft, draftOf } from "../Draft.ts"
import { admitDeletion } from "../policy/Admission.ts"
import { toServed, toStored } from "../ServedResource.ts"
import { answer, deletedStatus } from "./Answer.ts"
import type { Call } from "./Call.ts"
import { type DeleteOptions, readDeleteOptions } from "./DeleteOptions.ts"
import type { Deletion } from "./Deletion.ts"
import { existingObject } from "./Update.ts"

/** DELETE on an object. */
export const deleteOne = (asked: Call): ApiResponse => {
  const options = readDeleteOptions(asked)
  warnOfOrphans(asked, options)
  const call = { ...asked, dryRun: options.dryRun?.includes("All") ?? false }
  const found = existingObject(call)
  const deletion = deleteObject(call, found, options)
  return answer(call, !deletion.done && options.orphanDependents === false ? 202 : 200, deletion.answer)
}

/** Some kinds keep their dependents unless told otherwise, and say so. */
export const warnOfOrphans = ({ resource, warnings }: Call, { propagationPolicy, orphanDependents }: DeleteOptions): void => {
  const warning = resource.rules.orphanWarning
  if (warning !== undefined && propagationPolicy === undefined && orphanDependents === undefined) warnings.push(warning)
}

/** Asks for the deletion of `found`, the stored object that the call names. */
export const deleteObject = (call: Call, found: KubeObject, options: DeleteOptions): Deletion => {
  checkPreconditions(call, found, options)
  admitDeletion(call, found)
  const own = call.resource.rules.remove?.(call, found, options)
  if (own !== undefined) return own
  const period = graceOf(call, found, options)
  if (period === "pending") return { done: false, answer: deletedAnswer(call, found) }
  const finalizers = finalizersFor(call, found, options)
  if (period === undefined && finalizers.length === 0) return remove(call, found)
  const marked = mark(call, found, finalizers, period)
  if (finalizers.length > 0 || (period?.seconds ?? 0) > 0) return { done: false, answer: marked }
  if (call.dryRun) return { done: true, answer: marked }
  return remove(call, marked)
}

const remove = (call: Call, found: KubeObject): Deletion => {
  const { resource, server } = call
  if (call.dryRun) return { done: true, answer: deletedAnswer(call, found) }
  const last = server.store.delete(resource.collection, found.metadata.namespace ?? "", found.metadata.name!)
  return { done: true, answer: deletedAnswer(call, toServed(resource, last)) }
}

const deletedAnswer = (call: Call, object: KubeObject): KubeAnswer =>
  call.resource.rules.returnsDeleted ? object : deletedStatus(call.resource, object)

interface Grace {
  readonly seconds: number
  readonly since: number
}

/** How the grace period changes: `undefined` for none, `pending` if the object is already on its way out. */
const graceOf = (call: Call, found: KubeObject, options: DeleteOptions): Grace | "pending" | undefined => {
  const { grace } = call.resource.rules
  if (grace === undefined) return undefined
  const { deletionTimestamp, deletionGracePeriodSeconds: current = 0 } = found.metadata
  const asked = options.gracePeriodSeconds !== undefined && options.gracePeriodSeconds < 0 ? 1 : options.gracePeriodSeconds
  if (deletionTimestamp === undefined) return { seconds: grace(found, asked), since: call.server.now() }
  if (current === 0) return undefined
  if (asked === undefined || asked >= current) return "pending"
  return { seconds: asked, since: KubeTime.parse(deletionTimestamp) - current * 1000 }
}

const mark = (call: Call, found: KubeObject, finalizers: ReadonlyArray<string>, period: Grace | undefined): KubeObject => {
  const draft = draftOf(found)
  const meta = draft.metadata
  if (finalizers.length > 0) meta.finalizers = finalizers
  else delete meta.finalizers
  if (meta.deletionTimestamp === undefined) {
    if ((meta.generation ?? 0) > 0) meta.generation = meta.generation! + 1
    if (period === undefined) meta.deletionTimestamp = KubeTime.format(call.server.now())
  }
  if (period !== undefined) meta.deletionTimestamp = KubeTime.format(period.since + period.seconds * 1000)
  meta.deletionGracePeriodSeconds = period?.seconds ?? 0
  return store(call, draft, found)
}

const store = (call: Call, draft: Draft, found: KubeObject): KubeObject => {
  const { resource, server } = call
  if (call.dryRun || sameMark(draft, found)) return draft
  return toServed(resource, server.store.put(resource.collection, found.metadata.namespace ?? "", found.metadata.name!, toStored(resource, draft)))
}

const sameMark = ({ metadata: next }: Draft, { metadata: previous }: KubeObject): boolean =>
  next.deletionTimestamp === previous.deletionTimestamp &&
  next.deletionGracePeriodSeconds === previous.deletionGracePeriodSeconds &&
  (next.finalizers ?? []).join() === (previous.finalizers ?? []).join()

const checkPreconditions = ({ resource }: Call, found: KubeObject, { preconditions }: DeleteOptions): void => {
  if (preconditions === undefined) return
  const { name = "", uid = "", resourceVersion = "" } = found.metadata
  const kind = { group: resource.group, plural: resource.kind }
  if (preconditions.uid !== undefined && preconditions.uid !== uid) {
    throw conflict(kind, name, `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`)
  }
  if (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
    throw conflict(kind, name, `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`)
  }
}

/** Finalizers with those that the garbage collector acts on, as the options ask for. */
const finalizersFor = (call: Call, found: KubeObject, options: DeleteOptions): ReadonlyArray<string> => {
  const present = found.metadata.finalizers ?? []
  const policy = policyFor(call, present, options)
  const others = present.filter((finalizer) => finalizer !== "orphan" && finalizer !== "foregroundDeletion")
  if (policy === "Orphan") others.push("orphan")
  if (policy === "Foreground") others.push("foregroundDeletion")
  const changed = others.length !== present.length || others.some((finalizer) => !present.includes(finalizer))
  return changed ? others : present
}

const policyFor = (call: Call, present: ReadonlyArray<string>, options: DeleteOptions): DeleteOptions["propagationPolicy"] => {
  const { garbage } = call.resource.rules
  if (garbage === "unsupported") return "Background"
  if (options.orphanDependents !== undefined) return options.orphanDependents ? "Orphan" : "Background"
  if (options.propagationPolicy !== undefined) return options.propagationPolicy
  if (present.includes("orphan")) return "Orphan"
  if (present.includes("foregroundDeletion")) return "Foreground"
  return garbage === "orphan" ? "Orphan" : "Background"
}

