/** OpenAPI documents of custom resources: the paths of a built-in kind like them, under their names. */
import type { KubeObject } from "@fairlead/kube"
import type { Definition, DefinitionVersion } from "../crd/Definition.ts"
import type { OpenApiSource } from "./Compose.ts"
import type { Fields } from "./Transform.ts"

/** One version of a custom resource, as documents show it. */
export interface CustomKind {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly listKind: string
  readonly namespaced: boolean
  /** `com.example.v1.Widget`. */
  readonly schemaName: string
  readonly definition: DefinitionVersion
}

/** Served versions of the definitions in the store. */
export const customKinds = (definitions: ReadonlyArray<KubeObject>): ReadonlyArray<CustomKind> =>
  (definitions as ReadonlyArray<Definition>).flatMap(({ spec, status }) => {
    if (!(status.conditions ?? []).some(({ type, status: holds }) => type === "Established" && holds === "True")) return []
    const { group, names, scope } = spec
    const reversed = group.split(".").toReversed().join(".")
    return spec.versions.filter(({ served }) => served).map((definition) => ({
      group,
      version: definition.name,
      plural: names.plural,
      kind: names.kind,
      listKind: names.listKind ?? `${names.kind}List`,
      namespaced: scope === "Namespaced",
      schemaName: `${reversed}.${definition.name}.${names.kind}`,
      definition
    }))
  })

/** Built-in kinds whose paths serve as patterns. */
const namespacedPattern = { group: "coordination.k8s.io", plural: "leases", kind: "Lease", tag: "coordination", schema: "io.k8s.api.coordination.v1.Lease" } as const
const clusterPattern = { group: "scheduling.k8s.io", plural: "priorityclasses", kind: "PriorityClass", tag: "scheduling", schema: "io.k8s.api.scheduling.v1.PriorityClass" } as const

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** Paths of a custom resource in the form of version 2. */
export const customPaths = ({ paths }: OpenApiSource, custom: CustomKind): { readonly [path: string]: Fields } => {
  const pattern = custom.namespaced ? namespacedPattern : clusterPattern
  const tag = custom.group.replace(/[^A-Za-z0-9]/g, "_")
  const idOf = (text: string): string => text.split(/[^A-Za-z0-9]/).map(capital).join("")
  const rewrite = (text: string): string =>
    text
      .replaceAll(pattern.schema, custom.schemaName)
      .replaceAll(`/${pattern.group}/v1/`, `/${custom.group}/${custom.version}/`)
      .replaceAll(`"group":"${pattern.group}","kind":"${pattern.kind}","version":"v1"`, `"group":"${custom.group}","kind":"${custom.kind}","version":"${custom.version}"`)
      .replaceAll(`${pattern.tag}_v1`, `${tag}_${custom.version}`)
      .replaceAll(`${capital(pattern.tag)}V1`, `${idOf(custom.group)}${capital(custom.version)}`)
      .replaceAll(`/${pattern.plural}`, `/${custom.plural}`)
      .replaceAll(pattern.kind, custom.kind)
      .replaceAll(',"application/strategic-merge-patch+json"', "")
      .replaceAll(',"application/vnd.kubernetes.protobuf;stream=watch"', "")
      .replaceAll(',"application/vnd.kubernetes.protobuf"', "")
  const own = Object.entries(paths).filter(([path]) => path.startsWith(`/apis/${pattern.group}/v1/`) && path.includes(`/${pattern.plural}`) && !path.includes("/watch/"))
  const made: Record<string, Fields> = {}
  for (const [path, value] of own) made[rewrite(path)] = JSON.parse(rewrite(JSON.stringify(value))) as Fields
  const object = Object.entries(made).find(([path]) => path.endsWith("/{name}"))
  if (object !== undefined) {
    const { delete: _delete, ...shown } = object[1]
    for (const name of ["status", "scale"] as const) {
      if (custom.definition.subresources?.[name] !== undefined) made[`${object[0]}/${name}`] = named(shown, custom.kind, capital(name))
    }
  }
  return made
}

/** The operations of an object under the names of a subresource. */
const named = (path: Fields, kind: string, subresource: string): Fields =>
  JSON.parse(JSON.stringify(path).replace(/("operationId":"[^"]*?)"/g, `$1${subresource}"`).replaceAll(`the specified ${kind}`, `${subresource.toLowerCase()} of the specified ${kind}`)) as Fields

const metaRef = { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" } as const
const listMetaRef = { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta" } as const

/** Schemas of a custom resource and its list in the form of version 3. */
export const customSchemas = ({ schemas }: OpenApiSource, custom: CustomKind): { readonly [name: string]: Fields } => {
  const builtin = (schemas["io.k8s.api.core.v1.ConfigMap"] ?? {})["properties"] as Fields
  const list = (schemas["io.k8s.api.core.v1.ConfigMapList"] ?? {})["properties"] as Fields
  const own = (custom.definition.schema?.openAPIV3Schema ?? { type: "object" }) as Fields
  const properties = (own["properties"] ?? {}) as Fields
  const kindOf = (kind: string): ReadonlyArray<Fields> => [{ group: custom.group, kind, version: custom.version }]
  return {
    [custom.schemaName]: {
      ...own,
      type: "object",
      properties: {
        ...properties,
        apiVersion: builtin["apiVersion"],
        kind: builtin["kind"],
        metadata: { description: "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata", allOf: [metaRef] }
      },
      "x-kubernetes-group-version-kind": kindOf(custom.kind)
    },
    [`${custom.schemaName}List`]: {
      description: `${custom.listKind} is a list of ${custom.kind}`,
      type: "object",
      required: ["items"],
      properties: {
        apiVersion: list["apiVersion"],
        kind: list["kind"],
        items: { description: `List of ${custom.plural}. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md`, type: "array", items: { allOf: [{ $ref: `#/components/schemas/${custom.schemaName}` }], default: {} } },
        metadata: { description: "Standard list metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds", allOf: [listMetaRef] }
      },
      "x-kubernetes-group-version-kind": kindOf(custom.listKind)
    }
  }
}
