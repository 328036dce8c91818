/** Label and field selectors, parsed once into predicates that are quick to ask. */
import { Data, Result } from "effect"
import { compileLabelRequirement } from "./internal/labelPredicate.ts"
import { parseFieldTerms } from "./internal/fieldSelectorParser.ts"
import { goQuote } from "./internal/goQuote.ts"
import { parseLabelRequirements, requirementProblems } from "./internal/labelSelectorParser.ts"

/** What is wrong with one part of a requirement, as Kubernetes' field errors say it. */
export interface RequirementProblem {
  /** `<nil>` for the key in a text, `key` for the key in an object, otherwise `values[0][key]` and the like. */
  readonly field: string
  readonly value: string | ReadonlyArray<string>
  readonly detail: string
}

/** Why a selector is none. */
export type SelectorReason =
  /** A label selector breaks the grammar; `detail` says what was found and what was expected. */
  | { readonly _tag: "Syntax"; readonly detail: string; readonly inRequirement: boolean }
  /** A key, a value or the number of values is not allowed. */
  | { readonly _tag: "InvalidRequirement"; readonly problems: ReadonlyArray<RequirementProblem>; readonly inText: boolean }
  /** An operator of the object form that does not exist. */
  | { readonly _tag: "UnknownOperator"; readonly operator: string }
  /** A term of a field selector without `=`, `==` or `!=`. */
  | { readonly _tag: "InvalidTerm"; readonly text: string; readonly term: string }
  /** A backslash in a field selector before anything but a backslash, a comma or an equals sign. */
  | { readonly _tag: "InvalidEscape"; readonly sequence: string }
  /** An equals sign or comma in the value of a field selector that should have been escaped. */
  | { readonly _tag: "UnescapedCharacter"; readonly character: string }

/** A selector could not be read. The message is the one of Kubernetes. */
export class SelectorError extends Data.TaggedError("SelectorError")<{ readonly reason: SelectorReason }> {
  override get message(): string {
    const { reason } = this
    switch (reason._tag) {
      case "Syntax":
        return (reason.inRequirement ? "unable to parse requirement: " : "") + reason.detail
      case "InvalidRequirement":
        return (reason.inText ? "unable to parse requirement: " : "") + describeProblems(reason.problems)
      case "UnknownOperator":
        return `${goQuote(reason.operator)} is not a valid label selector operator`
      case "InvalidTerm":
        return `invalid selector: '${reason.text}'; can't understand '${reason.term}'`
      case "InvalidEscape":
        return `invalid field selector: invalid escape sequence: ${reason.sequence}`
      case "UnescapedCharacter":
        return `invalid field selector: unescaped character in value: ${reason.character.codePointAt(0)}`
    }
  }
}

/** How a requirement relates a label to its values, by the names that Kubernetes uses. */
export type LabelOperator = "=" | "==" | "!=" | "in" | "notin" | "exists" | "!" | "gt" | "lt"

/** One condition on the labels of an object. */
export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  /** Sorted, without repetition; empty for `exists` and `!`. */
  readonly values: ReadonlyArray<string>
}

/** Labels of an object, as in `metadata.labels`. */
export type Labels = { readonly [key: string]: string } | undefined

/** A parsed label selector: all its requirements must hold. */
export interface LabelSelector {
  /** Sorted by key. */
  readonly requirements: ReadonlyArray<LabelRequirement>
  readonly matches: (labels: Labels) => boolean
}

/** The object form of a label selector, as in `spec.selector`. */
export interface LabelSelectorObject {
  readonly matchLabels?: { readonly [key: string]: string } | undefined
  readonly matchExpressions?: ReadonlyArray<{
    readonly key: string
    /** `In`, `NotIn`, `Exists` or `DoesNotExist`. */
    readonly operator: string
    readonly values?: ReadonlyArray<string> | undefined
  }> | undefined
}

/** One condition on a field; a field that is not there counts as empty. */
export interface FieldRequirement {
  readonly field: string
  readonly operator: "=" | "!="
  readonly value: string
}

/** A parsed field selector: all its requirements must hold. */
export interface FieldSelector {
  readonly requirements: ReadonlyArray<FieldRequirement>
  /** Asks `fieldValue` for each field that the selector names. */
  readonly matches: (fieldValue: (field: string) => string | undefined) => boolean
}

/** Selects every object. */
export const everything: LabelSelector = { requirements: [], matches: () => true }

/** Selects no object; it has no text. */
export const nothing: LabelSelector = { requirements: [], matches: () => false }

/** Reads a label selector such as `app=web,tier in (a,b),!legacy`; an empty text selects everything. */
export const parseLabelSelector = (text: string): Result.Result<LabelSelector, SelectorError> =>
  Result.mapBoth(parseLabelRequirements(text), { onSuccess: compileLabels, onFailure: failed })

