/** Writes the list of built-in resources as the API server's discovery shows it. */

interface Subresource {
  readonly subresource: string
  readonly responseKind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly verbs: ReadonlyArray<string>
}

interface Resource {
  readonly resource: string
  readonly responseKind: { readonly kind: string }
  readonly scope: "Namespaced" | "Cluster"
  readonly singularResource: string
  readonly verbs: ReadonlyArray<string>
  readonly shortNames?: ReadonlyArray<string>
  readonly categories?: ReadonlyArray<string>
  readonly subresources?: ReadonlyArray<Subresource>
}

interface DiscoveryList {
  readonly items: ReadonlyArray<{
    readonly metadata: { readonly name?: string }
    readonly versions: ReadonlyArray<{ readonly version: string; readonly resources: ReadonlyArray<Resource> }>
  }>
}

/** The aggregated discovery documents of `/api` and `/apis`. */
export interface Discovery {
  readonly api: DiscoveryList
  readonly apis: DiscoveryList
}

const subresourceText = (sub: Subresource): string => {
  const { group, version, kind } = sub.responseKind
  return [sub.subresource, group === "" && version === "" ? kind : `${group}/${version}/${kind}`, sub.verbs.join(",")].join(":")
}

const resourceText = (resource: Resource): string =>
  [
    resource.resource,
    resource.singularResource,
    resource.responseKind.kind,
    resource.scope === "Namespaced" ? "N" : "C",
    resource.verbs.join(","),
    (resource.shortNames ?? []).join(","),
    (resource.categories ?? []).join(","),
    (resource.subresources ?? []).map(subresourceText).join(" ")
  ].join("|")

/** The module with one line for each group and version (`@group version`) and for each resource. */
export const resourcesModule = (discovery: Discovery): string => {
  const lines = [...discovery.api.items, ...discovery.apis.items].flatMap((group) =>
    group.versions.flatMap((version) => [`@${group.metadata.name ?? ""} ${version.version}`, ...version.resources.map(resourceText)])
  )
  return `
/** plural|singular|kind|scope|verbs|short names|categories|subresources, in the order of discovery. */
export const resourceLines = \`${lines.join("\n")}\`
`
}
