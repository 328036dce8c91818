/** Field selectors over the fields that a kind offers. */
import { type KubeObject, Selector } from "@fairlead/kube"
import { Result } from "effect"
import { badRequest } from "../ApiFailure.ts"

/** Reads the value of a selectable field; absent values are empty. */
export type FieldReader = (object: KubeObject) => string

/** Which fields of a kind can be selected, and what it says about others. */
export interface SelectableFields {
  readonly readers: { readonly [field: string]: FieldReader }
  /** Text of the error for an unknown field. */
  readonly unknown: (field: string) => string
}

/** A parsed field selector: all requirements must hold. */
export interface FieldSelector {
  readonly matches: (object: KubeObject) => boolean
  /** The one name that objects must have, if it says so. */
  readonly name: string | undefined
}

/** Parses a selector; `undefined` selects everything. Throws `BadRequest`. */
export const parseFieldSelector = (text: string | undefined, fields: SelectableFields): FieldSelector | undefined => {
  if (text === undefined || text === "") return undefined
  const parsed = Selector.parseFieldSelector(text)
  if (Result.isFailure(parsed)) throw badRequest(parsed.failure.message)
  const { requirements } = parsed.success
  if (requirements.length === 0) return undefined
  const tests = requirements.map(({ field, operator, value }) => {
    const read = Object.hasOwn(fields.readers, field) ? fields.readers[field] : undefined
    if (read === undefined) throw badRequest(fields.unknown(field))
    return operator === "=" ? (object: KubeObject) => read(object) === value : (object: KubeObject) => read(object) !== value
  })
  return {
    matches: tests.length === 1 ? tests[0]! : (object) => tests.every((test) => test(object)),
    name: Selector.exactField(parsed.success, "metadata.name")
  }
}

const named: SelectableFields["readers"] = {
  "metadata.name": (object) => object.metadata.name ?? "",
  "metadata.namespace": (object) => object.metadata.namespace ?? ""
}

/** What most kinds offer: name and namespace. */
export const standardFields: SelectableFields = {
  readers: named,
  unknown: (field) => `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
}

/** Fields of a kind with a list of its own. */
export const selectableFields = (
  readers: SelectableFields["readers"],
  unknown: SelectableFields["unknown"] = (field) => `field label not supported: ${field}`,
  base: SelectableFields["readers"] = named
): SelectableFields => ({ readers: { ...base, ...readers }, unknown })
