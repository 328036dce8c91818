/** The schema of one version of a custom resource, compiled for everything that is done with its objects. */
import type { KubeObject, StatusCause } from "@fairlead/kube"
import { decode, objectMeta } from "../builtin/Builtin.ts"
import type { Fields } from "../builtin/Sharing.ts"
import { invalid, noField } from "./Causes.ts"
import { Correlation } from "./Correlation.ts"
import { checkEmbedded, coerceEmbedded, embedsResources } from "./EmbeddedResources.ts"
import { compileDuplicates, type DuplicateSearch } from "./ListTypes.ts"
import { compileNormalise, compileObjects, unknownFields } from "./Normalise.ts"
import { compileRules, type ObjectRules } from "./ObjectRules.ts"
import type { SchemaProps } from "./SchemaProps.ts"
import { Part } from "./Soundness.ts"
import { type Structural, structuralRoot } from "./Structural.ts"
import { compileValidity, type Validity } from "./Validity.ts"
import { Violations } from "./Violations.ts"

/** An object as its definition wants it. */
export interface ReadObject {
  readonly object: Fields
  /** Texts of unknown fields; only when asked for. */
  readonly strict: ReadonlyArray<string>
  /** Go's error for metadata that does not fit its type. */
  readonly problem: string | undefined
}

const none: ReadonlyArray<never> = []
const always: Validity = () => true

/** What is not a part of its own: metadata still changes after it was checked. */
const isIdentity = (name: string): boolean => name === "metadata" || name === "apiVersion" || name === "kind"

/** Reasons for which rules are not carried out, as they could not rely on the schema. */
const hindering: ReadonlySet<string> = new Set([
  "FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid"
])
const notChecked = invalid(noField, null, "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation")

/** Reads and checks objects of one version. Objects given to it are never changed. */
export class VersionSchema {
  readonly root: Structural
  /** The form in which objects are handed out: pruned, without nulls, with defaults. */
  readonly normalise: (object: object) => Fields
  /** The same without defaults, for objects that come from another version. */
  readonly prune: (object: object) => Fields
  private readonly settle: (object: Fields) => Fields
  private readonly props: SchemaProps
  private readonly valid: Validity
  private readonly statusValid: Validity
  private readonly duplicates: DuplicateSearch
  private readonly embeds: boolean
  /** None where objects are embedded in others. */
  private readonly parts: ReadonlyMap<string, Part>
  /** Whether missing parts are filled in. */
  private readonly fills: boolean
  /** Compiled when the first object comes. */
  private rules: ObjectRules | "none" | undefined

  constructor(props: SchemaProps) {
    this.props = props
    this.root = structuralRoot(props)
    this.normalise = compileNormalise(this.root) as (object: object) => Fields
    this.prune = compileNormalise(this.root, { defaults: false }) as (object: object) => Fields
    this.embeds = embedsResources(this.root)
    this.parts = new Map(this.embeds ? [] : [...this.root.properties].flatMap(([name, child]) => (isIdentity(name) ? [] : [[name, new Part(child)] as const])))
    this.fills = [...this.root.properties.values()].some((child) => child.default !== undefined)
    const isKnown = (name: string, value: unknown): boolean => this.parts.get(name)?.isKnown(value) === true
    this.settle = compileObjects(this.root, isKnown)
    const parts = new Map(Object.entries(props.properties ?? {}).map(([name, part]) => {
      const valid = compileValidity(part)
      return [name, isIdentity(name) ? valid : (value: unknown) => isKnown(name, value) || valid(value)]
    }))
    this.valid = compileValidity(props, parts)
    this.statusValid = parts.get("status") ?? always
    this.duplicates = compileDuplicates(this.root)
  }

