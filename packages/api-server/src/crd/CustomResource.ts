/** Turns the versions of a definition into served resources. */
import type { KubeObject } from "@fairlead/kube"
import { compileJsonPath, printJsonValue } from "../internal/jsonPath.ts"
import { byVersion } from "../internal/versionOrder.ts"
import { selectableFields, type SelectableFields } from "../rest/FieldSelector.ts"
import type { ServedResource, ServedSubresource } from "../ServedResource.ts"
import type { Collection } from "../store/Collection.ts"
import type { ScalePaths } from "../subresources/Scale.ts"
import { conversionBetween, type ConvertedVersions } from "./Conversions.ts"
import { customRules } from "./CustomRules.ts"
import type { Definition, DefinitionVersion } from "./Definition.ts"
import { schemaNodeOf } from "./SchemaNodes.ts"
import type { SchemaProps } from "./SchemaProps.ts"
import { VersionSchema } from "./VersionSchema.ts"
import { WebhookConverter } from "./WebhookConversion.ts"

/** Verbs of custom resources, in the order of discovery. */
const verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"] as const

/** Stands in for the schema of versions from before schemas were required. */
const anything: SchemaProps = { type: "object", "x-kubernetes-preserve-unknown-fields": true }

/** One resource for each version, served or not, under the names that were accepted. */
export const resourcesOf = (definition: Definition, collection: Collection): ReadonlyArray<ServedResource> => {
  const { group, scope, versions } = definition.spec
  const names = definition.status.acceptedNames
  const storage = versions.find((version) => version.storage)!
  const schemas = new Map(versions.map(({ name, schema }) => [name, new VersionSchema((schema?.openAPIV3Schema ?? anything) as SchemaProps)]))
  const { conversion } = definition.spec
  const converted: ConvertedVersions = {
    group,
    storage: storage.name,
    schemas,
    converter: conversion?.strategy === "Webhook" ? new WebhookConverter(conversion) : undefined,
    watched: () => (collection.watchers.size === 0 ? [] : versions.filter((version) => version.served && version !== storage).map(({ name }) => name))
  }
  const terminating = definition.metadata.deletionTimestamp !== undefined
  return versions.map((version) => {
    const schema = schemas.get(version.name)!
    const scale = scaleOf(version)
    const plain = versions.length === 1 && collection.size === 0 && !defaultsStatus(version, schema)
    return {
      group,
      version: version.name,
      plural: definition.spec.names.plural,
      singular: names.singular ?? names.kind.toLowerCase(),
      kind: names.kind,
      listKind: names.listKind ?? `${names.kind}List`,
      apiVersion: `${group}/${version.name}`,
      namespaced: scope === "Namespaced",
      verbs,
      shortNames: names.shortNames ?? [],
      categories: names.categories ?? [],
      subresources: subresourcesOf(version, names.kind),
      scale,
      printerColumns: version.additionalPrinterColumns,
      collection,
      schema: schemaNodeOf(schema.root),
      rules: customRules({ schema, hasStatus: version.subresources?.status !== undefined, scale, fields: fieldsOf(version, scope === "Namespaced"), terminating }),
      conversion: plain ? undefined : conversionBetween(converted, version.name),
      custom: true,
      customSchema: schema,
      deprecation: deprecationOf(group, names.kind, version, versions)
    }
  })
}

/** A status that is dropped from new objects comes back as its default when they are read. */
const defaultsStatus = ({ subresources }: DefinitionVersion, { root }: VersionSchema): boolean =>
  subresources?.status !== undefined && root.properties.get("status")?.default !== undefined

const fieldsOf = ({ selectableFields: declared = [] }: DefinitionVersion, namespaced: boolean): SelectableFields => {
  const readers = declared.map(({ jsonPath }) => {
    const find = compileJsonPath(jsonPath)
    return [jsonPath.replace(/^\./, ""), (object: KubeObject) => {
      const value = find?.(object)[0]
      return value === undefined || value === null ? "" : printJsonValue(value)
    }] as const
  })
  const named = selectableFields(Object.fromEntries(readers))
  if (namespaced) return named
  const { "metadata.namespace": _, ...rest } = named.readers
  return { ...named, readers: rest }
}

/** A deprecated version points to the newest served one that is not. */
const deprecationOf = (group: string, kind: string, version: DefinitionVersion, all: ReadonlyArray<DefinitionVersion>): string | undefined => {
  if (version.deprecated !== true) return undefined
  if (version.deprecationWarning !== undefined) return version.deprecationWarning
  const text = `${group}/${version.name} ${kind} is deprecated`
  const [successor] = all.filter((it) => it.served && it.deprecated !== true).map(({ name }) => name).sort(byVersion)
  return successor === undefined || byVersion(successor, version.name) > 0 ? text : `${text}; use ${group}/${successor} ${kind}`
}

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
