/** The Table form of objects, as `kubectl get` prints it. */
import type { KubeAnswer, KubeList, KubeObject, ListMeta } from "@fairlead/kube"
import { columns } from "../builtin/Builtin.ts"
import type { ServedResource } from "../ServedResource.ts"
import { cellsOf } from "./cells/Cells.ts"
import { customColumns } from "./cells/CustomColumns.ts"
import { isScale, scaleCells, scaleColumns } from "./cells/ScaleColumns.ts"
import { partial, withoutEmptyContinue } from "./Shapes.ts"

/** A table of one object or of a list. */
export const tableOf = (
  answer: KubeAnswer,
  resource: ServedResource,
  version: string,
  includeObject: string | undefined,
  now: number
): object => {
  if (isScale(answer)) return scaleTable(answer as KubeObject, resource, version, includeObject, now)
  const isList = "items" in answer
  const objects = isList ? (answer as KubeList).items : [answer as KubeObject]
  const metadata = isList ? withoutEmptyContinue(answer.metadata as ListMeta) : { resourceVersion: (answer as KubeObject).metadata.resourceVersion }
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: columnsOf(resource),
    rows: objects.map((object) => rowOf(object, resource, version, includeObject, now))
  }
}

const scaleTable = (scale: KubeObject, { custom }: ServedResource, version: string, includeObject: string | undefined, now: number): object => ({
  kind: "Table",
  apiVersion: `meta.k8s.io/${version}`,
  metadata: { resourceVersion: scale.metadata.resourceVersion },
  columnDefinitions: scaleColumns(custom),
  rows: [{ cells: scaleCells(scale, custom, now), object: shownObject(scale, version, includeObject) }]
})

/** One row, with as much of its object as was asked for. */
export const rowOf = (object: KubeObject, resource: ServedResource, version: string, includeObject: string | undefined, now: number): object => ({
  cells: cellsOf(object, resource, now),
  ...conditionsOf(object, resource),
  object: shownObject(object, version, includeObject)
})

const shownObject = (object: KubeObject, version: string, includeObject: string | undefined): object | null =>
  includeObject === "None" ? null : includeObject === "Object" ? object : partial(object, version)

/** Finished pods are marked, so that clients can hide them. */
const conditionsOf = (object: KubeObject, resource: ServedResource): object => {
  if (resource.plural !== "pods" || resource.group !== "") return {}
  const phase = (object as { status?: { phase?: string } }).status?.phase
  if (phase !== "Succeeded" && phase !== "Failed") return {}
  const message = phase === "Succeeded" ? "The pod has completed successfully." : "The pod failed."
  return { conditions: [{ type: "Completed", status: "True", reason: phase, message }] }
}

/** What the table says about its columns. */
export const columnsOf = (resource: ServedResource): ReadonlyArray<object> =>
  resource.custom ? customColumns(resource) : columns(resource.group, resource.version, resource.plural)
