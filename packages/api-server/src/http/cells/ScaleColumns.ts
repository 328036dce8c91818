/** The table of a scale, which is the same for every kind that can be scaled. */
import type { KubeObject } from "@fairlead/kube"
import { type Column, columns } from "../../builtin/Builtin.ts"
import { since } from "./CellReaders.ts"

interface Scale extends KubeObject {
  readonly spec: { readonly replicas?: number }
  readonly status: { readonly replicas: number }
}

/** Whether an answer is the scale of an object and not the object. */
export const isScale = (answer: { readonly kind?: string; readonly apiVersion?: string }): boolean =>
  answer.kind === "Scale" && answer.apiVersion === "autoscaling/v1"

const standard = columns("", "v1", "configmaps")
const nameColumn = standard[0]!
const ageColumn = standard[2]!

const count = (name: string, description: string): Column => ({ name, type: "integer", format: "", description, priority: 0 })

const builtinColumns: ReadonlyArray<Column> = [
  { ...nameColumn, format: "" },
  count("Desired", "replicas is the desired number of instances for the scaled object."),
  count("Available", "replicas is the actual number of observed instances of the scaled object."),
  ageColumn
]

const customColumns: ReadonlyArray<Column> = [
  nameColumn,
  count("Desired", "Number of desired replicas"),
  count("Available", "Number of actual replicas"),
  { ...ageColumn, type: "date" }
]

/** The columns of the scale of a built-in or of a custom resource. */
export const scaleColumns = (custom: boolean): ReadonlyArray<Column> => (custom ? customColumns : builtinColumns)

/** The cells of a scale. A custom resource without replicas shows none, a built-in one shows zero. */
export const scaleCells = (object: KubeObject, custom: boolean, now: number): ReadonlyArray<unknown> => {
  const { metadata, spec, status } = object as Scale
  return [metadata.name ?? "", spec.replicas ?? (custom ? null : 0), status.replicas, since(object, "metadata.creationTimestamp", now)]
}
