/** Columns that custom resources declare, and the cells they give. */
import { type KubeObject, KubeTime } from "@fairlead/kube"
import { type Column, columns } from "../../builtin/Builtin.ts"
import { compileJsonPath, type JsonPath, printJsonValue } from "../../internal/jsonPath.ts"
import type { PrinterColumn, ServedResource } from "../../ServedResource.ts"
import { humanDuration } from "../Durations.ts"

interface CompiledColumn {
  readonly column: Column
  readonly find: JsonPath | undefined
}

const standard = columns("", "v1", "configmaps")
const nameColumn = standard[0]!
const ageDescription = standard[2]!.description

const ageColumn: PrinterColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: ageDescription }

const compiled = new WeakMap<ServedResource, ReadonlyArray<CompiledColumn>>()

const columnsOf = (resource: ServedResource): ReadonlyArray<CompiledColumn> => {
  let found = compiled.get(resource)
  if (found === undefined) {
    const declared = resource.printerColumns ?? []
    const paths = (declared.length === 0 ? [ageColumn] : declared).map((column) => ({ column: toColumn(column), find: compileJsonPath(column.jsonPath) }))
    // One path that cannot be read takes all the others with it.
    found = paths.some(({ find }) => find === undefined) ? [] : paths
    compiled.set(resource, found)
  }
  return found
}

const toColumn = ({ name, type, format = "", description = "", priority = 0, jsonPath }: PrinterColumn): Column => ({
  name,
  type,
  format,
  description: description === "" ? `Custom resource definition column (in JSONPath format): ${jsonPath}` : description,
  priority
})

/** The column definitions of a custom resource: its name, then what it declares, or else its age. */
export const customColumns = (resource: ServedResource): ReadonlyArray<Column> => [nameColumn, ...columnsOf(resource).map(({ column }) => column)]

/** The cells of a custom resource. */
export const customCells = (object: KubeObject, resource: ServedResource, now: number): ReadonlyArray<unknown> => [
  object.metadata.name ?? "",
  ...columnsOf(resource).map(({ column, find }) => cellOf(column.type, find!(object), now))
]

/** The first value shows, whatever comes after it. */
const cellOf = (type: string, [value]: ReadonlyArray<unknown>, now: number): unknown => {
  if (value === undefined || (value === null && type !== "string")) return null
  switch (type) {
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null
    case "number":
      return typeof value === "number" ? value : null
    case "boolean":
      return typeof value === "boolean" ? value : null
    case "string":
      return printJsonValue(value)
    case "date":
      return typeof value === "string" ? dateCell(value, now) : null
    default:
      return null
  }
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

const dateCell = (value: string, now: number): string => {
  if (value === "") return "<unknown>"
  return rfc3339.test(value) ? humanDuration(now - KubeTime.parse(value)) : "<invalid>"
}
