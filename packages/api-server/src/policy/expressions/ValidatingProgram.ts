/** Carries out a policy that checks objects. */
import { boolType, nullType, stringType } from "../../cel/types/Type.ts"
import type { Value } from "../../cel/values/Value.ts"
import { typeOf } from "../../cel/values/TypeOf.ts"
import type { ValidatingPolicy } from "./PolicyKinds.ts"
import { compileConditions, type Conditions, conditionsHold } from "./PolicyConditions.ts"
import { PolicyCompiler, type PolicyExpression } from "./PolicyCompiler.ts"
import { type Matched, OutOfBudget, type Outcome, PolicyRun } from "./PolicyRun.ts"
import { remembered } from "./PolicySource.ts"

const messageBytesMax = 5 * 1024

/** What a policy has against a write. */
export interface Denial {
  readonly message: string
  readonly reason: string | undefined
  /** It was found while notes for the audit were made: no action of a binding can make less of it. */
  readonly isCertain: boolean
}

interface Validation {
  readonly expression: PolicyExpression
  readonly messageExpression: PolicyExpression | undefined
  readonly message: string
  readonly reason: string | undefined
}

interface ValidatingProgram {
  readonly compiler: PolicyCompiler
  readonly conditions: Conditions
  readonly validations: ReadonlyArray<Validation>
  readonly notes: ReadonlyArray<PolicyExpression>
}

const programOf = remembered(({ spec = {} }: ValidatingPolicy): ValidatingProgram => {
  const compiler = new PolicyCompiler(spec.variables, { params: spec.paramKind !== undefined })
  return {
    compiler,
    conditions: compileConditions(compiler, spec.matchConditions),
    validations: (spec.validations ?? []).map(({ expression, message = "", messageExpression = "", reason }) => ({
      expression: compiler.compile(expression, [boolType]),
      messageExpression: messageExpression === "" ? undefined : compiler.compile(messageExpression, [stringType], false),
      message: message.trim(),
      reason
    })),
    notes: (spec.auditAnnotations ?? []).map(({ valueExpression }) => compiler.compile(valueExpression, [stringType, nullType]))
  }
})

/** Everything that a policy has against a write. */
export const denialsOf = (policy: ValidatingPolicy, matched: Matched): ReadonlyArray<Denial> => {
  const program = programOf(policy)
  const fails = policy.spec?.failurePolicy !== "Ignore"
  const broken = (message: string, isCertain = false): ReadonlyArray<Denial> => (fails ? [{ message, reason: undefined, isCertain }] : [])
  const held = conditionsHold(program.conditions, matched)
  if (typeof held !== "boolean") return broken(held.problem)
  if (!held) return []
  const start = (): PolicyRun => new PolicyRun(program.compiler, matched)
  return [...checked(program, start, broken), ...noted(program, start, broken)]
}

type Broken = (message: string, isCertain?: boolean) => ReadonlyArray<Denial>

const checked = ({ validations }: ValidatingProgram, start: () => PolicyRun, broken: Broken): ReadonlyArray<Denial> => {
  let outcomes: ReadonlyArray<Outcome>
  const run = start()
  try {
    outcomes = validations.map(({ expression }) => run.run(expression))
  } catch (error) {
    return broken(spent(error))
  }
  return validations.flatMap((validation, i) => {
    const outcome = outcomes[i]!
    if ("problem" in outcome) return broken(outcome.problem)
    if (outcome.value === true) return []
    return [{ message: messageOf(validation, run), reason: validation.reason, isCertain: false }]
  })
}

const spent = (error: unknown): string => {
  if (error instanceof OutOfBudget) return error.message
  throw error
}

const messageOf = ({ expression, message, messageExpression }: Validation, run: PolicyRun): string => {
  const plain = message === "" ? `failed expression: ${expression.text.trim()}` : message
  if (messageExpression === undefined) return plain
  try {
    const outcome = run.run(messageExpression)
    return "value" in outcome && typeof outcome.value === "string" ? (fitting(outcome.value) ?? plain) : plain
  } catch (error) {
    spent(error)
    return plain
  }
}

/** Messages are short and in one line. */
const fitting = (text: string): string | undefined => {
  const trimmed = text.trim()
  return trimmed === "" || trimmed.includes("\n") || new TextEncoder().encode(trimmed).length > messageBytesMax ? undefined : trimmed
}

/** Nobody reads the notes, but what goes wrong with them counts. */
const noted = ({ notes }: ValidatingProgram, start: () => PolicyRun, broken: Broken): ReadonlyArray<Denial> => {
  if (notes.length === 0) return []
  const run = start()
  try {
    return notes.flatMap((note) => {
      const outcome = run.run(note)
      if ("problem" in outcome) return broken(outcome.problem, true)
      return isNote(outcome.value) ? [] : broken(notANote(note, outcome.value), true)
    })
  } catch (error) {
    return broken(spent(error))
  }
}

const isNote = (value: Value): boolean => value === null || typeof value === "string"

const notANote = ({ text }: PolicyExpression, value: Value): string =>
  `valueExpression '${text}' resulted in unsupported return type: ${typeOf(value).name}. Return type must be either string or null.`
