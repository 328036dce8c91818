/** Defaults in a schema must keep to the schema themselves. */
import type { StatusCause } from "@fairlead/kube"
import { invalid, invalidText } from "./Causes.ts"
import { checkEmbedded, coerceEmbedded } from "./EmbeddedResources.ts"
import { metaFields, unknownFields } from "./Normalise.ts"
import { compileRules } from "./ObjectRules.ts"
import { verbatimly } from "./SchemaProps.ts"
import { Structural } from "./Structural.ts"
import { compileValidity } from "./Validity.ts"
import { Violations } from "./Violations.ts"

/** What is wrong with the defaults of a schema. */
export const defaultProblems = (root: Structural, path: string): ReadonlyArray<StatusCause> => {
  const found: Array<StatusCause> = []
  visit(root, path, false, true, found)
  return found
}

const visit = (schema: Structural, path: string, inMetadata: boolean, isRoot: boolean, found: Array<StatusCause>): void => {
  if (schema.default !== undefined) found.push(...problemsOf(schema, `${path}.default`, schema.embedded ? false : inMetadata, isRoot))
  if (schema.items !== undefined) visit(schema.items, `${path}.items`, !schema.embedded && inMetadata, false, found)
  for (const [name, child] of schema.properties) {
    visit(child, `${path}.properties[${name}]`, schema.embedded ? metaFields.has(name) : inMetadata, false, found)
  }
}

const problemsOf = (schema: Structural, path: string, inMetadata: boolean, isRoot: boolean): ReadonlyArray<StatusCause> => {
  const value = schema.default
  const found: Array<StatusCause> = []
  if (!inMetadata) {
    if (unknownFields(schema, value).length > 0) found.push(invalid(path, value, "must not have unknown fields"))
    // The value stands where a whole object would hold it, so that it counts as embedded itself.
    const holder = new Structural({ properties: { value: schema.props } })
    const coerced = coerceEmbedded(holder, { value }, false)
    if (coerced.problem !== undefined) return [...found, malformed(path, coerced.problem)]
    const embedded = checkEmbedded(holder, { value })
    if (embedded.length > 0) return [...found, ...embedded.map((cause) => ({ ...cause, field: `${path}${(cause.field ?? "").slice("value".length)}` }))]
  }
  const props = verbatimly(schema.props)
  if (!compileValidity(props)(value)) return [...found, ...new Violations(path).find(props, value)]
  return [...found, ...(compileRules(schema, isRoot || schema.embedded)?.checkDefault(value, path) ?? [])]
}

const malformed = (path: string, problem: string): StatusCause => {
  const [, field = "", text = "", detail = ""] = /^value(.*?): Invalid value: (.*?): (json: .*|must be a string)$/.exec(problem) ?? []
  return invalidText(`${path}${field}`, text, detail)
}
