/** Which resources the server knows: the built-in ones from the start, custom ones as definitions come and go. */
import { resourceLines } from "./builtin/Resources.generated.ts"
import { schemaOf } from "./builtin/Builtin.ts"
import { untypedAtomic } from "./builtin/SchemaNode.ts"
import { eventConversion } from "./kinds/EventConversion.ts"
import { byVersion } from "./internal/versionOrder.ts"
import { rulesOf } from "./kinds/BuiltinRules.ts"
import type { ServedResource, ServedSubresource } from "./ServedResource.ts"
import type { Collection } from "./store/Collection.ts"
import type { Store } from "./store/Store.ts"

/** Finds resources by group, version and plural name. */
export class ResourceCatalog {
  private readonly builtinGroups = new Set<string>()
  private readonly remote = new Set<string>()
  private readonly byGroup = new Map<string, Map<string, Map<string, ServedResource>>>()

  constructor(store: Store) {
    for (const resource of builtinResources((group, plural) => store.collection({ group, plural }))) {
      this.builtinGroups.add(resource.group)
      this.add(resource)
    }
  }

  /** Whether a group is there in every cluster. */
  isBuiltin(group: string): boolean {
    return this.builtinGroups.has(group)
  }

  find(group: string, version: string, plural: string): ServedResource | undefined {
    return this.byGroup.get(group)?.get(version)?.get(plural)
  }

  /** Names of the groups, in the order of discovery. */
  groups(): ReadonlyArray<string> {
    return [...this.byGroup.keys()]
  }

  /** Versions of a group, the preferred one first. */
  versions(group: string): ReadonlyArray<string> {
    const versions = [...(this.byGroup.get(group)?.keys() ?? [])]
    return this.isBuiltin(group) ? versions : versions.sort(byVersion)
  }

  /** Resources of a group and version. */
  resources(group: string, version: string): ReadonlyArray<ServedResource> {
    return [...(this.byGroup.get(group)?.get(version)?.values() ?? [])]
  }

  /** Whether anything is served under an apiVersion. */
  servesVersion(apiVersion: string): boolean {
    const slash = apiVersion.indexOf("/")
    return this.byGroup.get(slash < 0 ? "" : apiVersion.slice(0, slash))?.has(apiVersion.slice(slash + 1)) ?? false
  }

  /** The resource that serves objects of an apiVersion and kind. */
  findKind(apiVersion: string, kind: string): ServedResource | undefined {
    const slash = apiVersion.indexOf("/")
    const group = slash < 0 ? "" : apiVersion.slice(0, slash)
    return this.resources(group, apiVersion.slice(slash + 1)).find((resource) => resource.kind === kind)
  }

  /** Serves a resource from now on, in place of one of the same name. */
  add(resource: ServedResource): void {
    let versions = this.byGroup.get(resource.group)
    if (versions === undefined) this.byGroup.set(resource.group, (versions = new Map()))
    let resources = versions.get(resource.version)
    if (resources === undefined) versions.set(resource.version, (resources = new Map()))
    resources.set(resource.plural, resource)
    const key = `${resource.group}/${resource.version}/${resource.plural}`
    if (resource.conversion?.remote === undefined) this.remote.delete(key)
    else this.remote.add(key)
  }

  /** Whether somebody outside the server converts objects of any resource. */
  get asksOutside(): boolean {
    return this.remote.size > 0
  }

  /** Serves a resource no longer. Groups and versions without resources go too. */
  remove(group: string, version: string, plural: string): void {
    const versions = this.byGroup.get(group)
    const resources = versions?.get(version)
    resources?.delete(plural)
    this.remote.delete(`${group}/${version}/${plural}`)
    if (resources?.size === 0) versions?.delete(version)
    if (versions?.size === 0) this.byGroup.delete(group)
  }
}

/** Two groups show the same events; they are stored once. */
const storedWith: Readonly<Record<string, string>> = { "events.k8s.io": "" }

const builtinResources = (collection: (group: string, plural: string) => Collection): ReadonlyArray<ServedResource> => {
  const resources: Array<ServedResource> = []
  let group = ""
  let version = ""
  for (const line of resourceLines.split("\n")) {
    if (line.startsWith("@")) {
      const words = line.slice(1).split(" ")
      group = words[0]!
      version = words[1]!
      continue
    }
    const [plural, singular, kind, scope, verbs, shortNames, categories, subresources] = line.split("|") as [
      string, string, string, string, string, string, string, string
    ]
    resources.push({
      group,
      version,
      plural,
      singular,
      kind,
      listKind: `${kind}List`,
      apiVersion: group === "" ? version : `${group}/${version}`,
      namespaced: scope === "N",
      verbs: words(verbs),
      shortNames: words(shortNames),
      categories: words(categories),
      subresources: readSubresources(subresources),
      collection: collection(storedWith[group] ?? group, plural),
      schema: schemaOf(group, version, kind) ?? untypedAtomic,
      conversion: group === "events.k8s.io" ? eventConversion : undefined,
      rules: rulesOf(group, plural),
      custom: false,
      deprecation: deprecations[`${group}/${plural}`]
    })
  }
  return resources
}

const words = (text: string): ReadonlyArray<string> => (text === "" ? [] : text.split(","))

const deprecations: Readonly<Record<string, string>> = {
  "/endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  "/componentstatuses": "v1 ComponentStatus is deprecated in v1.19+"
}

const readSubresources = (text: string): ReadonlyMap<string, ServedSubresource> => {
  const subresources = new Map<string, ServedSubresource>()
  for (const entry of text === "" ? [] : text.split(" ")) {
    const [name, kindPath, verbs] = entry.split(":") as [string, string, string]
    const parts = kindPath.split("/")
    const [group, version] = parts.length === 3 ? [parts[0]!, parts[1]!] : ["", ""]
    subresources.set(name, { name, kind: { group, version, kind: parts.at(-1)! }, verbs: words(verbs) })
  }
  return subresources
}
