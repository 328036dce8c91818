/** Field selectors as they stand in queries (`metadata.name=a,spec.nodeName!=b`). */
import type { KubeObject } from "@fairlead/kube"
import { badRequest } from "../ApiFailure.ts"

/** Reads the value of a selectable field; `undefined` for a field that the kind does not offer. */
export type FieldReader = (object: KubeObject) => string

/** Which fields of a kind can be selected, and what it says about others. */
export interface SelectableFields {
  readonly readers: { readonly [field: string]: FieldReader }
  /** Text of the error for an unknown field. */
  readonly unknown: (field: string) => string
}

interface Requirement {
  readonly field: string
  readonly negated: boolean
  readonly value: string
}

/** A parsed field selector: all requirements must hold. */
export interface FieldSelector {
  readonly matches: (object: KubeObject) => boolean
  /** The one name that objects must have, if it says so. */
  readonly name: string | undefined
  /** The one namespace that objects must lie in, if it says so. */
  readonly namespace: string | undefined
}

/** Parses a selector; `undefined` selects everything. Throws `BadRequest`. */
export const parseFieldSelector = (text: string | undefined, fields: SelectableFields): FieldSelector | undefined => {
  if (text === undefined || text === "") return undefined
  const requirements = split(text, ",").flatMap((term) => (term === "" ? [] : [parseTerm(term, text)]))
  if (requirements.length === 0) return undefined
  const tests = requirements.map(({ field, negated, value }) => {
    const read = Object.hasOwn(fields.readers, field) ? fields.readers[field] : undefined
    if (read === undefined) throw badRequest(fields.unknown(field))
    return (object: KubeObject): boolean => (read(object) === value) !== negated
  })
  const exact = (field: string): string | undefined => requirements.find((it) => it.field === field && !it.negated)?.value
  return {
    matches: tests.length === 1 ? tests[0]! : (object) => tests.every((test) => test(object)),
    name: exact("metadata.name"),
    namespace: exact("metadata.namespace")
  }
}

const parseTerm = (term: string, whole: string): Requirement => {
  for (let i = 0; i < term.length; i++) {
    for (const operator of ["!=", "==", "="]) {
      if (term.startsWith(operator, i)) {
        return { field: term.slice(0, i), negated: operator === "!=", value: unescape(term.slice(i + operator.length)) }
      }
    }
  }
  throw badRequest(`invalid selector: '${whole}'; can't understand '${term}'`)
}

/** Splits at commas that no backslash protects. */
const split = (text: string, separator: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++
    else if (text[i] === separator) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

const unescape = (value: string): string => {
  if (!/[\\,=]/.test(value)) return value
  let out = ""
  for (let i = 0; i < value.length; i++) {
    const char = value[i]!
    if (char === "\\") {
      const next = value[i + 1]
      if (next === undefined || !"\\,=".includes(next)) throw badRequest(`invalid field selector: invalid escape sequence: \\${next ?? ""}`)
      out += next
      i++
    } else if (char === "," || char === "=") throw badRequest(`invalid field selector: unescaped character in selector: ${char}`)
    else out += char
  }
  return out
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
