/** What is wrong with a custom resource definition, in the original's words and order. */
import { jsonEqual, type StatusCause } from "@fairlead/kube"
import { forbiddenValue, requiredValue } from "../FieldCause.ts"
import { parseRequestUri } from "../cel/net/GoUrl.ts"
import { dns1035Errors, subdomainErrors } from "../internal/nameRules.ts"
import { duplicate, invalid, invalidText, tooMany, unsupported } from "./Causes.ts"
import { checkConversion } from "./ConversionChecks.ts"
import { defaultProblems } from "./DefaultChecks.ts"
import { type Definition, type DefinitionNames, type DefinitionSpec, type DefinitionVersion, hasCondition } from "./Definition.ts"
import { formOf } from "./DefinitionForm.ts"
import { followPath } from "./FieldPaths.ts"
import { schemaText, versionsText } from "./GoDefinitionText.ts"
import { goJson } from "./GoValueText.ts"
import { checkTotalCost, rootScope } from "./RuleChecks.ts"
import { schemaProblems } from "./SchemaChecks.ts"
import { type SchemaProps } from "./SchemaProps.ts"
import { structureProblems, unsupportedPart } from "./SchemaStructure.ts"
import { Structural, structuralRoot } from "./Structural.ts"

type Found = Array<StatusCause>

/** Checks everything but the metadata of a new definition, or of a changed one. */
export const definitionProblems = (definition: Definition, previous?: Definition): ReadonlyArray<StatusCause> => {
  const found: Found = []
  checkSpec(definition.spec, found)
  if (previous !== undefined) checkUnchanged(definition, previous, found)
  found.push(...statusProblems(definition))
  checkStoredVersions(definition, found)
  checkApproval(definition, previous, found)
  if (definition.spec.preserveUnknownFields === true && previous?.spec.preserveUnknownFields !== true) {
    found.push(invalid("spec.preserveUnknownFields", true, "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"))
  }
  return found
}

/** Checks the status of a definition. */
export const statusProblems = ({ status }: Definition): ReadonlyArray<StatusCause> => {
  const found: Found = []
  checkNames(status.acceptedNames, "status.acceptedNames", found)
  return found
}

const checkSpec = (spec: DefinitionSpec, found: Found): void => {
  const { shared, versions } = formOf(spec)
  checkGroup(spec.group ?? "", found)
  const scope: string = spec.scope ?? ""
  if (scope === "") found.push(requiredValue("spec.scope"))
  else if (scope !== "Cluster" && scope !== "Namespaced") found.push(unsupported("spec.scope", scope, ["Cluster", "Namespaced"]))
  if (shared.schema?.openAPIV3Schema === undefined) {
    versions.forEach(({ schema }, i) => {
      if (schema?.openAPIV3Schema === undefined) found.push(requiredValue(`spec.versions[${i}].schema.openAPIV3Schema`))
    })
  }
  versions.forEach((version, i) => {
    const at = `spec.versions[${i}]`
    const errors = dns1035Errors(version.name ?? "")
    if (errors.length > 0) found.push(invalid(`${at}.name`, version.name ?? "", errors.join(",")))
    const subresources = versions.some((it) => it.subresources !== undefined) ? version.subresources : shared.subresources
    checkVersion(version, at, subresources?.status !== undefined, found)
  })
  checkVersionSet(versions, found)
  checkSpecNames(spec.names ?? {}, found)
  const anyStatus = [shared, ...versions].some(({ subresources }) => subresources?.status !== undefined)
  checkSchema(shared.schema, "spec.validation", anyStatus, found)
  checkSubresources(shared.subresources, "spec.subresources", found)
  checkColumns(shared.additionalPrinterColumns, "spec.additionalPrinterColumns", found)
  if ((shared.selectableFields?.length ?? 0) > 0) {
    if (shared.schema === undefined) found.push(invalid("spec.selectableFields", "", "may only be set when validations.schema is included"))
    else checkSelectableFields(shared.selectableFields!, shared.schema.openAPIV3Schema, "spec.selectableFields", found)
  }
  const strategy = spec.conversion?.strategy ?? "None"
  if (spec.preserveUnknownFields === true && strategy !== "None") found.push(invalid("spec.conversion.strategy", strategy, "must be None if spec.preserveUnknownFields is true"))
  checkConversion(spec.conversion, found)
}