  /** Takes in the fields of a document; `previous` lends parts of metadata that are equal, and saves looking again at what the document shares with it. */
  read(fields: Fields, strict: boolean, previous?: KubeObject): ReadObject {
    const isSameMetadata = previous !== undefined && fields["metadata"] === previous.metadata
    const metadata = isSameMetadata ? undefined : decode(objectMeta, fields["metadata"] ?? {}, { previous: previous?.metadata, strict })
    if (metadata?.problem !== undefined) return { object: fields, strict: none, problem: metadata.problem }
    const sent = metadata === undefined || metadata.object === fields["metadata"] ? fields : { ...fields, metadata: metadata.object }
    const ofMetadata = metadata === undefined || metadata.strict.length === 0 ? none : metadata.strict.map(inMetadata)
    if (this.isSound(sent, previous as Fields | undefined)) return { object: sent, strict: ofMetadata, problem: undefined }
    const pruned = this.settle(sent)
    const texts = [...ofMetadata, ...(strict && pruned !== sent ? unknownFields(this.root, sent).map(unknownField) : none)]
    if (!this.embeds) return { object: pruned, strict: texts, problem: undefined }
    const { value, unknown, problem } = coerceEmbedded(this.root, pruned, strict)
    return { object: value as Fields, strict: [...texts, ...unknown.map(unknownField)], problem }
  }

  /** What the schema has against a new object. */
  checkNew(object: object): ReadonlyArray<StatusCause> {
    const causes = this.valid(object) ? none : new Violations().find(this.props, object)
    return this.embeds ? [...causes, ...checkEmbedded(this.root, object)] : causes
  }

  /** What the schema has against a changed object; what was wrong before may stay as it is. */
  checkChanged(object: object, correlation: Correlation): ReadonlyArray<StatusCause> {
    const causes = this.valid(object) ? none : new Violations().find(this.props, object, correlation)
    return this.embeds ? [...causes, ...checkEmbedded(this.root, object)] : causes
  }

  /** The same for a write to the status, which is checked alone. */
  checkStatus(object: object, previous: object, correlation: Correlation): ReadonlyArray<StatusCause> {
    const { status } = object as { readonly status?: unknown }
    const schema = this.props.properties?.["status"]
    const old = (previous as { readonly status?: unknown }).status
    if (schema === undefined || status === undefined || this.statusValid(status)) return none
    const before = correlation.key("status") ?? new Correlation(status, old, this.root.properties.get("status")!)
    return new Violations("status").find(schema, status, before)
  }

  /** Items that occur twice in sets and maps; none are reported if there were some before. */
  checkLists(object: object, previous?: object): ReadonlyArray<StatusCause> {
    if (this.isKnown(object as Fields)) return none
    // Where nothing but old parts has any, there were some before.
    if (previous !== undefined && this.duplicates(object, previous).length === 0) return none
    const found = this.duplicates(object)
    return found.length === 0 || previous === undefined || this.duplicates(previous).length === 0 ? found : none
  }

  /** What the rules of the schema have against an object. Without `previous`, rules that look back are left out. */
  checkRules(
    object: object,
    previous: object | undefined,
    correlation: Correlation | undefined,
    found: ReadonlyArray<StatusCause>,
    warnings: Array<string>
  ): ReadonlyArray<StatusCause> {
    this.rules ??= compileRules(this.root, true) ?? "none"
    if (this.rules === "none") return none
    if (found.some(({ reason }) => hindering.has(reason ?? ""))) return [notChecked]
    const findings = this.rules.check(object, previous, correlation)
    warnings.push(...findings.warnings)
    return findings.causes
  }

  /** Whether all parts of an object are as they should be, so that it needs no more than a look. */
  private isSound(object: Fields, previous: Fields | undefined): boolean {
    let all = !this.fills
    for (const name in object) {
      if (!isIdentity(name) && this.parts.get(name)?.isSound(object[name], previous?.[name]) !== true) all = false
    }
    return all && !this.embeds
  }

  /** Whether all parts were found to be as they should be. */
  private isKnown(object: Fields): boolean {
    for (const name in object) if (!isIdentity(name) && this.parts.get(name)?.isKnown(object[name]) !== true) return false
    return true
  }
}

const unknownField = (path: string): string => `unknown field "${path}"`

const inMetadata = (problem: string): string => problem.replace('field "', 'field "metadata.')
