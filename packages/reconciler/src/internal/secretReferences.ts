/** Secrets travel to the admission webhook by reference: annotations that name them, and a label that asks for them. */
import { Idl, Names } from "@fairlead/core"

/** Asks the webhook to look at a pod; its value is `true`. */
export const secretsLabel = "inject-flyte-secrets"

/** A string literal of protobuf's text format: bytes outside of printable ASCII as octal escapes. */
const quote = (text: string): string => {
  let out = ""
  for (const byte of new TextEncoder().encode(text)) {
    const char = String.fromCharCode(byte)
    if (char === "\"" || char === "\\") out += `\\${char}`
    else out += byte >= 0x20 && byte < 0x7f ? char : `\\${byte.toString(8).padStart(3, "0")}`
  }
  return `"${out}"`
}

const mountNames: { readonly [value: number]: string } = {
  [Idl.Secret_MountType.ENV_VAR]: "ENV_VAR",
  [Idl.Secret_MountType.FILE]: "FILE"
}

/** The text format of a `core.Secret`; fields with their default value are left out. */
export const toTextFormat = (secret: Idl.Secret): string => {
  const texts: ReadonlyArray<readonly [string, string]> = [["group", secret.group], ["group_version", secret.groupVersion], ["key", secret.key]]
  const lines = texts.filter(([, value]) => value !== "").map(([name, value]) => `${name}: ${quote(value)}\n`)
  const mount = mountNames[secret.mountRequirement]
  if (mount !== undefined) lines.push(`mount_requirement: ${mount}\n`)
  if (secret.envVar !== "") lines.push(`env_var: ${quote(secret.envVar)}\n`)
  return lines.join("")
}

/** One annotation for each secret, in order. */
export const secretAnnotations = (secrets: ReadonlyArray<Idl.Secret>): { readonly [key: string]: string } =>
  Object.fromEntries(secrets.map((secret, index) => [`flyte.secrets/s${index}`, Names.base32(new TextEncoder().encode(toTextFormat(secret)))]))
