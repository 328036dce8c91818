/** Tells what a schema has against a document, in words that name the field, the value and the way out. */
import { Result, Schema, SchemaAST, type SchemaIssue } from "effect"
import { formatValue, type TaskIssue } from "../TaskInvalid.ts"

type Path = TaskIssue["path"]

/** What to do about fields that the schema does not know. */
export type UnknownFields = "ignore" | "refuse"

/** Every fault of a document, in the order of the schema; none if it fits. Paths start with `path`. */
export const schemaFaults = (
  schema: Schema.Decoder<unknown>,
  input: unknown,
  unknownFields: UnknownFields,
  path: Path = []
): ReadonlyArray<TaskIssue> => {
  const result = Schema.decodeUnknownResult(schema, {
    errors: "all",
    onExcessProperty: unknownFields === "refuse" ? "error" : "ignore"
  })(input)
  return Result.isSuccess(result) ? [] : faultsOf(result.failure.issue, input, path, undefined)
}

/** `parent` is the object schema that a missing or unknown key was looked up in. */
const faultsOf = (issue: SchemaIssue.Issue, value: unknown, path: Path, parent: SchemaAST.AST | undefined): ReadonlyArray<TaskIssue> => {
  switch (issue._tag) {
    case "Composite":
      return issue.issues.flatMap((it) => faultsOf(it, value, path, issue.ast))
    case "AnyOf":
      return issue.issues.length === 0
        ? [{ path, problem: mismatch(issue.ast, value) }]
        : issue.issues.flatMap((it) => faultsOf(it, value, path, issue.ast))
    case "Pointer": {
      const [inner, ...steps] = [issue.path.reduce(childOf, value), ...issue.path.map((step) => (typeof step === "number" ? step : String(step)))]
      return faultsOf(issue.issue, inner, [...path, ...steps] as Path, parent)
    }
    case "Encoding":
      return faultsOf(issue.issue, value, path, parent)
    case "Filter":
      return [{ path, problem: `expected ${expectedOf(issue.filter.annotations)}, got ${formatValue(value)}` }]
    case "MissingKey":
      return [{ path, problem: missing(parent, path.at(-1)) }]
    case "UnexpectedKey":
      return [{ path, problem: unexpected(issue.ast, String(path.at(-1))) }]
    case "InvalidType":
      return [{ path, problem: mismatch(issue.ast, value) }]
    default:
      return [{ path, problem: `${formatValue(value)} does not fit here` }]
  }
}

const childOf = (value: unknown, key: PropertyKey): unknown =>
  typeof value === "object" && value !== null ? (value as { readonly [key: PropertyKey]: unknown })[key] : undefined

const expectedOf = (annotations: Schema.Annotations.Annotations | undefined): string => {
  const expected = annotations?.["expected"]
  return typeof expected === "string" ? expected : "another value"
}

const mismatch = (ast: SchemaAST.AST, value: unknown): string => {
  const wrongly = `expected ${nameOf(ast)}, got ${formatValue(value)}`
  const unquoted = SchemaAST.isString(ast) && (typeof value === "number" || typeof value === "boolean")
  return unquoted ? `${wrongly}; put it in quotes` : wrongly
}

const nameOf = (ast: SchemaAST.AST): string => {
  if (SchemaAST.isString(ast)) return "a text"
  if (SchemaAST.isNumber(ast)) return ast.checks === undefined ? "a number" : "an integer"
  if (SchemaAST.isBoolean(ast)) return "true or false"
  if (SchemaAST.isArrays(ast)) return "a list"
  if (SchemaAST.isObjects(ast)) return "an object"
  if (SchemaAST.isLiteral(ast)) return JSON.stringify(ast.literal)
  if (SchemaAST.isUnion(ast) && ast.types.every(SchemaAST.isLiteral)) {
    return `one of ${ast.types.map((it) => formatValue(it.literal)).join(", ")}`
  }
  return "something else"
}

const missing = (parent: SchemaAST.AST | undefined, key: unknown): string => {
  const signature = parent !== undefined && SchemaAST.isObjects(parent) ? parent.propertySignatures.find((it) => it.name === key) : undefined
  const description = signature === undefined ? undefined : SchemaAST.resolveDescription(signature.type)
  return description === undefined ? "missing" : `missing (${description.replace(/\.$/, "")})`
}

const unexpected = (ast: SchemaAST.AST, key: string): string => {
  if (!SchemaAST.isObjects(ast)) return "nothing is expected here"
  const [entry] = ast.indexSignatures
  if (entry !== undefined) return `expected ${expectedOf(SchemaAST.resolve(entry.parameter))}, got "${key}"`
  const names = ast.propertySignatures.map((it) => String(it.name))
  const close = names.find((name) => distance(name.toLowerCase(), key.toLowerCase()) <= (key.length < 4 ? 1 : 2))
  return close === undefined ? `no such field; known are ${names.join(", ")}` : `no such field; did you mean ${close}?`
}

/** Edits between two words (Levenshtein). */
const distance = (left: string, right: string): number => {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const next = [i]
    for (let j = 1; j <= right.length; j++) {
      const substitution = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, substitution))
    }
    row = next
  }
  return row[right.length]!
}
