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
import { type Structural, structuralRoot } from "./Structural.ts"
import { compileValidity, remembering, type Validity } from "./Validity.ts"
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
  private readonly settle: (object: Fields, previous?: Fields) => Fields
  private readonly props: SchemaProps
  private readonly valid: Validity
  private readonly statusValid: Validity
  private readonly duplicates: DuplicateSearch
  private readonly embeds: boolean
  /** Compiled when the first object comes. */
  private rules: ObjectRules | "none" | undefined

  constructor(props: SchemaProps) {
    this.props = props
    this.root = structuralRoot(props)
    this.normalise = compileNormalise(this.root) as (object: object) => Fields
    this.settle = compileObjects(this.root)
    this.prune = compileNormalise(this.root, { defaults: false }) as (object: object) => Fields
    // The metadata of a draft still changes after it was checked; everything else is what will be stored.
    const parts = new Map(Object.entries(props.properties ?? {}).map(([name, part]) =>
      [name, name === "metadata" ? compileValidity(part) : remembering(compileValidity(part))]))
    this.valid = compileValidity(props, parts)
    this.statusValid = parts.get("status") ?? always
    this.duplicates = compileDuplicates(this.root)
    this.embeds = embedsResources(this.root)
  }

  /** Takes in the fields of a document; `previous` lends parts of metadata that are equal, and saves looking again at what it shares. */
  read(fields: Fields, strict: boolean, previous?: KubeObject): ReadObject {
    const metadata = decode(objectMeta, fields["metadata"] ?? {}, { previous: previous?.metadata, strict })
    if (metadata.problem !== undefined) return { object: fields, strict: none, problem: metadata.problem }
    const sent = { ...fields, metadata: metadata.object }
    const pruned = this.settle(sent, previous as Fields | undefined)
    const texts = [...metadata.strict.map(inMetadata), ...(strict && pruned !== sent ? unknownFields(this.root, sent).map(unknownField) : none)]
    if (!this.embeds) return { object: pruned, strict: texts, problem: undefined }
    const { value, unknown, problem } = coerceEmbedded(this.root, pruned, strict)
    return { object: value as Fields, strict: [...texts, ...unknown.map(unknownField)], problem }
  }

  /** What the schema has against a new object. */
  checkNew(object: object): ReadonlyArray<StatusCause> {
    const causes = this.valid(object) ? none : new Violations().find(this.props, object)
    return [...causes, ...this.embedded(object)]
  }

  /** What the schema has against a changed object; what was wrong before may stay as it is. */
  checkChanged(object: object, correlation: Correlation): ReadonlyArray<StatusCause> {
    const causes = this.valid(object) ? none : new Violations().find(this.props, object, correlation)
    return [...causes, ...this.embedded(object)]
  }

  /** The same for a write to the status, which is checked alone. */
  checkStatus(object: object, previous: object, correlation: Correlation): ReadonlyArray<StatusCause> {
    const { status } = object as { readonly status?: unknown }
    const schema = this.props.properties?.["status"]
    const old = (previous as { readonly status?: unknown }).status
    if (schema === undefined || status === undefined || this.statusValid(status, old)) return none
    const before = correlation.key("status") ?? new Correlation(status, old, this.root.properties.get("status")!)
    return new Violations("status").find(schema, status, before)
  }

  /** Items that occur twice in sets and maps; none are reported if there were some before. */
  checkLists(object: object, previous?: object): ReadonlyArray<StatusCause> {
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

  private embedded(object: object): ReadonlyArray<StatusCause> {
    return this.embeds ? checkEmbedded(this.root, object) : none
  }
}

const unknownField = (path: string): string => `unknown field "${path}"`

const inMetadata = (problem: string): string => problem.replace('field "', 'field "metadata.')