const checkGroup = (group: string, found: Found): void => {
  const errors = subdomainErrors(group)
  if (group === "") found.push(requiredValue("spec.group"))
  else if (errors.length > 0) found.push(invalid("spec.group", group, errors.join(",")))
  else if (!group.includes(".")) found.push(invalid("spec.group", group, "should be a domain with at least one dot"))
}

const checkVersionSet = (versions: ReadonlyArray<DefinitionVersion>, found: Found): void => {
  const refuse = (why: string): void => void found.push(invalidText("spec.versions", versionsText(versions), why))
  if (new Set(versions.map(({ name }) => name)).size < versions.length) refuse("must contain unique version names")
  if (versions.filter(({ storage }) => storage).length !== 1) refuse("must have exactly one version marked as storage version")
  const [first] = versions
  const errors = first === undefined ? [] : dns1035Errors(first.name ?? "")
  if (errors.length > 0 && first?.name) found.push(invalid("spec.version", first.name, errors.join(",")))
}

const checkSpecNames = (names: Partial<DefinitionNames>, found: Found): void => {
  for (const name of ["plural", "singular", "kind", "listKind"] as const) {
    if ((names[name] ?? "") === "") found.push(requiredValue(`spec.names.${name}`))
  }
  checkNames(names, "spec.names", found)
}

const checkNames = (names: Partial<DefinitionNames>, path: string, found: Found): void => {
  const check = (field: string, value: string | undefined, mixedCase: boolean): void => {
    const errors = value === undefined || value === "" ? [] : dns1035Errors(mixedCase ? value.toLowerCase() : value)
    const prefix = mixedCase ? "may have mixed case, but should otherwise match: " : ""
    if (errors.length > 0) found.push(invalid(`${path}.${field}`, value, `${prefix}${errors.join(",")}`))
  }
  const checkAll = (field: string, values: ReadonlyArray<string> = []): void => values.forEach((value, i) => {
    const errors = dns1035Errors(value)
    if (errors.length > 0) found.push(invalid(`${path}.${field}[${i}]`, value, errors.join(",")))
  })
  check("plural", names.plural, false)
  check("singular", names.singular, false)
  check("kind", names.kind, true)
  check("listKind", names.listKind, true)
  checkAll("shortNames", names.shortNames)
  if ((names.kind ?? "") !== "" && names.kind === names.listKind) found.push(invalid(`${path}.listKind`, names.listKind, "kind and listKind may not be the same"))
  checkAll("categories", names.categories)
}

const checkVersion = (version: DefinitionVersion, path: string, hasStatus: boolean, found: Found): void => {
  for (const problem of warningProblems(version)) found.push(invalid(`${path}.deprecationWarning`, version.deprecationWarning, problem))
  checkSchema(version.schema, `${path}.schema`, hasStatus, found)
  checkSubresources(version.subresources, `${path}.subresources`, found)
  checkColumns(version.additionalPrinterColumns, `${path}.additionalPrinterColumns`, found)
  if ((version.selectableFields?.length ?? 0) === 0) return
  const schema = version.schema?.openAPIV3Schema
  const at = `${path}.selectableFields`
  if (schema === undefined) found.push(invalid(at, "", "may only be set when `version.schema.openAPIV3Schema` is not included"))
  else checkSelectableFields(version.selectableFields!, schema, at, found)
}

const warningProblems = ({ deprecated, deprecationWarning: text }: DefinitionVersion): ReadonlyArray<string> => {
  if (text === undefined) return []
  if (deprecated !== true) return ["can only be set for deprecated versions"]
  const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(text)
  const index = unprintable === null ? 0 : new TextEncoder().encode(text.slice(0, unprintable.index)).length
  return [
    ...(new TextEncoder().encode(text).length > 256 ? ["must be <= 256 characters long"] : []),
    ...(text === "" ? ["must not be an empty string"] : []),
    ...(unprintable === null ? [] : [`must only contain printable UTF-8 characters; non-printable character found at index ${index}`])
  ]
}

