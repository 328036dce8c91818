/** Compares templates field by field, to tell what a conversion would lose. */
import { type JsonValue, toJson } from "@bufbuild/protobuf"
import { type TaskTemplate, TaskTemplateSchema } from "../idl/core.generated.ts"
import { formatValue, type TaskIssue } from "../TaskInvalid.ts"

/** One fault per field of `wanted` that `actual` has not or has differently, and per field that it has in addition. */
export const templateDifferences = (wanted: TaskTemplate, actual: TaskTemplate): ReadonlyArray<TaskIssue> => {
  const issues: Array<TaskIssue> = []
  compare(toJson(TaskTemplateSchema, wanted), toJson(TaskTemplateSchema, actual), [], issues)
  if (issues.length === 0 && (wanted.$unknown?.length ?? 0) > 0) {
    issues.push({ path: [], problem: "the template has fields that this version does not know" })
  }
  return issues
}

const compare = (wanted: JsonValue | undefined, actual: JsonValue | undefined, path: TaskIssue["path"], issues: Array<TaskIssue>): void => {
  if (isContainer(wanted) && isContainer(actual) && Array.isArray(wanted) === Array.isArray(actual)) {
    const keys = new Set([...Object.keys(wanted), ...Object.keys(actual)])
    for (const key of keys) {
      const step = Array.isArray(wanted) ? Number(key) : key
      compare((wanted as Fields)[key], (actual as Fields)[key], [...path, step], issues)
    }
    return
  }
  if (Object.is(wanted, actual)) return
  issues.push({ path, problem: `${formatValue(wanted)} has no readable form; keep the template in its wire form` })
}

interface Fields {
  readonly [key: string]: JsonValue | undefined
}

const isContainer = (value: JsonValue | undefined): value is { [key: string]: JsonValue } | Array<JsonValue> =>
  typeof value === "object" && value !== null
