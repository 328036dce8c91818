/** Finds what is wrong with the types in the expressions of a policy, for its status; nothing of it changes what the policy does. */
import { type SchemaNode } from "../../builtin/SchemaNode.ts"
import {
  boolType, bytesType, doubleType, dynType, intType, listOf, mapOf, objectType, stringType, timestampType, type Type
} from "../../cel/types/Type.ts"
import { ruleName } from "../../crd/RuleNames.ts"
import type { ResourceRule, ValidatingPolicy } from "./PolicyKinds.ts"
import { PolicyCompiler } from "./PolicyCompiler.ts"

/** One entry of `status.typeChecking.expressionWarnings`. */
export interface ExpressionWarning {
  readonly fieldRef: string
  readonly warning: string
}

/** A kind with the schema of its objects. */
export interface SchemaKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly schema: SchemaNode
}

/** Where the schemas of resources are found. */
export interface SchemaSource {
  readonly find: (group: string, version: string, plural: string) => SchemaKind | undefined
  readonly findKind: (apiVersion: string, kind: string) => SchemaKind | undefined
}

const kindsMax = 10

/** Checks the expressions of a policy against the kinds that its rules name, as far as they name any without a star. */
export const policyWarnings = (policy: ValidatingPolicy, source: SchemaSource): ReadonlyArray<ExpressionWarning> => {
  const { matchConstraints, paramKind, validations = [], variables } = policy.spec ?? {}
  const kinds = kindsOf(matchConstraints?.resourceRules ?? [], source)
  const params = paramKind === undefined ? undefined : source.findKind(paramKind.apiVersion ?? "", paramKind.kind ?? "")
  const known = params === undefined ? {} : { params: typeOfSchema(params.schema, params.kind) }
  const warningOf = (text: string): string =>
    kinds.flatMap(({ group, kind, schema, version }) => {
      const object = typeOfSchema(schema, kind)
      const compiler = new PolicyCompiler(variables, { params: paramKind !== undefined, known: { ...known, object } })
      const { problem } = compiler.compile(text, [])
      return problem === undefined ? [] : [`${group}/${version}, Kind=${kind}: ${problem.replace(/^compilation failed: /, "")}\n`]
    }).join("\n")
  return validations.flatMap(({ expression, messageExpression = "" }, i) =>
    [["expression", expression] as const, ["messageExpression", messageExpression] as const].flatMap(([name, text]) => {
      const warning = text === "" ? "" : warningOf(text)
      return warning === "" ? [] : [{ fieldRef: `spec.validations[${i}].${name}`, warning }]
    }))
}

const plain = (texts: ReadonlyArray<string> | undefined): ReadonlyArray<string> => (texts?.some((text) => text.includes("*")) === true ? [] : [...(texts ?? [])].sort())

const kindsOf = (rules: ReadonlyArray<ResourceRule>, source: SchemaSource): ReadonlyArray<SchemaKind> => {
  const found = new Map<string, SchemaKind>()
  for (const { apiGroups, apiVersions, resources = [] } of rules) {
    for (const group of plain(apiGroups)) {
      for (const version of plain(apiVersions)) {
        for (const plural of resources.filter((it) => !/[*/]/.test(it)).sort()) {
          const kind = source.find(group, version, plural)
          if (kind !== undefined && found.size < kindsMax) found.set(`${group} ${version} ${kind.kind}`, kind)
        }
      }
    }
  }
  return [...found].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, kind]) => kind)
}

const scalars: Readonly<Record<string, Type>> = {
  string: stringType,
  boolean: boolType,
  int32: intType,
  int64: intType,
  int: intType,
  float64: doubleType,
  bytes: bytesType,
  time: timestampType,
  microTime: timestampType,
  duration: stringType
}

/** Fields that are looked up when they are asked for, since types may contain themselves. */
class SchemaFields extends Map<string, Type> {
  private readonly schema: SchemaNode
  private readonly typeName: string

  constructor(schema: SchemaNode, typeName: string) {
    super()
    this.schema = schema
    this.typeName = typeName
  }

  override get(name: string): Type | undefined {
    const field = this.schema.fields.find((each) => ruleName(each.name) === name)
    return field === undefined ? undefined : typeOfSchema(field.node, `${this.typeName}.${field.name}`)
  }
}

const typeOfSchema = (schema: SchemaNode, name: string): Type => {
  switch (schema.shape) {
    case "scalar":
      return scalars[schema.scalar] ?? dynType
    case "list":
      return listOf(typeOfSchema(schema.items!, `${name}.@idx`))
    case "map":
      return mapOf(stringType, typeOfSchema(schema.items!, `${name}.@elem`))
    case "struct":
      return schema.fields.length === 0 ? dynType : objectType(name, new SchemaFields(schema, name))
    default:
      return dynType
  }
}
