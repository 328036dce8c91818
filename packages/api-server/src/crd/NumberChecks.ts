/** What is wrong with a number, in the original's words. Whole numbers are compared as integers, as Go does. */
import { goFloat } from "../cel/values/FloatText.ts"
import { goNumber } from "./GoValueText.ts"
import type { SchemaProps } from "./SchemaProps.ts"
import { isInt64, isWhole } from "./ValueChecks.ts"

/** A problem with a number; general ones do not name the field. `shown` is the invalid value as it is printed: what was compared as a float is printed as one. */
export interface NumberProblem {
  readonly text: string
  readonly isGeneral: boolean
  readonly shown: string
}

const isInt32 = (value: number): boolean => Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31

const floatMax = 3.4028235677973366e38

/** Why a number does not fit into type and format of the schema. */
const rangeProblem = ({ type, format, "x-kubernetes-int-or-string": either }: SchemaProps, value: number, what: string, path: string): string | undefined => {
  if (either === true) return undefined
  const fits = type === "integer"
    ? format === "int32" ? isInt32(value) : isInt64(value)
    : type !== "number" || format !== "float" || Math.abs(value) < floatMax
  if (fits) return undefined
  const known = type === "integer" ? format === "int32" || format === "int64" : format === "float"
  return `${what} value must be of type ${type} ${known ? `with format ${format}` : "(default format)"} in ${path}`
}

/** Whether a number keeps to everything that the schema asks of numbers. */
export const isNumberValid = (schema: SchemaProps, value: number): boolean => isPlainlyValid(schema, value) || numberProblems(schema, value, "").length === 0

/** Small integers within small bounds need no closer look. */
const isPlainlyValid = ({ type, multipleOf, minimum, maximum }: SchemaProps, value: number): boolean =>
  type === "integer" && isInt32(value) && multipleOf === undefined &&
  (minimum === undefined || (isInt32(minimum) && value > minimum)) &&
  (maximum === undefined || (isInt32(maximum) && value < maximum))

/** Whether a schema asks anything of numbers. */
export const checksNumbers = ({ type, format, multipleOf, maximum, minimum }: SchemaProps): boolean =>
  type === "integer" || format === "float" || multipleOf !== undefined || maximum !== undefined || minimum !== undefined

/** Everything that is wrong with a number. */
export const numberProblems = (schema: SchemaProps, value: number, path: string): ReadonlyArray<NumberProblem> => {
  const problems: Array<NumberProblem> = []
  const general = (text: string | undefined): boolean => {
    if (text !== undefined) problems.push({ text, isGeneral: true, shown: "" })
    return text === undefined
  }
  const plain = (text: string, shown: string): void => void problems.push({ text, isGeneral: false, shown })
  const { multipleOf, maximum, minimum } = schema
  const whole = isInt64(value)
  general(rangeProblem(schema, value, "Checked", path))
  if (multipleOf !== undefined) {
    const asInteger = general(rangeProblem(schema, multipleOf, "MultipleOf", path)) && whole
    const factor = asInteger ? Math.trunc(multipleOf) : multipleOf
    const print = asInteger ? goNumber : goFloat
    if (factor <= 0) plain(`factor MultipleOf declared for ${path} must be positive: ${print(factor)}`, print(factor))
    else if (asInteger ? value % factor !== 0 : !isWhole(factor < 1 ? (1 / factor) * value : value / factor)) {
      plain(`${path} in body should be a multiple of ${print(factor)}`, print(value))
    }
  }
  if (minimum !== undefined) {
    const asInteger = general(rangeProblem(schema, minimum, "Minimum boundary", path)) && whole
    const bound = asInteger ? Math.trunc(minimum) : minimum
    const print = asInteger ? goNumber : goFloat
    const strict = schema.exclusiveMinimum === true
    if (strict ? value <= bound : value < bound) plain(`${path} in body should be greater than ${strict ? "" : "or equal to "}${print(bound)}`, print(value))
  }
  if (maximum !== undefined) {
    const asInteger = general(rangeProblem(schema, maximum, "Maximum boundary", path)) && whole
    const bound = asInteger ? Math.trunc(maximum) : maximum
    const print = asInteger ? goNumber : goFloat
    const strict = schema.exclusiveMaximum === true
    if (strict ? value >= bound : value > bound) plain(`${path} in body should be less than ${strict ? "" : "or equal to "}${print(bound)}`, print(value))
  }
  return problems
}
