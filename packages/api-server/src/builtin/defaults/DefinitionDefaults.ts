/** Defaults of custom resource definitions. */
import type { Defaults } from "../Decode.ts"
import { type Fields, isObject } from "../Sharing.ts"

/** Names follow from the kind, and versions differ in nothing but their schema. */
const spec: Defaults = (out) => {
  out["conversion"] ??= { strategy: "None" }
  const { names } = out
  if (!isObject(names)) return
  const kind = typeof names["kind"] === "string" ? names["kind"] : ""
  const added: Fields = {}
  if (isMissing(names["singular"]) && kind !== "") added["singular"] = kind.toLowerCase()
  if (isMissing(names["listKind"]) && kind !== "") added["listKind"] = `${kind}List`
  for (const _ in added) {
    out["names"] = { ...names, ...added }
    return
  }
}

/** Objects are stored in the storage version, at least. */
const definition: Defaults = (out) => {
  const { status, spec: of } = out
  if (!isObject(status) || !isObject(of) || !Array.isArray(of["versions"])) return
  if (Array.isArray(status["storedVersions"]) && status["storedVersions"].length > 0) return
  const storage = (of["versions"] as ReadonlyArray<unknown>).find((version) => isObject(version) && version["storage"] === true) as Fields | undefined
  if (storage !== undefined) out["status"] = { ...status, storedVersions: [storage["name"]] }
}

const service: Defaults = (out) => {
  out["port"] ??= 443
}

const isMissing = (value: unknown): boolean => value === undefined || value === ""

/** By Go type. */
export const definitionRules: Readonly<Record<string, Defaults>> = {
  "apiextensions/v1.CustomResourceDefinition": definition,
  "apiextensions/v1.CustomResourceDefinitionSpec": spec,
  "apiextensions/v1.ServiceReference": service
}
