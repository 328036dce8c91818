/** Definitions in the form in which the original checks them: what all versions share stands beside the versions. */
import { jsonEqual } from "@fairlead/kube"
import type { DefinitionSpec, DefinitionVersion } from "./Definition.ts"

/** What versions can share. */
type Shared = Pick<DefinitionVersion, "schema" | "subresources" | "additionalPrinterColumns" | "selectableFields">

/** A spec whose versions hold only what sets them apart. */
export interface DefinitionForm {
  readonly shared: Shared
  readonly versions: ReadonlyArray<DefinitionVersion>
}

const parts = ["schema", "subresources", "additionalPrinterColumns", "selectableFields"] as const

/** Takes out of the versions what is the same in all of them. */
export const formOf = (spec: { readonly versions: DefinitionSpec["versions"] | null }): DefinitionForm => {
  const versions = spec.versions ?? []
  const first = versions[0]
  if (first === undefined) return { shared: {}, versions }
  const common = parts.filter((part) => versions.every((version) => jsonEqual(plain(version[part]), plain(first[part]))))
  return {
    shared: Object.fromEntries(common.flatMap((part) => (first[part] === undefined ? [] : [[part, first[part]]]))),
    versions: versions.map((version) => Object.fromEntries(Object.entries(version).filter(([name]) => !common.includes(name as never))) as unknown as DefinitionVersion)
  }
}

/** Empty lists count as missing. */
const plain = (value: unknown): unknown => (value === undefined || (Array.isArray(value) && value.length === 0) ? null : value)
