/** The annotation in which kubectl keeps what it applied from the client side, and what it means to server-side apply. */
import { isObject, type Fields } from "../builtin/Sharing.ts"
import { compare } from "./Compare.ts"
import { fieldsOf, problemsOf } from "./Configuration.ts"
import { difference, type FieldSet } from "./FieldSet.ts"
import type { FieldWrite } from "./ManagedFields.ts"

const annotation = "kubectl.kubernetes.io/last-applied-configuration"

/** All annotations of an object together may not be longer. */
const annotationsMax = 256 * 1024

const annotationsOf = (object: Fields): Fields | undefined => {
  const metadata = object["metadata"]
  return isObject(metadata) && isObject(metadata["annotations"]) ? metadata["annotations"] : undefined
}

/** The fields that still are as kubectl applied them from the client side: it may take those over. */
export const conflictsAllowedBy = (live: Fields, write: FieldWrite): FieldSet | undefined => {
  const text = annotationsOf(live)?.[annotation]
  if (typeof text !== "string" || text === "") return undefined
  const last = parsed(text)
  if (!isObject(last) || last["apiVersion"] !== write.apiVersion || problemsOf(write.schema, last) !== undefined) return undefined
  const { modified, added, removed } = compare(write.schema, last, live)
  return [modified, added, removed].reduce(difference, fieldsOf(write.schema, last))
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** An object that has the annotation gets a new one, of what was applied now. */
export const renewLastApplied = (object: Fields, config: Fields): Fields => {
  const annotations = annotationsOf(object)
  const old = annotations?.[annotation]
  if (annotations === undefined || typeof old !== "string" || old === "") return object
  const { [annotation]: _, ...rest } = annotations
  const text = `${sortedJson(withoutAnnotation(config))}\n`
  const size = Object.entries(rest).reduce((sum, [key, value]) => sum + key.length + String(value).length, annotation.length + text.length)
  const renewed = size > annotationsMax ? rest : { ...annotations, [annotation]: text }
  return { ...object, metadata: { ...(object["metadata"] as Fields), annotations: renewed } }
}

const withoutAnnotation = (config: Fields): Fields => {
  const annotations = annotationsOf(config)
  if (annotations === undefined) return config
  const { [annotation]: _, ...rest } = annotations
  return { ...config, metadata: { ...(config["metadata"] as Fields), annotations: rest } }
}

const escapes: Readonly<Record<string, string>> = { "<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029" }

/** JSON with sorted keys and the characters escaped that Go escapes. */
const sortedJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(",")}]`
  if (isObject(value)) return `{${Object.keys(value).sort().map((key) => `${sortedJson(key)}:${sortedJson(value[key])}`).join(",")}}`
  return (JSON.stringify(value) ?? "null").replace(/[<>&\u2028\u2029]/g, (char) => escapes[char] ?? char)
}