/** What may stand at the root of a schema when the status is checked alone, by what it is called in the original. */
const rootFields = [
  "Description", "Type", "Format", "Title", "Maximum", "ExclusiveMaximum", "Minimum", "ExclusiveMinimum", "MaxLength", "MinLength", "Pattern", "MaxItems",
  "MinItems", "UniqueItems", "MultipleOf", "Required", "Items", "Properties", "ExternalDocs", "Example", "XPreserveUnknownFields", "XValidations"
]

const goName = (name: string): string =>
  name.startsWith("x-kubernetes-")
    ? `X${name.slice("x-kubernetes-".length).split("-").map((word) => word[0]!.toUpperCase() + word.slice(1)).join("")}`
    : name[0]!.toUpperCase() + name.slice(1)

const checkSchema = (validation: DefinitionVersion["schema"], path: string, hasStatus: boolean, found: Found): void => {
  const schema = validation?.openAPIV3Schema
  if (schema === undefined) return
  const at = `${path}.openAPIV3Schema`
  const own: Found = []
  if (hasStatus) checkRoot(schema, at, own)
  if (schema.nullable === true) own.push(forbiddenValue(`${at}.nullable`, "nullable cannot be true at the root"))
  const unsupportedText = unsupportedPart(schema)
  const structure = unsupportedText === undefined ? structureProblems(schema, at) : []
  const defaults = unsupportedText === undefined && structure.length === 0 ? defaultProblems(structuralRoot(schema), at) : []
  own.push(...structure, ...defaults)
  const scope = unsupportedText === undefined && structure.length === 0 && defaults.length === 0 ? rootScope(schema) : undefined
  own.push(...schemaProblems(schema, at, scope))
  if (own.length === 0 && unsupportedText !== undefined) own.push(invalid(at, "", unsupportedText))
  if (scope !== undefined) checkTotalCost(scope, at, own)
  found.push(...own)
}