/** Reads the object form; as in Kubernetes none selects nothing, while an empty one selects everything. */
export const fromLabelSelector = (selector: LabelSelectorObject | null | undefined): Result.Result<LabelSelector, SelectorError> => {
  if (selector === undefined || selector === null) return Result.succeed(nothing)
  const requirements: Array<LabelRequirement> = []
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) requirements.push({ key, operator: "=", values: [value] })
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = objectOperators.get(operator)
    if (known === undefined) return Result.fail(failed({ _tag: "UnknownOperator", operator }))
    requirements.push({ key, operator: known, values: [...new Set(values ?? [])].sort() })
  }
  for (const requirement of requirements) {
    const problems = requirementProblems(requirement)
    if (problems.length > 0) return Result.fail(failed({ _tag: "InvalidRequirement", problems, inText: false }))
  }
  return Result.succeed(compileLabels(requirements))
}

/** Selects the objects that have all of these labels. */
export const fromLabels = (labels: Labels): LabelSelector =>
  compileLabels(Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: "=", values: [value] })))

/** True when labels meet a selector. */
export const matchesLabels = (selector: LabelSelector, labels: Labels): boolean => selector.matches(labels)

/** Prints a selector so that `parseLabelSelector` reads the same one. */
export const formatLabelSelector = (selector: LabelSelector): string => selector.requirements.map(formatRequirement).join(",")

/** The one value that a selector demands of a label, which lets a store use an index; `undefined` when it demands none. */
export const exactLabel = (selector: LabelSelector, key: string): string | undefined => {
  const requirement = selector.requirements.find((candidate) => candidate.key === key)
  const exact = requirement !== undefined && (requirement.operator === "=" || requirement.operator === "==" || requirement.operator === "in")
  return exact && requirement.values.length === 1 ? requirement.values[0] : undefined
}

/** Reads a field selector such as `metadata.name=a,status.phase!=Running`; which fields exist is for the server to say. */
export const parseFieldSelector = (text: string): Result.Result<FieldSelector, SelectorError> =>
  Result.mapBoth(parseFieldTerms(text), { onSuccess: compileFields, onFailure: failed })

/** True when the fields of an object, by their paths, meet a selector. */
export const matchesFields = (selector: FieldSelector, fields: { readonly [field: string]: string | undefined }): boolean =>
  selector.matches((field) => (Object.hasOwn(fields, field) ? fields[field] : undefined))

/** The one value that a selector demands of a field, such as the name in `metadata.name=a`. */
export const exactField = (selector: FieldSelector, field: string): string | undefined =>
  selector.requirements.find((requirement) => requirement.field === field && requirement.operator === "=")?.value

/** Prints a field selector so that `parseFieldSelector` reads the same one. */
export const formatFieldSelector = (selector: FieldSelector): string =>
  selector.requirements.map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, "\\$&")}`).join(",")

const objectOperators: ReadonlyMap<string, LabelOperator> = new Map([
  ["In", "in"], ["NotIn", "notin"], ["Exists", "exists"], ["DoesNotExist", "!"]
])

const failed = (reason: SelectorReason): SelectorError => new SelectorError({ reason })

const compileLabels = (unsorted: ReadonlyArray<LabelRequirement>): LabelSelector => {
  if (unsorted.length === 0) return everything
  const requirements = unsorted.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  const tests = requirements.map(compileLabelRequirement)
  const only = tests.length === 1 ? tests[0] : undefined
  return { requirements, matches: only ?? ((labels) => tests.every((test) => test(labels))) }
}

const compileFields = (requirements: ReadonlyArray<FieldRequirement>): FieldSelector => ({
  requirements,
  matches: (fieldValue) =>
    requirements.every(({ field, operator, value }) => ((fieldValue(field) ?? "") === value) === (operator === "="))
})

const formatRequirement = ({ key, operator, values }: LabelRequirement): string => {
  switch (operator) {
    case "exists":
      return key
    case "!":
      return `!${key}`
    case "in":
    case "notin":
      return `${key} ${operator} (${values.join(",")})`
    case "gt":
      return `${key}>${values[0]}`
    case "lt":
      return `${key}<${values[0]}`
    default:
      return `${key}${operator}${values[0]}`
  }
}

const describeProblems = (problems: ReadonlyArray<RequirementProblem>): string => {
  const texts = new Set(problems.map(({ field, value, detail }) =>
    `${field}: Invalid value: ${typeof value === "string" ? goQuote(value) : JSON.stringify(value)}: ${detail}`))
  return texts.size === 1 ? [...texts][0]! : `[${[...texts].join(", ")}]`
}
