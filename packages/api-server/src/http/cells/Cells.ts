/** What stands in the cells of a table, kind by kind. */
import type { KubeObject, Pod } from "@fairlead/kube"
import type { ServedResource } from "../../ServedResource.ts"
import { columns } from "../../builtin/Builtin.ts"
import { accessCells } from "./AccessCells.ts"
import { coreCells } from "./CoreCells.ts"
import { customCells } from "./CustomColumns.ts"
import { podCells } from "./PodCells.ts"
import { since } from "./CellReaders.ts"
import { systemCells } from "./SystemCells.ts"
import { workloadCells } from "./WorkloadCells.ts"

/** Gives the cells of an object, in the order of its columns. */
export type CellReader = (object: KubeObject, now: number) => ReadonlyArray<unknown>

const readers: Readonly<Record<string, CellReader>> = {
  "/pods": (object, now) => podCells(object as Pod, now),
  ...coreCells,
  ...workloadCells,
  ...accessCells,
  ...systemCells
}

/** The cells of an object. */
export const cellsOf = (object: KubeObject, resource: ServedResource, now: number): ReadonlyArray<unknown> => {
  if (resource.custom) return customCells(object, resource, now)
  const read = readers[`${resource.group}/${resource.plural}`]
  return read === undefined ? plainCells(object, resource, now) : read(object, now)
}

/** Kinds without a reader show their name and their age. */
const plainCells = (object: KubeObject, resource: ServedResource, now: number): ReadonlyArray<unknown> => {
  const { name = "", creationTimestamp } = object.metadata
  return columns(resource.group, resource.version, resource.plural).map((column) => {
    if (column.name === "Name") return name
    if (column.name === "Age") return since(object, "metadata.creationTimestamp", now)
    if (column.name === "Created At") return creationTimestamp
    return column.type === "integer" ? 0 : column.type === "boolean" ? false : ""
  })
}
