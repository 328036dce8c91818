/** Compiles expressions in the dialect of Kubernetes. */
import { type PathSize, estimateCost } from "./cost/EstimateCost.ts"
import type { Declared } from "./functions/Declare.ts"
import { library, namedTypes } from "./functions/Library.ts"
import { compileProgram, type Program } from "./program/Compile.ts"
import { readExpression } from "./syntax/ReadExpression.ts"
import { Problems } from "./syntax/Source.ts"
import { type Checked, checkTypes } from "./types/Check.ts"
import { type Type, typeOfType } from "./types/Type.ts"
import { checkConstants } from "./types/Constants.ts"

/** An expression that can be carried out. */
export interface Compiled {
  readonly checked: Checked
  readonly type: Type
  readonly program: Program
}

/** Why an expression cannot be carried out. */
export interface NotCompiled {
  readonly problem: string
  /** Whether only putting it into effect failed, after it was found to be right. */
  readonly instantiating: boolean
}

/** What some expressions may use besides what all may. */
export interface Extension {
  readonly functions: ReadonlyMap<string, ReadonlyArray<Declared>>
  /** The type of the objects that may be made under a name. */
  readonly object: (name: string) => Type | undefined
}

/** Names and types of the variables that expressions may use. */
export class Environment {
  private readonly variables: ReadonlyMap<string, Type>
  private readonly extension: Extension | undefined

  constructor(variables: ReadonlyMap<string, Type>, extension?: Extension) {
    this.variables = variables
    this.extension = extension
  }

  /** Compiles an expression, or tells what is wrong with it. */
  compile(text: string): Compiled | NotCompiled {
    const problems = new Problems(text)
    const root = readExpression(text, problems)
    if (problems.any) return { problem: problems.display(), instantiating: false }
    const checked = checkTypes(root, this, problems)
    if (!problems.any) checkConstants(checked, problems)
    if (problems.any) return { problem: problems.display(), instantiating: false }
    try {
      const program = compileProgram(checked, { variables: [...this.variables.keys()], type: (name) => namedTypes.get(name) })
      return { checked, type: checked.types.get(root)!, program }
    } catch (error) {
      if (error instanceof Error) return { problem: error.message, instantiating: true }
      throw error
    }
  }

  functions(name: string) {
    return library.get(name) ?? this.extension?.functions.get(name)
  }

  object(name: string): Type | undefined {
    return this.extension?.object(name)
  }

  variable(name: string): Type | undefined {
    const type = namedTypes.get(name)
    return this.variables.get(name) ?? (type === undefined ? undefined : typeOfType(type))
  }
}

/** What an expression may cost at most, judged by how large its variables may become. */
export const costOf = ({ checked }: Compiled, sizeAt: PathSize): number => estimateCost(checked, sizeAt)

/** Whether an expression looks at a variable. */
export const mentions = ({ checked }: Compiled, variable: string): boolean => [...checked.names.values()].includes(variable)
