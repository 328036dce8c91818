/** What is wrong with one field of an object, in the words of Kubernetes' field errors. */
import type { StatusCause } from "@fairlead/kube"

/** A list that grows while an object is checked. */
export type Causes = Array<StatusCause>

/** How values appear in messages: texts in quotes, numbers and booleans bare, the rest as JSON. */
export const printValue = (value: unknown): string =>
  value === undefined || value === null ? "null" : typeof value === "object" ? JSON.stringify(value) : JSON.stringify(value)

/** A value that breaks a rule. */
export const invalidValue = (field: string, value: unknown, detail: string): StatusCause => ({
  reason: "FieldValueInvalid",
  message: detail === "" ? `Invalid value: ${printValue(value)}` : `Invalid value: ${printValue(value)}: ${detail}`,
  field
})

/** A value that is missing. */
export const requiredValue = (field: string, detail = ""): StatusCause => ({
  reason: "FieldValueRequired",
  message: detail === "" ? "Required value" : `Required value: ${detail}`,
  field
})

/** A value that may not be there. */
export const forbiddenValue = (field: string, detail: string): StatusCause => ({
  reason: "FieldValueForbidden",
  message: `Forbidden: ${detail}`,
  field
})

/** A value outside of a list. */
export const unsupportedValue = (field: string, value: unknown, supported: ReadonlyArray<string>): StatusCause => ({
  reason: "FieldValueNotSupported",
  message: `Unsupported value: ${printValue(value)}: supported values: ${supported.map((it) => JSON.stringify(it)).join(", ")}`,
  field
})

/** A value that takes too many bytes. */
export const tooLongValue = (field: string, bytesMax: number): StatusCause => ({
  reason: "FieldValueTooLong",
  message: `Too long: may not be more than ${bytesMax} byte${bytesMax === 1 ? "" : "s"}`,
  field
})

/** A value that occurs twice. */
export const duplicateValue = (field: string, value: unknown): StatusCause => ({
  reason: "FieldValueDuplicate",
  message: `Duplicate value: ${printValue(value)}`,
  field
})

/** A field whose value may not change. */
export const immutableValue = (field: string, value: unknown): StatusCause => invalidValue(field, value, "field is immutable")
