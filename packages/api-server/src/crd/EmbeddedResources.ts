/** Objects within objects (`x-kubernetes-embedded-resource`): their type and metadata are those of real ones. */
import type { ObjectMeta, StatusCause } from "@fairlead/kube"
import { decode, objectMeta } from "../builtin/Builtin.ts"
import { type Fields, isObject, put } from "../builtin/Sharing.ts"
import { requiredValue } from "../FieldCause.ts"
import { dns1035Errors, pathSegmentErrors } from "../internal/nameRules.ts"
import { checkMetadata } from "../rest/MetadataRules.ts"
import { causeText, childField, invalid } from "./Causes.ts"
import { type Structural, structuralHas } from "./Structural.ts"

/** What became of embedded objects. */
export interface Coerced {
  readonly value: unknown
  /** Paths of metadata fields that do not exist. */
  readonly unknown: ReadonlyArray<string>
  readonly problem: string | undefined
}

/** Whether a schema has embedded objects; the object itself does not count. */
export const embedsResources = (root: Structural): boolean =>
  [root.items, root.values, ...root.properties.values()].some((child) => structuralHas(child, ({ embedded }) => embedded))

/** Brings the metadata of embedded objects into its stored form. */
export const coerceEmbedded = (root: Structural, value: unknown, strict: boolean): Coerced => {
  const unknown: Array<string> = []
  const walk = new Coercion(strict, unknown)
  try {
    return { value: walk.children(root, value, ""), unknown: unknown.sort(), problem: undefined }
  } catch (error) {
    if (error instanceof MalformedEmbedded) return { value, unknown: [], problem: error.message }
    throw error
  }
}

class MalformedEmbedded extends Error {}

const refuse = (cause: StatusCause): never => {
  throw new MalformedEmbedded(causeText(cause))
}

class Coercion {
  private readonly strict: boolean
  private readonly unknown: Array<string>

  constructor(strict: boolean, unknown: Array<string>) {
    this.strict = strict
    this.unknown = unknown
  }

  private visit(schema: Structural | undefined, value: unknown, path: string): unknown {
    if (schema === undefined || typeof value !== "object" || value === null) return value
    return this.children(schema, schema.embedded && isObject(value) ? this.embedded(value, path) : value, path)
  }

  children(schema: Structural, value: unknown, path: string): unknown {
    if (Array.isArray(value)) {
      const items = value.map((item, i) => this.visit(schema.items, item, `${path}[${i}]`))
      return items.every((item, i) => item === value[i]) ? value : items
    }
    if (!isObject(value)) return value
    let out: Fields | undefined
    for (const key of Object.keys(value)) {
      const property = schema.properties.get(key)
      const next = this.visit(property ?? schema.values, value[key], property === undefined ? `${path}[${key}]` : childField(path, key))
      if (next !== value[key]) put((out ??= { ...value }), key, next)
    }
    return out ?? value
  }

  private embedded(value: Fields, path: string): Fields {
    for (const key of ["apiVersion", "kind"]) {
      if (Object.hasOwn(value, key) && typeof value[key] !== "string") refuse(invalid(childField(path, key), value[key], "must be a string"))
    }
    if (!Object.hasOwn(value, "metadata")) return value
    const { metadata } = value
    const at = childField(path, "metadata")
    const { object, problem, strict } = decode(objectMeta, metadata, { strict: this.strict })
    if (problem !== undefined) refuse(invalid(at, metadata, problem))
    for (const text of strict) this.unknown.push(`${at}.${/"(.*)"/.exec(text)?.[1] ?? ""}`)
    return { ...value, metadata: object }
  }
}

/** What is wrong with embedded objects. */
export const checkEmbedded = (root: Structural, value: unknown): ReadonlyArray<StatusCause> => {
  const causes: Array<StatusCause> = []
  checkChildren(root, value, "", causes)
  return causes
}

const checkChildren = (schema: Structural, value: unknown, path: string, causes: Array<StatusCause>): void => {
  if (Array.isArray(value)) return value.forEach((item, i) => check(schema.items, item, `${path}[${i}]`, causes))
  if (!isObject(value)) return
  for (const key of Object.keys(value)) {
    const property = schema.properties.get(key)
    check(property ?? schema.values, value[key], property === undefined ? `${path}[${key}]` : childField(path, key), causes)
  }
}

const check = (schema: Structural | undefined, value: unknown, path: string, causes: Array<StatusCause>): void => {
  if (schema === undefined || typeof value !== "object" || value === null) return
  if (schema.embedded && isObject(value)) checkObject(value, path, causes)
  checkChildren(schema, value, path, causes)
}

const checkObject = (value: Fields, path: string, causes: Array<StatusCause>): void => {
  const { apiVersion, kind, metadata } = value
  const at = (name: string): string => childField(path, name)
  if (!Object.hasOwn(value, "apiVersion")) causes.push(requiredValue(at("apiVersion")))
  if (!Object.hasOwn(value, "kind")) causes.push(requiredValue(at("kind")))
  if (apiVersion === "") causes.push(invalid(at("apiVersion"), "", "must not be empty"))
  else if (typeof apiVersion === "string" && apiVersion.split("/").length > 2) {
    causes.push(invalid(at("apiVersion"), apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  }
  if (kind === "") causes.push(invalid(at("kind"), "", "must not be empty"))
  else if (typeof kind === "string") {
    const errors = dns1035Errors(kind.toLowerCase())
    if (errors.length > 0) causes.push(invalid(at("kind"), kind, `may have mixed case, but should otherwise match: ${errors.join(",")}`))
  }
  if (isObject(metadata)) causes.push(...metadataCauses(metadata as ObjectMeta, path))
}

const metadataCauses = (metadata: ObjectMeta, path: string): ReadonlyArray<StatusCause> => {
  const causes: Array<StatusCause> = []
  const named = (metadata.name ?? "") === "" ? { ...metadata, name: "fakename" } : metadata
  checkMetadata(named, (metadata.namespace ?? "") !== "", pathSegmentErrors, causes)
  return causes.map((cause) => ({ ...cause, field: childField(path, cause.field ?? "") }))
}
