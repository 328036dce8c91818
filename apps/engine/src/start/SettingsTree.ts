/** The settings one by one: their paths, their environment variables, and how a text becomes their value. */
import { SchemaAST } from "effect"
import { parse } from "yaml"
import { Settings } from "./Settings.ts"

/** One setting: a value that is given as a whole. */
export interface Setting {
  /** `["engine", "workers"]`. */
  readonly path: ReadonlyArray<string>
  /** `FAIRLEAD_ENGINE_WORKERS`. */
  readonly variable: string
  /** A text stands for itself; the others (numbers, flags, lists, maps) are read as YAML. */
  readonly isText: boolean
}

/** What all variables begin with. */
export const variablePrefix = "FAIRLEAD_"

const variableOf = (path: ReadonlyArray<string>): string =>
  variablePrefix + path.map((key) => key.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase()).join("_")

const isText = (type: SchemaAST.AST): boolean =>
  SchemaAST.isString(type) ||
  (SchemaAST.isLiteral(type) && typeof type.literal === "string") ||
  (SchemaAST.isUnion(type) && type.types.every(isText))

const fieldsOf = (type: SchemaAST.AST): ReadonlyArray<SchemaAST.PropertySignature> =>
  SchemaAST.isObjects(type) && type.indexSignatures.length === 0 ? type.propertySignatures : []

const settingsBelow = (type: SchemaAST.AST, path: ReadonlyArray<string>): ReadonlyArray<Setting> => {
  const fields = fieldsOf(type)
  if (fields.length === 0) return [{ path, variable: variableOf(path), isText: isText(type) }]
  return fields.flatMap((field) => settingsBelow(field.type, [...path, String(field.name)]))
}

const root = SchemaAST.toEncoded(Settings.ast)

/** All settings in the order of the schema. */
export const allSettings: ReadonlyArray<Setting> = settingsBelow(root, [])

/** Names that are known below `path`; none where any name goes. */
export const namesAt = (path: ReadonlyArray<PropertyKey>): ReadonlyArray<string> => {
  let type: SchemaAST.AST = root
  for (const key of path) {
    if (!SchemaAST.isObjects(type)) return []
    const next: SchemaAST.AST | undefined = type.propertySignatures.find((it) => it.name === key)?.type ?? type.indexSignatures[0]?.type
    if (next === undefined) return []
    type = next
  }
  return fieldsOf(type).map((it) => String(it.name))
}

/** The value that a text of the environment stands for, or what is wrong with it. */
export const parseText = (setting: Setting, text: string): { readonly value: unknown } | { readonly problem: string } => {
  if (setting.isText) return { value: text }
  try {
    return { value: parse(text) as unknown }
  } catch (error) {
    return { problem: `is no YAML: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}` }
  }
}
