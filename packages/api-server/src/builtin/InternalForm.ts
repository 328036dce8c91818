/** Objects as the API server holds them inside: some error messages print them so. */
import { internalLines } from "./Internals.generated.ts"
import { isObject, type Fields } from "./Sharing.ts"

interface InternalField {
  /** Go name; `~` for an embedded struct, whose fields stand beside the others. */
  readonly name: string
  readonly json: string
  readonly code: string
}

let types: Map<string, ReadonlyArray<InternalField>> | undefined

const readTypes = (): Map<string, ReadonlyArray<InternalField>> =>
  new Map(internalLines.split("\n").map((line) => {
    const colon = line.indexOf(":")
    const fields = line.slice(colon + 1).split(";").filter((text) => text !== "").map((text) => {
      const [name = "", json = "", code = ""] = text.split(" ")
      return name.startsWith("~") ? { name: "~", json: name.slice(1), code: code === "" ? json : code } : { name, json, code }
    })
    return [line.slice(0, colon), fields]
  }))

const form = (code: string, value: unknown): unknown => {
  switch (code[0]) {
    case "s":
      return value ?? ""
    case "b":
      return value ?? false
    case "i":
    case "o":
      return value ?? 0
    case "q":
      return value ?? "0"
    case "j":
      return value ?? null
    case "*":
      return value === undefined || value === null ? null : form(code.slice(1), value)
    case "[":
      return Array.isArray(value) ? value.map((item) => form(code.slice(1), item)) : null
    case "{":
      return isObject(value) ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, form(code.slice(1), value[key])])) : null
    default:
      return internalForm(code, value)
  }
}

/** A published object of an internal type such as `core.PodSpec`, in its internal form. */
export const internalForm = (type: string, value: unknown): Fields => {
  const source = type === "core.PodSpec" ? withHostNamespaces(isObject(value) ? value : {}) : isObject(value) ? value : {}
  const out: Fields = {}
  for (const field of (types ??= readTypes()).get(type) ?? []) {
    if (field.name !== "~") out[field.name] = form(field.code, source[field.json])
    else Object.assign(out, field.code === "j" ? source[field.json] : internalForm(field.code, source))
  }
  return out
}

/** Inside, the namespaces that a pod shares with its host belong to its security context. */
const withHostNamespaces = (spec: Fields): Fields => {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers } = spec
  return { ...spec, securityContext: { ...(spec["securityContext"] as Fields | undefined), hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers } }
}

/** JSON as Go indents it by one space. */
export const indented = (value: unknown): string => JSON.stringify(value, null, 1)
