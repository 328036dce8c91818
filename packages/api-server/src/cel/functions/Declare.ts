/** Declares functions of expressions together with what they do. */
import { type Overload, overload } from "../types/Declarations.ts"
import type { Value } from "../values/Value.ts"

/** Carries out a call whose arguments are known to be of the types of the signature. */
export type Run = (...args: ReadonlyArray<Value>) => Value

/** A function that can be called in one way. */
export type Declared = Overload<Run>

/** Declares a function: its signature and what it does with arguments of the types of its signature. */
export const declare = (signature: string, run: (...args: ReadonlyArray<never>) => Value): Declared => overload(signature, run as Run)
