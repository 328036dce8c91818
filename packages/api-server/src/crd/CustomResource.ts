/** Turns the versions of a definition into served resources. */
import type { KubeObject } from "@fairlead/kube"
import { objectMeta } from "../builtin/Builtin.ts"
import { deduced, field, scalar, type SchemaNode, struct } from "../builtin/SchemaNode.ts"
import type { Draft } from "../Draft.ts"
import type { Causes } from "../FieldCause.ts"
import { deepEqual } from "../internal/deepEqual.ts"
import { subdomainErrors } from "../internal/nameRules.ts"
import { kindRules, type KindRules } from "../rest/KindRules.ts"
import { checkMetadata, checkMetadataUpdate } from "../rest/MetadataRules.ts"
import { selectableFields } from "../rest/FieldSelector.ts"
import type { Conversion, ServedResource, ServedSubresource } from "../ServedResource.ts"
import type { ScalePaths } from "../subresources/Scale.ts"
import type { Collection } from "../store/Collection.ts"
import type { Definition, DefinitionVersion } from "./Definition.ts"

/** Verbs of custom resources, in the order of discovery. */
const verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"] as const

/** One resource for each served version. */
export const servedVersions = (definition: Definition, collection: Collection): ReadonlyArray<ServedResource> => {
  const { group, names, scope, versions } = definition.spec
  const storage = versions.find((version) => version.storage)!
  return versions.filter((version) => version.served).map((version) => ({
    group,
    version: version.name,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    apiVersion: `${group}/${version.name}`,
    namespaced: scope === "Namespaced",
    verbs,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    subresources: subresourcesOf(version, names.kind),
    scale: scaleOf(version),
    printerColumns: version.additionalPrinterColumns,
    collection,
    schema: openSchema,
    rules: rulesOf(version),
    conversion: conversionOf(group, version, storage),
    custom: true,
    deprecation: version.deprecated === true ? (version.deprecationWarning ?? `${group}/${version.name} ${names.kind} is deprecated`) : undefined
  }))
}

/** Metadata as everywhere, everything else as it comes. */
const openSchema: SchemaNode = struct(() => [
  field("apiVersion", scalar("string", "string")),
  field("kind", scalar("string", "string")),
  field("metadata", objectMeta)
], { unknown: deduced })

const subresourcesOf = ({ subresources }: DefinitionVersion, kind: string): ReadonlyMap<string, ServedSubresource> => {
  const served = new Map<string, ServedSubresource>()
  const verbsOf = ["get", "patch", "update"]
  if (subresources?.status !== undefined) served.set("status", { name: "status", kind: { group: "", version: "", kind }, verbs: verbsOf })
  if (subresources?.scale !== undefined) {
    served.set("scale", { name: "scale", kind: { group: "autoscaling", version: "v1", kind: "Scale" }, verbs: verbsOf })
  }
  return served
}

const keysOf = (path: string): ReadonlyArray<string> => path.replace(/^\./, "").split(".")

const scaleOf = ({ subresources }: DefinitionVersion): ScalePaths | undefined => {
  const scale = subresources?.scale
  if (scale === undefined) return undefined
  const selector = scale.labelSelectorPath
  return { spec: keysOf(scale.specReplicasPath), status: keysOf(scale.statusReplicasPath), selector: selector === undefined ? undefined : keysOf(selector) }
}

/** Versions differ in their apiVersion only; converted objects are made once each. */
const conversionOf = (group: string, version: DefinitionVersion, storage: DefinitionVersion): Conversion | undefined => {
  if (version.name === storage.name) return undefined
  return {
    fromStored: relabel(`${group}/${version.name}`),
    toStored: relabel(`${group}/${storage.name}`)
  }
}

const relabel = (apiVersion: string): ((object: KubeObject) => KubeObject) => {
  const made = new WeakMap<KubeObject, KubeObject>()
  return (object) => {
    if (object.apiVersion === apiVersion) return object
    let other = made.get(object)
    if (other === undefined) {
      other = { ...object, apiVersion }
      made.set(object, other)
    }
    return other
  }
}

const rulesOf = (version: DefinitionVersion): KindRules => {
  const hasStatus = version.subresources?.status !== undefined
  return kindRules({
    allowUnconditionalUpdate: false,
    hasGeneration: true,
    hasStatus,
    fields: selectableFields({}),
    ...(hasStatus ? {} : { bumpsGeneration: anythingButMetadata }),
    prepareCreate: (draft) => {
      if (hasStatus) delete draft["status"]
    },
    validateCreate: (draft, call) => {
      const causes: Causes = []
      checkMetadata(draft.metadata, call.resource.namespaced, subdomainErrors, causes)
      return causes
    },
    validateUpdate: (draft, previous) => {
      const causes: Causes = []
      checkMetadataUpdate(draft.metadata, previous.metadata, causes)
      return causes
    }
  })
}

const anythingButMetadata = (next: Draft, previous: KubeObject): boolean => {
  const before = previous as unknown as Draft
  const keys = new Set([...Object.keys(next), ...Object.keys(before)])
  keys.delete("metadata")
  return [...keys].some((key) => !deepEqual(next[key], before[key]))
}
