/** What the answer to a write of a definition warns of. */
import { goQuote } from "../builtin/GoText.ts"
import type { DefinitionSpec } from "./Definition.ts"
import { formOf } from "./DefinitionForm.ts"
import { isKnownFormat } from "./Formats.ts"
import { schemaHas, type SchemaProps } from "./SchemaProps.ts"

/** Formats that mean nothing; only those that the write brings in. */
export const warnOfDefinition = (warnings: Array<string>, spec: DefinitionSpec, previous: DefinitionSpec | undefined): void => {
  const formatsBefore = new Set(previous === undefined ? [] : strangeFormats(previous))
  for (const format of strangeFormats(spec)) if (!formatsBefore.has(format)) warnings.push(`unrecognized format ${goQuote(format)}`)
}

const schemasOf = (spec: DefinitionSpec): ReadonlyArray<SchemaProps> => {
  const { shared, versions } = formOf(spec)
  return [shared, ...versions].flatMap(({ schema }) => (schema?.openAPIV3Schema === undefined ? [] : [schema.openAPIV3Schema]))
}

const strangeFormats = (spec: DefinitionSpec): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (const schema of schemasOf(spec)) {
    schemaHas(schema, ({ type = "", format = "" }) => {
      if (format !== "" && !isKnownFormat(type, format)) found.push(format)
      return false
    })
  }
  return found
}
