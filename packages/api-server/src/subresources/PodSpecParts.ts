/** Writes to one part of a pod's spec: `pods/ephemeralcontainers` and `pods/resize`. */
import type { Container, KubeObject, Pod, PodSpec } from "@fairlead/kube"
import type { ApiResponse } from "../ApiRequest.ts"
import { type Draft, field } from "../Draft.ts"
import { answer } from "../rest/Answer.ts"
import { readBody } from "../rest/Body.ts"
import type { Call } from "../rest/Call.ts"
import { get } from "../rest/Get.ts"
import { patchedDraft } from "../rest/Patch.ts"
import { checkName, existingObject, replaceObject } from "../rest/Update.ts"

type TakePart = (previous: PodSpec, sent: PodSpec) => PodSpec

/** GET, PUT and PATCH of a pod of which only one part of the spec is taken over, once it is clear who wrote what. */
export const writePodPart = (call: Call): ApiResponse => {
  if (call.request.verb === "get") return get(call)
  const previous = existingObject(call) as Pod
  const draft = call.request.verb === "patch" ? patchedDraft(call, previous) : readBody(call, previous)
  checkName(call, draft)
  return answer(call, 200, replaceObject(call, draft))
}

const takeEphemeral: TakePart = (previous, { ephemeralContainers }) => {
  const { ephemeralContainers: _, ...rest } = previous
  return (ephemeralContainers === undefined ? rest : { ...rest, ephemeralContainers }) as PodSpec
}

const takeResources: TakePart = (previous, sent) => ({
  ...previous,
  containers: resized(previous.containers, sent.containers),
  ...(previous.initContainers === undefined ? {} : { initContainers: resized(previous.initContainers, sent.initContainers ?? []) })
})

const parts: Readonly<Record<string, TakePart>> = { ephemeralcontainers: takeEphemeral, resize: takeResources }

/** Puts everything back that a write to a subresource of a pod may not change. */
export const keepOtherParts = (draft: Draft, previous: KubeObject, call: Call): void => {
  const take = parts[call.request.subresource ?? ""]
  if (take === undefined) return
  const { managedFields, resourceVersion } = draft.metadata
  const spec = take((previous as Pod).spec as PodSpec, field<PodSpec>(draft, "spec") ?? { containers: [] })
  Object.assign(draft, previous)
  draft.metadata = { ...previous.metadata, ...(managedFields === undefined ? {} : { managedFields }) }
  if (resourceVersion === undefined) delete draft.metadata.resourceVersion
  else draft.metadata.resourceVersion = resourceVersion
  draft["spec"] = spec
}

const resized = (previous: ReadonlyArray<Container>, sent: ReadonlyArray<Container>): ReadonlyArray<Container> =>
  previous.map((container) => {
    const wanted = sent.find(({ name }) => name === container.name)
    if (wanted === undefined) return container
    const { resources: _r, resizePolicy: _p, ...rest } = container
    return {
      ...rest,
      ...(wanted.resources === undefined ? {} : { resources: wanted.resources }),
      ...(wanted.resizePolicy === undefined ? {} : { resizePolicy: wanted.resizePolicy })
    } as Container
  })

