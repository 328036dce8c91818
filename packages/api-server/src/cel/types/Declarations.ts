/** What the names in expressions mean. */
import { parseType, splitTypes, Type, typeParameter } from "./Type.ts"

/** One way to call a function. */
export interface Overload<Run = unknown> {
  readonly name: string
  readonly member: boolean
  readonly args: ReadonlyArray<Type>
  readonly result: Type
  /** Names of the type parameters of the signature. */
  readonly parameters: ReadonlyArray<string>
  readonly run: Run
}

const parametersOf = (type: Type): ReadonlyArray<string> => (type.kind === "parameter" ? [type.name] : type.parameters.flatMap(parametersOf))

const signature = /^(\S+?)(\.)?\((.*)\) -> (.*)$/

/**
 * Declares a way to call a function: `"size(string) -> int"`, or `"size.(string) -> int"` when it is called on its first argument.
 */
export const overload = <Run>(text: string, run: Run): Overload<Run> => {
  const [, name, member, args, result] = signature.exec(text)!
  const types = splitTypes(args!).map(parseType)
  const resultType = parseType(result!)
  return {
    name: name!,
    member: member !== undefined,
    args: types,
    result: resultType,
    parameters: [...new Set([resultType, ...types].flatMap(parametersOf))],
    run
  }
}

/** Functions and variables that expressions may use. */
export interface Declarations {
  functions(name: string): ReadonlyArray<Overload> | undefined
  variable(name: string): Type | undefined
  /** The type of the objects that expressions may make under a name. */
  object(name: string): Type | undefined
}

/** A parameter nobody else uses. */
export const freshParameter = (count: number): Type => typeParameter(`_var${count}`)
