/** What the expressions of mutations may use besides what all expressions may. */
import type { Extension } from "../../cel/Environment.ts"
import { declare } from "../../cel/functions/Declare.ts"
import { dynType, objectType, openObjectType, stringType } from "../../cel/types/Type.ts"

/** The type of one operation of a JSON patch. */
export const jsonPatchType = objectType("JSONPatch", new Map([["op", stringType], ["path", stringType], ["from", stringType], ["value", dynType]]))

/** The type of an apply configuration. */
export const configurationType = openObjectType("Object")

const escapeKey = declare("jsonpatch.escapeKey(string) -> string", (key: string) => key.replaceAll("~", "~0").replaceAll("/", "~1"))

/** Operations of patches, `Object` with its parts, and a function that escapes keys of paths. */
export const patchExtension: Extension = {
  functions: new Map([[escapeKey.name, [escapeKey]]]),
  object: (name) => {
    if (name === "JSONPatch") return jsonPatchType
    return name === "Object" || name.startsWith("Object.") ? openObjectType(name) : undefined
  }
}
