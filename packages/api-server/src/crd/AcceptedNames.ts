/** Which names a definition may go by, beside the other definitions of its group. */
import { type Condition, jsonEqual } from "@fairlead/kube"
import { goQuote } from "../builtin/GoText.ts"
import type { Definition, DefinitionNames } from "./Definition.ts"

/** What comes of the wish for names. */
export interface NamesDecision {
  readonly acceptedNames: DefinitionNames
  /** NamesAccepted and Established, without times. */
  readonly conditions: ReadonlyArray<Omit<Condition, "lastTransitionTime">>
}

/** Decides on the names of a definition; `others` are all definitions of its group. */
export const decideNames = (definition: Definition, others: ReadonlyArray<Definition>): NamesDecision => {
  const { names } = definition.spec
  const accepted = definition.status.acceptedNames
  const resources = new Set(others.flatMap(({ status }) => [status.acceptedNames.plural, status.acceptedNames.singular ?? "", ...(status.acceptedNames.shortNames ?? [])]))
  const kinds = new Set(others.flatMap(({ status }) => [status.acceptedNames.kind, status.acceptedNames.listKind ?? ""]))
  let conflict: Pick<Condition, "reason" | "message"> | undefined
  const next: { -readonly [K in keyof DefinitionNames]: DefinitionNames[K] } = { ...accepted }
  const single = (field: "plural" | "singular" | "kind" | "listKind", taken: ReadonlySet<string>, reason: string): void => {
    const wanted = names[field] ?? ""
    if (wanted !== (accepted[field] ?? "") && taken.has(wanted)) conflict = { reason, message: inUse(wanted) }
    else next[field] = wanted
  }
  single("plural", resources, "PluralConflict")
  single("singular", resources, "SingularConflict")
  if (!jsonEqual(names.shortNames ?? null, accepted.shortNames ?? null)) {
    const clashes = (names.shortNames ?? []).filter((name) => accepted.shortNames?.includes(name) !== true && resources.has(name))
    if (clashes.length > 0) conflict = { reason: "ShortNamesConflict", message: aggregate(clashes.map(inUse)) }
    else if (names.shortNames === undefined) delete next.shortNames
    else next.shortNames = names.shortNames
  }
  single("kind", kinds, "KindConflict")
  single("listKind", kinds, "ListKindConflict")
  if (names.categories === undefined) delete next.categories
  else next.categories = names.categories
  return { acceptedNames: next, conditions: [namesCondition(conflict), establishedCondition(definition, conflict === undefined)] }
}

const inUse = (name: string): string => `${goQuote(name)} is already in use`

/** Several errors as Go shows them together. */
const aggregate = (texts: ReadonlyArray<string>): string => {
  const different = [...new Set(texts)]
  return different.length === 1 ? different[0]! : `[${different.join(", ")}]`
}

const namesCondition = (conflict: Pick<Condition, "reason" | "message"> | undefined): Omit<Condition, "lastTransitionTime"> =>
  conflict === undefined
    ? { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" }
    : { type: "NamesAccepted", status: "False", ...conflict }

/** Once established, a definition stays so; before, it waits for its names. */
const establishedCondition = ({ status }: Definition, accepted: boolean): Omit<Condition, "lastTransitionTime"> => {
  const found = status.conditions?.find(({ type }) => type === "Established")
  if (found?.status === "True") return found
  if (accepted) return { type: "Established", status: "False", reason: "Installing", message: "the initial names have been accepted" }
  return found ?? { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" }
}
