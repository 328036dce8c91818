/** The CustomResourceDefinition of `TaskAction`, generated from the schemas that the engine itself reads with. */
import { type StructuralSchema, structuralSchema } from "./internal/structuralSchema.ts"
import { TaskActionSpec, TaskActionStatus } from "./TaskAction.ts"

/** The API group of TaskActions. */
export const group = "flyte.org"

/** The version that is served and stored. */
export const version = "v1"

/** The kind of the objects. */
export const kind = "TaskAction"

/** The name in URLs. */
export const plural = "taskactions"

/** Value of `apiVersion` of a TaskAction. */
export const apiVersion = `${group}/${version}`

const conditionField = (type: string, field: string): string => `.status.conditions[?(@.type=='${type}')].${field}`

const conditionColumn = (type: string) => ({ name: type, type: "string", priority: 1, jsonPath: conditionField(type, "status") })

const schema: StructuralSchema = {
  type: "object",
  description: "One action of a run and how far it is: a task to carry out, or a condition to wait for.",
  properties: {
    apiVersion: { type: "string", description: "Version of the schema of this object." },
    kind: { type: "string", description: "Kind of this object." },
    metadata: { type: "object" },
    spec: { ...structuralSchema(TaskActionSpec), description: "What is to be done." },
    status: { ...structuralSchema(TaskActionStatus), description: "What was observed." }
  },
  required: ["spec"]
}

/** The whole object, ready to be applied. Flyte's fields are validated as Flyte's own definition does; the others are ours. */
export const definition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    names: { kind, listKind: `${kind}List`, plural, singular: "taskaction", shortNames: ["ta"] },
    scope: "Namespaced",
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        additionalPrinterColumns: [
          { name: "Run", type: "string", jsonPath: ".spec.runName" },
          { name: "Action", type: "string", jsonPath: ".spec.actionName" },
          // Flyte shows `.spec.taskType`, which a task in readable form need not have.
          { name: "TaskType", type: "string", jsonPath: ".status.taskType" },
          { name: "Status", type: "string", jsonPath: conditionField("Progressing", "reason") },
          { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
          conditionColumn("Progressing"),
          conditionColumn("Succeeded"),
          conditionColumn("Failed")
        ],
        schema: { openAPIV3Schema: schema },
        subresources: { status: {} }
      }
    ]
  }
}
