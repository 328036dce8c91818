/** What is wrong with a field of a custom resource or of its definition, in the words of Kubernetes' field errors. */
import type { StatusCause } from "@fairlead/kube"
import { goValue } from "./GoValueText.ts"

/** The field of errors that belong to no field. */
export const noField = "<nil>"

const shown = (kind: string, text: string, detail: string): string => (detail === "" ? `${kind}: ${text}` : `${kind}: ${text}: ${detail}`)

/** A value that breaks a rule. */
export const invalid = (field: string, value: unknown, detail: string): StatusCause => invalidText(field, goValue(value), detail)

/** A value that breaks a rule, already printed. */
export const invalidText = (field: string, text: string, detail: string): StatusCause => ({
  reason: "FieldValueInvalid",
  message: shown("Invalid value", text, detail),
  field
})

/** A value that breaks a rule and is not shown. */
export const invalidHidden = (field: string, detail: string): StatusCause => ({ reason: "FieldValueInvalid", message: `Invalid value: ${detail}`, field })

/** A value of the wrong type. */
export const wrongType = (field: string, value: unknown, detail: string): StatusCause => ({
  reason: "FieldValueTypeInvalid",
  message: shown("Invalid value", goValue(value), detail),
  field
})

/** A value that occurs twice. */
export const duplicate = (field: string, value: unknown): StatusCause => ({ reason: "FieldValueDuplicate", message: `Duplicate value: ${goValue(value)}`, field })

/** A value outside of a list. */
export const unsupported = (field: string, value: unknown, supported: ReadonlyArray<string>): StatusCause => ({
  reason: "FieldValueNotSupported",
  message: `Unsupported value: ${goValue(value)}: supported values: ${supported.map(goValue).join(", ")}`,
  field
})

/** A list or map with too many entries. */
export const tooMany = (field: string, count: number, max: number): StatusCause => ({
  reason: "FieldValueTooMany",
  message: `Too many: ${count}: must have at most ${max} item${max === 1 ? "" : "s"}`,
  field
})

/** A cause as it stands in the message of a `Status`. */
export const causeText = ({ field, message }: StatusCause): string => `${field}: ${message}`

/** `parent.child`; the parent may be missing. */
export const childField = (parent: string, child: string): string => (parent === "" ? child : `${parent}.${child}`)
