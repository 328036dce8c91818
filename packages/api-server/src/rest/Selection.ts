/** Which objects of a collection a list, a watch or a deletion is about. */
import { type KubeObject, Selector } from "@fairlead/kube"
import { Result } from "effect"
import { badRequest } from "../ApiFailure.ts"
import type { LabelHint } from "../store/Collection.ts"
import type { Call } from "./Call.ts"
import { type FieldSelector, parseFieldSelector } from "./FieldSelector.ts"

/** The selectors of a call; `matches` is absent when everything is selected. */
export interface Selection {
  readonly matches: ((object: KubeObject) => boolean) | undefined
  readonly hint: LabelHint | undefined
  /** The one name that can match. */
  readonly name: string | undefined
}

const everything: Selection = { matches: undefined, hint: undefined, name: undefined }

/** Reads `labelSelector` and `fieldSelector`, and the name in the path of a watch on one object. */
export const readSelection = (call: Call): Selection => {
  const { query, resource } = call
  const labels = parseLabels(query["labelSelector"])
  const fields = parseFieldSelector(query["fieldSelector"], resource.rules.fields)
  if (labels === undefined && fields === undefined && call.name === "") return everything
  return {
    matches: matcher(labels, fields, call.name),
    hint: labels === undefined ? undefined : hintOf(labels),
    name: call.name === "" ? fields?.name : call.name
  }
}

const parseLabels = (text: string | undefined): Selector.LabelSelector | undefined => {
  if (text === undefined || text === "") return undefined
  const parsed = Selector.parseLabelSelector(text)
  if (Result.isFailure(parsed)) throw badRequest(parsed.failure.message)
  return parsed.success.requirements.length === 0 ? undefined : parsed.success
}

const hintOf = (labels: Selector.LabelSelector): LabelHint | undefined => {
  for (const { key } of labels.requirements) {
    const value = Selector.exactLabel(labels, key)
    if (value !== undefined) return { key, value }
  }
  return undefined
}

const matcher = (
  labels: Selector.LabelSelector | undefined,
  fields: FieldSelector | undefined,
  name: string
): ((object: KubeObject) => boolean) => {
  if (name !== "") {
    const rest = labels === undefined && fields === undefined ? () => true : matcher(labels, fields, "")
    return (object) => object.metadata.name === name && rest(object)
  }
  if (labels === undefined) return fields!.matches
  if (fields === undefined) return (object) => labels.matches(object.metadata.labels)
  return (object) => labels.matches(object.metadata.labels) && fields.matches(object)
}
