/** Writes to one part of a pod's spec: `pods/ephemeralcontainers` and `pods/resize`. */
import type { Container, Pod, PodSpec } from "@fairlead/kube"
import type { ApiResponse } from "../ApiRequest.ts"
import { type Draft, field } from "../Draft.ts"
import { answer } from "../rest/Answer.ts"
import { readBody } from "../rest/Body.ts"
import type { Call } from "../rest/Call.ts"
import { get } from "../rest/Get.ts"
import { patchedDraft } from "../rest/Patch.ts"
import { checkName, existingObject, replaceObject } from "../rest/Update.ts"

type TakePart = (previous: PodSpec, sent: PodSpec) => PodSpec

/** GET, PUT and PATCH of a pod of which only one part of the spec is taken over. */
const partWriter = (take: TakePart) => (call: Call): ApiResponse => {
  if (call.request.verb === "get") return get(call)
  const previous = existingObject(call) as Pod
  const draft = call.request.verb === "patch" ? patchedDraft(call, previous) : readBody(call, previous)
  checkName(call, draft)
  return answer(call, 200, replaceObject(call, withPart(draft, previous, take)))
}

const withPart = (draft: Draft, previous: Pod, take: TakePart): Draft => {
  const sent = field<PodSpec>(draft, "spec") ?? { containers: [] }
  const kept: Draft = { ...(previous as unknown as Draft), metadata: { ...previous.metadata } }
  if (draft.metadata.resourceVersion === undefined) delete kept.metadata.resourceVersion
  else kept.metadata.resourceVersion = draft.metadata.resourceVersion
  kept["spec"] = take(previous.spec as PodSpec, sent)
  return kept
}

/** Takes over the ephemeral containers. */
export const writeEphemeralContainers = partWriter((previous, { ephemeralContainers }) => {
  const { ephemeralContainers: _, ...rest } = previous
  return (ephemeralContainers === undefined ? rest : { ...rest, ephemeralContainers }) as PodSpec
})

/** Takes over the resources of containers. */
export const resizePod = partWriter((previous, sent) => ({
  ...previous,
  containers: resized(previous.containers, sent.containers),
  ...(previous.initContainers === undefined ? {} : { initContainers: resized(previous.initContainers, sent.initContainers ?? []) })
}))

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

