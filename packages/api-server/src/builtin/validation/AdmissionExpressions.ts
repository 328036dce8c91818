/** What is wrong with the expressions of admission policies and webhooks. */
import { jsonEqual } from "@fairlead/kube"
import { boolType, nullType, stringType, type Type } from "../../cel/types/Type.ts"
import { dns1035Errors, subdomainErrors } from "../../internal/nameRules.ts"
import { PolicyCompiler, type PolicyExpression } from "../../policy/expressions/PolicyCompiler.ts"
import type { Fields } from "../Sharing.ts"
import { type Check, items, part, text } from "./Check.ts"

const reserved = /^(?:true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return|var|void|while)$/
const conditionsMax = 64
const notesMax = 20
const noteBytesMax = 5 * 1024

const isBlank = (source: string): boolean => source.trim() === ""

/** Expressions that cannot be put into effect are errors of the server. */
const report = (check: Check, field: string, shown: string, { problem }: PolicyExpression): void => {
  if (problem === undefined) return
  if (!problem.startsWith("program instantiation failed")) return check.invalid(field, shown, problem)
  check.causes.push({ reason: "InternalError", message: `Internal error: ${problem}`, field })
}

/** Compiles an expression whose value has to be of one of the types. */
export const checkExpression = (check: Check, field: string, compiler: PolicyCompiler, source: string, types: ReadonlyArray<Type>, authorizer = true): void =>
  report(check, field, source, compiler.compile(source, types, authorizer))

/** The compiler of a policy, with its variables; what is wrong with those is reported. */
export const checkVariables = (check: Check, spec: Fields, params: boolean, options: Partial<PolicyCompiler["scope"]> = {}): PolicyCompiler => {
  const compiler = new PolicyCompiler([], { ...options, params })
  items(spec["variables"]).forEach((variable, i) => {
    const field = `spec.variables[${i}]`
    const [name, expression] = [text(variable, "name"), text(variable, "expression")]
    if (isBlank(name)) check.required(`${field}.name`, "name is not specified")
    else if (!/^[_a-zA-Z]\w*$/.test(name) || reserved.test(name)) check.invalid(`${field}.name`, name, "name is not a valid CEL identifier")
    if (isBlank(expression)) check.required(`${field}.expression`, "expression is not specified")
    else report(check, `${field}.expression`, expression, compiler.define(name, expression))
  })
  return compiler
}

/** The conditions of a policy or webhook; they know no variables. */
export const checkConditions = (check: Check, field: string, conditions: unknown, params: boolean): void => {
  const all = items(conditions)
  if (all.length > conditionsMax) check.tooMany(field, all.length, conditionsMax)
  const compiler = new PolicyCompiler(undefined, { params })
  const names = new Set<string>()
  all.forEach((condition, i) => {
    const [name, expression] = [text(condition, "name"), text(condition, "expression").trim()]
    if (expression === "") check.required(`${field}[${i}].expression`)
    else checkExpression(check, `${field}[${i}].expression`, compiler, expression, [boolType])
    if (name === "") return check.required(`${field}[${i}].name`)
    check.qualifiedName(`${field}[${i}].name`, name)
    if (names.has(name)) check.duplicate(`${field}[${i}].name`, name)
    names.add(name)
  })
}

/** Conditions are looked at again only when they, or the parameters, change. */
export const sameConditions = (spec: Fields, old: Fields | undefined): boolean =>
  old !== undefined && jsonEqual(spec["paramKind"], old["paramKind"]) && jsonEqual(spec["matchConditions"], old["matchConditions"])

/** The kind of a policy's parameters. */
export const checkParamKind = (check: Check, spec: Fields): boolean => {
  const param = part(spec, "paramKind")
  if (param === undefined) return false
  const [apiVersion, kind, field] = [text(param, "apiVersion"), text(param, "kind"), "spec.paramKind"]
  const parts = apiVersion === "/" ? ["", ""] : apiVersion.split("/")
  const [group, version] = parts.length === 1 ? ["", parts[0]!] : [parts[0]!, parts[1]!]
  const joined = (value: string, problems: ReadonlyArray<string>): void => {
    if (problems.length > 0) check.invalid(`${field}.apiVersion`, value, problems.join(","))
  }
  if (apiVersion === "") check.required(`${field}.apiVersion`)
  else if (parts.length > 2) check.invalid(`${field}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)
  else {
    if (group !== "") joined(group, subdomainErrors(group))
    if (version === "") check.invalid(`${field}.apiVersion`, apiVersion, "version must be specified")
    else joined(version, dns1035Errors(version))
  }
  if (kind === "") check.required(`${field}.kind`)
  else {
    const problems = dns1035Errors(kind.toLowerCase())
    if (problems.length > 0) check.invalid(`${field}.kind`, kind, `may have mixed case, but should otherwise match: ${problems.join(",")}`)
  }
  return true
}

/** One expression that must hold, with what is said where it does not. */
export const checkValidation = (check: Check, field: string, validation: Fields, compiler: PolicyCompiler): void => {
  const [expression, message, messageExpression] = [text(validation, "expression"), text(validation, "message"), text(validation, "messageExpression")]
  if (isBlank(expression)) check.required(`${field}.expression`, "expression is not specified")
  else checkExpression(check, `${field}.expression`, compiler, expression, [boolType])
  if (messageExpression !== "" && isBlank(messageExpression)) check.invalid(`${field}.messageExpression`, messageExpression, "must be non-empty if specified")
  else if (messageExpression !== "") checkExpression(check, `${field}.messageExpression`, compiler, messageExpression, [stringType], false)
  if (message !== "" && isBlank(message)) check.invalid(`${field}.message`, message, "message must be non-empty if specified")
  else if (/[\n\r]/.test(message.trim())) check.invalid(`${field}.message`, message, "message must not contain line breaks")
  if (validation["reason"] !== undefined) check.oneOf(`${field}.reason`, validation["reason"], ["Forbidden", "Invalid", "RequestEntityTooLarge"])
}

/** Notes for the audit. */
export const checkNotes = (check: Check, name: string, notes: ReadonlyArray<Fields>, compiler: PolicyCompiler): void => {
  const field = "spec.auditAnnotations"
  if (notes.length > notesMax) check.invalid(field, notes, `must not have more than ${notesMax} auditAnnotations`)
  const keys = new Set<string>()
  notes.forEach((note, i) => {
    const [key, source] = [text(note, "key"), text(note, "valueExpression")]
    const expression = source.trim()
    if (name === "") check.invalid(`${field}[${i}].key`, key, "requires metadata.name be non-empty")
    else check.qualifiedName(`${field}[${i}].key`, `${name}/${key}`)
    if (expression === "") check.required(`${field}[${i}].valueExpression`, "valueExpression is not specified")
    else if (expression.length > noteBytesMax) check.required(`${field}[${i}].valueExpression`, `must not exceed ${noteBytesMax} bytes in length`)
    else report(check, `${field}[${i}].valueExpression`, source, compiler.compile(expression, [stringType, nullType]))
    if (keys.has(key)) check.duplicate(`${field}[${i}].key`, key)
    keys.add(key)
  })
}
