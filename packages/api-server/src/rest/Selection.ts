/** Which objects of a collection a list, a watch or a deletion is about. */
import type { KubeObject } from "@fairlead/kube"
import type { LabelHint } from "../store/Collection.ts"
import { type FieldSelector, parseFieldSelector } from "./FieldSelector.ts"
import { type LabelSelector, parseLabelSelector } from "./LabelSelector.ts"
import type { Call } from "./Call.ts"

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
  const labels = parseLabelSelector(query["labelSelector"])
  const fields = parseFieldSelector(query["fieldSelector"], resource.rules.fields)
  if (labels === undefined && fields === undefined && call.name === "") return everything
  return { matches: matcher(labels, fields, call.name), hint: labels?.hint, name: call.name === "" ? fields?.name : call.name }
}

const matcher = (labels: LabelSelector | undefined, fields: FieldSelector | undefined, name: string): ((object: KubeObject) => boolean) => {
  if (name !== "") {
    const rest = labels === undefined && fields === undefined ? () => true : matcher(labels, fields, "")
    return (object) => object.metadata.name === name && rest(object)
  }
  if (labels === undefined) return fields!.matches
  if (fields === undefined) return (object) => labels.matches(object.metadata.labels)
  return (object) => labels.matches(object.metadata.labels) && fields.matches(object)
}
