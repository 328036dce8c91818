/** What the API fills in where a built-in object says nothing, by Go type. */
import type { Defaults } from "./Decode.ts"
import type { SchemaNode } from "./SchemaNode.ts"

/** The defaults of a struct type; `undefined` where it has none. */
export const defaultsOf = (_node: SchemaNode): Defaults | undefined => undefined
