/** Resources as the API serves them: one version of a kind, with what can be done to it. */
import type { KubeObject } from "@fairlead/kube"
import type { SchemaNode } from "./builtin/SchemaNode.ts"
import type { Draft } from "./Draft.ts"
import type { KindRules } from "./rest/KindRules.ts"
import type { ScalePaths } from "./subresources/Scale.ts"
import type { Collection } from "./store/Collection.ts"

/** A subresource such as `status` or `scale`. */
export interface ServedSubresource {
  readonly name: string
  /** Kind of its body; group and version are empty where they are those of the resource. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly verbs: ReadonlyArray<string>
}

/** A column that a custom resource declares for its table. */
export interface PrinterColumn {
  readonly name: string
  readonly type: string
  readonly jsonPath: string
  readonly format?: string
  readonly description?: string
  readonly priority?: number
}

/** How stored objects become those of a served version and back. */
export interface Conversion {
  readonly fromStored: (object: KubeObject) => KubeObject
  readonly toStored: (object: KubeObject) => KubeObject
  /** Given where somebody outside the server converts: then all objects of a list are converted at once, and new ones for all who watch. */
  readonly remote?: {
    readonly allFromStored: (objects: ReadonlyArray<KubeObject>) => void
    readonly foresee: (stored: KubeObject) => void
  } | undefined
}

/** A document of a custom resource in the form that the schema of its version gives it. */
export interface CustomDocument {
  readonly object: { [field: string]: unknown }
  /** Texts of unknown fields, if asked for. */
  readonly strict: ReadonlyArray<string>
  /** Go's error for metadata that does not fit its type. */
  readonly problem: string | undefined
}

/** Reads documents of a custom resource by the schema of a version. */
export interface CustomSchema {
  /** `previous` lends parts of its metadata that are equal. */
  readonly read: (fields: { [field: string]: unknown }, strict: boolean, previous?: KubeObject) => CustomDocument
}

/** A resource under one group and version. */
export interface ServedResource {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly listKind: string
  readonly apiVersion: string
  readonly namespaced: boolean
  readonly verbs: ReadonlyArray<string>
  readonly shortNames: ReadonlyArray<string>
  readonly categories: ReadonlyArray<string>
  readonly subresources: ReadonlyMap<string, ServedSubresource>
  readonly collection: Collection
  /** How its objects are decoded. */
  readonly schema: SchemaNode
  readonly rules: KindRules
  /** Left out where the stored form is the served one. */
  readonly conversion?: Conversion | undefined
  /** Columns that a custom resource declares. */
  readonly printerColumns?: ReadonlyArray<PrinterColumn> | undefined
  /** Where a custom resource with a scale keeps its replicas. */
  readonly scale?: ScalePaths | undefined
  /** True for resources that a definition brought in. */
  readonly custom: boolean
  /** How documents of a custom resource are read. */
  readonly customSchema?: CustomSchema | undefined
  /** Text of the warning that every answer carries. */
  readonly deprecation?: string | undefined
}

/** The served form of a stored object. */
export const toServed = (resource: ServedResource, object: KubeObject): KubeObject =>
  resource.conversion === undefined ? object : resource.conversion.fromStored(object)

/** The stored form of a served object, of the caller's own. */
export const toStored = ({ conversion }: ServedResource, draft: Draft): Draft => {
  if (conversion === undefined) return draft
  const stored = { ...conversion.toStored(draft as unknown as KubeObject) }
  conversion.remote?.foresee(stored)
  return stored as unknown as Draft
}