const checkRoot = (schema: SchemaProps, path: string, found: Found): void => {
  const given = Object.keys(schema).filter((name) => {
    const value = schema[name as keyof SchemaProps]
    return value !== undefined && value !== null && value !== false && value !== ""
  }).map(goName)
  if (given.includes("Type") && schema.type !== "object") {
    found.push(invalid(`${path}.type`, schema.type, 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'))
  } else if (given.some((name) => !rootFields.includes(name))) {
    const why = `only [${rootFields.join(" ")}] fields are allowed at the root of the schema if the status subresource is enabled`
    found.push(invalidText(path, schemaText(schema), why))
  }
}

/** Paths that begin with a point; what follows is not looked at. */
const pathProblem = (path: string): string | undefined => (path.startsWith(".") ? undefined : "must be a simple json path starting with .")

const checkSubresources = (subresources: DefinitionVersion["subresources"], path: string, found: Found): void => {
  const scale = subresources?.scale
  if (scale === undefined) return
  const check = (name: "specReplicasPath" | "statusReplicasPath" | "labelSelectorPath", roots: ReadonlyArray<string>, where: string): void => {
    const value = scale[name] ?? ""
    const at = `${path}.scale.${name}`
    const problem = pathProblem(value)
    if (value === "") {
      if (name !== "labelSelectorPath") found.push(requiredValue(at))
    } else if (problem !== undefined) found.push(invalid(at, value, problem))
    else if (!roots.some((root) => value.startsWith(root))) found.push(invalid(at, value, `should be a json path under ${where}`))
  }
  check("specReplicasPath", [".spec."], ".spec")
  check("statusReplicasPath", [".status."], ".status")
  check("labelSelectorPath", [".spec.", ".status."], "either .spec or .status")
}

const columnTypes = ["boolean", "date", "integer", "number", "string"]
const columnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"]

const checkColumns = (columns: DefinitionVersion["additionalPrinterColumns"] = [], path: string, found: Found): void =>
  columns.forEach(({ name = "", type = "", format = "", jsonPath = "" }, i) => {
    const at = `${path}[${i}]`
    const types = `must be one of ${columnTypes.join()}`
    const problem = pathProblem(jsonPath)
    if (name === "") found.push(requiredValue(`${at}.name`))
    if (type === "") found.push(requiredValue(`${at}.type`, types))
    else if (!columnTypes.includes(type)) found.push(invalid(`${at}.type`, type, types))
    if (format !== "" && !columnFormats.includes(format)) found.push(invalid(`${at}.format`, format, `must be one of ${columnFormats.join()}`))
    if (jsonPath === "") found.push(requiredValue(`${at}.JSONPath`))
    else if (problem !== undefined) found.push(invalid(`${at}.JSONPath`, jsonPath, problem))
  })

const selectableMax = 8

const checkSelectableFields = (fields: ReadonlyArray<{ readonly jsonPath: string }>, props: SchemaProps | undefined, path: string, found: Found): void => {
  if (props === undefined || unsupportedPart(props) !== undefined) return
  const schema = new Structural(props)
  const seen = new Set<string>()
  fields.forEach(({ jsonPath = "" }, i) => {
    const at = `${path}[${i}].jsonPath`
    if (jsonPath === "") return void found.push(requiredValue(at))
    const target = followPath(jsonPath, schema, false)
    if (typeof target === "string") return void found.push(invalid(at, jsonPath, `is an invalid path: ${target}`))
    if (target.first === "metadata") found.push(invalid(at, jsonPath, "must not point to fields in metadata"))
    if (!["string", "boolean", "integer"].includes(target.schema?.type ?? "")) {
      found.push(invalid(at, jsonPath, "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."))
    }
    if (seen.has(target.text)) found.push(duplicate(at, jsonPath))
    seen.add(target.text)
  })
  if (seen.size > selectableMax) found.push(tooMany(path, seen.size, selectableMax))
}

const checkUnchanged = ({ spec }: Definition, previous: Definition, found: Found): void => {
  const check = (field: string, value: unknown, before: unknown): void => {
    if (!jsonEqual(value ?? "", before ?? "")) found.push(invalid(`spec.${field}`, value ?? "", "field is immutable"))
  }
  if (hasCondition(previous, "Established")) {
    check("scope", spec.scope, previous.spec.scope)
    check("names.kind", spec.names.kind, previous.spec.names.kind)
  }
  check("group", spec.group, previous.spec.group)
  check("names.plural", spec.names.plural, previous.spec.names.plural)
}

const checkStoredVersions = ({ spec, status }: Definition, found: Found): void => {
  const versions = spec.versions ?? []
  const storedVersions = status.storedVersions ?? []
  const path = "status.storedVersions"
  if (storedVersions.length === 0) return void found.push(invalid(path, null, "must have at least one stored version"))
  const left = new Set(storedVersions)
  for (const { name, storage } of versions) {
    // A name that is found once is not found again.
    if (!left.delete(name) && storage) found.push(invalidText(path, goJson(storedVersions), `must have the storage version ${name}`))
  }
  storedVersions.forEach((name, i) => {
    if (versions.some((version) => version.name === name) || storedVersions.lastIndexOf(name) !== i) return
    found.push(invalid(`${path}[${i}]`, name, `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`))
  })
}

const approvalAnnotation = "api-approved.kubernetes.io"

type Approval = "missing" | "bypassed" | "approved" | "invalid"

const approvalOf = (definition: Definition): Approval => {
  const text = definition.metadata.annotations?.[approvalAnnotation] ?? ""
  if (text === "") return "missing"
  if (text.startsWith("unapproved")) return "bypassed"
  const url = parseRequestUri(text)
  return typeof url !== "string" && url.host !== "" && url.scheme !== "" ? "approved" : "invalid"
}

/** Groups of Kubernetes itself need a word from those who review its APIs. */
const checkApproval = (definition: Definition, previous: Definition | undefined, found: Found): void => {
  if (!/(?:^|\.)(?:k8s|kubernetes)\.io$/.test(definition.spec.group ?? "")) return
  const state = approvalOf(definition)
  if (previous !== undefined && approvalOf(previous) === state) return
  const field = `metadata.annotations[${approvalAnnotation}]`
  const [needs, see] = [`protected groups must have approval annotation "${approvalAnnotation}"`, "see https://github.com/kubernetes/enhancements/pull/1111"]
  if (state === "missing") found.push(requiredValue(field, `${needs}, ${see}`))
  if (state === "invalid") {
    found.push(invalid(field, definition.metadata.annotations![approvalAnnotation], `${needs} with either a URL or a reason starting with "unapproved", ${see}`))
  }
}
