/** Reads and sets the number of replicas: `scale` of built-in and custom resources. */
import { type KubeObject, Selector } from "@fairlead/kube"
import { type ApiFailure, internalError, invalid } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import { fromScale, toScale } from "../apply/ScaleFields.ts"
import { update } from "../apply/ManagedFields.ts"
import { type Draft, draftOf, field } from "../Draft.ts"
import { invalidValue } from "../FieldCause.ts"
import { answer } from "../rest/Answer.ts"
import type { Call } from "../rest/Call.ts"
import { fieldWrite } from "../rest/Ownership.ts"
import { patchedDraft } from "../rest/Patch.ts"
import { checkName, existingObject, replaceObject } from "../rest/Update.ts"
import { asKind, readOther } from "./OtherKind.ts"

/** Where an object keeps what its scale shows, as lists of keys. */
export interface ScalePaths {
  readonly spec: ReadonlyArray<string>
  readonly status: ReadonlyArray<string>
  /** Where a text selector stands; without it the selector of the spec is printed. */
  readonly selector?: ReadonlyArray<string> | undefined
}

const builtinPaths: ScalePaths = { spec: ["spec", "replicas"], status: ["status", "replicas"] }
const scaleKind = { group: "autoscaling", version: "v1", kind: "Scale" } as const

/** GET, PUT and PATCH of a scale. */
export const scale = (call: Call): ApiResponse => {
  const paths = call.resource.scale ?? builtinPaths
  const previous = existingObject(call)
  if (call.request.verb === "get") {
    if (call.resource.custom && valueAt(previous, paths.spec) === undefined) throw missingReplicas(paths)
    return answer(call, 200, scaleOf(call, previous, paths))
  }
  const shown = scaleOf(call, previous, paths)
  const draft = call.request.verb === "patch" ? patchedDraft({ ...call, resource: asKind(call.resource, scaleKind) }, shown) : readOther(call, scaleKind)
  checkName(call, draft)
  const replicas = field<{ replicas?: number }>(draft, "spec")?.replicas ?? 0
  if (replicas < 0) throw negative(call, replicas, paths)
  const next = draftOf(previous)
  setAt(next as Record<string, unknown>, paths.spec, replicas)
  if (draft.metadata.resourceVersion) next.metadata.resourceVersion = draft.metadata.resourceVersion
  // A custom resource keeps its own version, since its updates must name one.
  else if (!call.resource.custom) delete next.metadata.resourceVersion
  if (draft.metadata.uid) next.metadata.uid = draft.metadata.uid
  ownReplicas(call, draft, shown, next, paths)
  return answer(call, 200, scaleOf(call, replaceObject({ ...call, request: { ...call.request, patchType: "apply" } }, next), paths))
}

/** Carries ownership of the replicas over from the scale to the object. */
const ownReplicas = (call: Call, sent: Draft, shown: KubeObject, next: Draft, paths: ScalePaths): void => {
  if (!call.server.managedFields) return
  const path = paths.spec.map((key) => `f:${key}`)
  const stored = next.metadata.managedFields
  const before = { ...shown, metadata: { ...shown.metadata, managedFields: toScale(stored, path) } }
  const { resource } = call
  const write = { ...fieldWrite({ ...call, resource: asKind(resource, scaleKind) }), subresource: "scale", resets: undefined }
  const after = update(before, { ...sent, metadata: { ...sent.metadata, managedFields: undefined } } as unknown as KubeObject, write)
  next.metadata.managedFields = fromScale(stored, after.metadata.managedFields, path, resource.apiVersion)
}

const scaleOf = ({ resource }: Call, object: KubeObject, paths: ScalePaths): KubeObject => {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const replicas = valueAt(object, paths.spec) as number | undefined
  const selector = selectorOf(object, paths, resource.custom)
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: JSON.parse(JSON.stringify({ name, namespace, uid, resourceVersion, creationTimestamp })) as KubeObject["metadata"],
    spec: replicas === undefined || replicas === 0 ? {} : { replicas },
    status: { replicas: (valueAt(object, paths.status) as number | undefined) ?? 0, ...(selector === "" ? {} : { selector }) }
  } as KubeObject
}

const selectorOf = (object: KubeObject, paths: ScalePaths, custom: boolean): string => {
  if (paths.selector !== undefined) return String(valueAt(object, paths.selector) ?? "")
  if (custom) return ""
  const selector = valueAt(object, ["spec", "selector"]) as Selector.LabelSelectorObject | undefined
  const isPlain = selector !== undefined && Object.values(selector).every((value) => typeof value === "string")
  const { matchLabels = {}, matchExpressions = [] } = isPlain ? { matchLabels: selector as Readonly<Record<string, string>> } : selector ?? {}
  const equalities = Object.entries(matchLabels).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`)
  const expressions = matchExpressions.map(({ key, operator, values = [] }) =>
    operator === "Exists" ? key : operator === "DoesNotExist" ? `!${key}` : `${key} ${operator.toLowerCase()} (${[...values].sort().join(",")})`)
  return [...equalities, ...expressions].join(",")
}

const valueAt = (object: unknown, path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined | null)?.[key], object)

/** Sets a value, copying the maps on its way. */
const setAt = (object: Record<string, unknown>, path: ReadonlyArray<string>, value: unknown): void => {
  const [key = "", ...rest] = path
  if (rest.length === 0) object[key] = value
  else {
    const inner = { ...(object[key] as Record<string, unknown> | undefined) }
    setAt(inner, rest, value)
    object[key] = inner
  }
}

const missingReplicas = ({ spec }: ScalePaths): ApiFailure => internalError(`the spec replicas field ".${spec.join(".")}" does not exist`)

const negative = ({ resource, name }: Call, replicas: number, { spec }: ScalePaths): ApiFailure =>
  resource.custom
    ? invalid(resource.kind, resource.group, name, [invalidValue(`.${spec.join(".")}`, replicas, "should be a non-negative integer")])
    : invalid("Scale", "autoscaling", name, [invalidValue("spec.replicas", replicas, "must be greater than or equal to 0")])
