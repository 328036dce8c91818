/** Names of everything that a task gets: objects, labels, runs, folders. The rules are Flyte's, so both engines find each other's work. */
import { Data, Result } from "effect"
import { fnv1a32, fnv1aBytes, type FnvBits } from "./internal/fnv.ts"
import { partsOf } from "./Uris.ts"

/** A limit is too small even for a hashed name. `hashed` is the shortest name that could be made. */
export class NameLimitTooSmall extends Data.TaggedError("NameLimitTooSmall")<{
  readonly name: string
  readonly limit: number
  readonly hashed: string
}> {
  override get message(): string {
    return `no name for "${this.name}" fits into ${this.limit} characters; allow at least ${this.hashed.length}`
  }
}

/** A URI that folders of outputs cannot be derived from. */
export class OutputBaseInvalid extends Data.TaggedError("OutputBaseInvalid")<{ readonly uri: string }> {
  override get message(): string {
    return `"${this.uri}" is not a URI with a scheme; write for example s3://bucket/folder or file:///folder`
  }
}

const alphabet = "abcdefghijklmnopqrstuvwxyz123456"

/** Base32 in lower case without padding, with the alphabet that Flyte puts in names and annotations. */
export const base32 = (bytes: Uint8Array): string => {
  let out = ""
  let buffer = 0
  let bits = 0
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xffff
    for (bits += 8; bits >= 5; bits -= 5) out += alphabet[(buffer >> (bits - 5)) & 31]
  }
  return bits === 0 ? out : out + alphabet[(buffer << (5 - bits)) & 31]
}

const byteLength = (text: string): number => new TextEncoder().encode(text).length

/**
 * Shortens a name that is longer than `limit` to `f` and a hash of it: 8 characters for 32 bits, 14 for 64, 27 for 128.
 * A name within the limit stays as it is.
 */
export const fixedLengthUniqueId = (name: string, limit: number, bits: FnvBits = 32): Result.Result<string, NameLimitTooSmall> => {
  if (name.length <= limit && byteLength(name) <= limit) return Result.succeed(name)
  const hashed = `f${base32(fnv1aBytes(name, bits))}`
  return hashed.length > limit ? Result.fail(new NameLimitTooSmall({ name, limit, hashed })) : Result.succeed(hashed)
}

/** The same for parts, which are joined by `-` first; empty leading parts leave no dash. */
export const fixedLengthUniqueIdForParts = (
  parts: ReadonlyArray<string>,
  limit: number,
  bits: FnvBits = 32
): Result.Result<string, NameLimitTooSmall> =>
  fixedLengthUniqueId(parts.reduce((joined, part) => (joined === "" ? part : `${joined}-${part}`), ""), limit, bits)

/** Longest name that Kubernetes allows for most objects. */
export const dns1123SubdomainLengthMax = 253
const uniqueIdLengthMax = 30

const dns1123Label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const dns1123Subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const dns1035Label = /^[a-z]([-a-z0-9]*[a-z0-9])?$/

/** True for names of containers and namespaces: lower case letters, digits and inner dashes, up to 63. */
export const isDns1123Label = (name: string): boolean => name.length <= 63 && dns1123Label.test(name)

/** True for names of most Kubernetes objects: labels joined by dots, up to 253 characters. */
export const isDns1123Subdomain = (name: string): boolean =>
  name.length <= dns1123SubdomainLengthMax && dns1123Subdomain.test(name)

/** True for a label that starts with a letter. */
export const isDns1035Label = (name: string): boolean => name.length <= 63 && dns1035Label.test(name)

/** Writes `HelloWorldTask` as `hello-world-task`. */
export const kebabCase = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase()

/**
 * Turns any text into a valid name of a Kubernetes object, readable where possible. Valid names stay as they are.
 *
 * Differs from Flyte only where Flyte's result would be refused: dashes next to dots go, and a text of which nothing is
 * left becomes its hash.
 */
export const toDns1123Subdomain = (name: string): string => {
  if (isDns1123Subdomain(name)) return name
  let out = kebabCase(name).replace(/[^-.a-z0-9]/g, "").replace(/^[-.]+|[-.]+$/g, "")
  if (out.length > dns1123SubdomainLengthMax) {
    const hashed = `f${base32(fnv1aBytes(out, 32))}`
    out = `${out.slice(0, dns1123SubdomainLengthMax - uniqueIdLengthMax - 1)}-${hashed}`
  }
  if (isDns1123Subdomain(out)) return out
  out = out.replace(/[-.]*\.[-.]*/g, ".")
  return out === "" ? `f${base32(fnv1aBytes(name, 32))}` : out
}

/** Turns any text into a valid label value of up to 63 characters; empty stays empty. */
export const sanitizeLabelValue = (value: string): string => {
  if (value === "" || (value.length <= 63 && soundLabelValue.test(value))) return value
  return value
    .replace(/[^a-zA-Z0-9._-]/gu, "-")
    .slice(0, 63)
    .replace(/^[^a-zA-Z0-9]/, "x")
    .replace(/[^a-zA-Z0-9]$/, "x")
}

const soundLabelValue = /^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?$/

/** Merges maps, later ones first in right; always a new object. */
export const unionMaps = <A>(...maps: ReadonlyArray<{ readonly [key: string]: A } | undefined>): { [key: string]: A } =>
  Object.assign({}, ...maps)

/** The action at the root of every run. */
export const rootActionName = "a0"

/** Longest name of a run and of an action. */
export const runNameLengthMax = 30

/** True for a name that a run may be given: a DNS-1035 label of up to 30 characters. */
export const isRunName = (name: string): boolean => name.length <= runNameLengthMax && isDns1035Label(name)

/** True for a name that an action may have; Flyte asks for no more than its length. */
export const isActionName = (name: string): boolean => name.length >= 1 && name.length <= runNameLengthMax

const runNameAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

/** Makes up the name of a run, `r` and 19 characters, from a source of numbers in [0, 1). */
export const generateRunName = (random: () => number): string => {
  let out = "r"
  while (out.length < 20) out += runNameAlphabet[Math.floor(random() * runNameAlphabet.length)]
  return out
}

/** Name of the TaskAction of an action: `<run>-<action>`. */
export const taskActionName = (run: string, action: string): string => `${run}-${action === run ? rootActionName : action}`

/**
 * Name of what an attempt (1-based) of a TaskAction launches: `<name>-<attempt - 1>`, and `r<launch>` behind it for every
 * launch after the first, so that a relaunch never meets the object that it replaces.
 */
export const generatedName = (taskAction: string, attempt: number, launch = 0): string =>
  `${taskAction}-${Math.max(attempt, 1) - 1}${launch > 0 ? `r${launch}` : ""}`

const shardAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

/** Two characters that spread folders of outputs over an object store; the same for all attempts of a TaskAction. */
export const shard = (namespace: string, name: string): string => {
  const index = fnv1a32(`${namespace}/${name}`) % 1296
  return `${shardAlphabet[Math.floor(index / 36)]}${shardAlphabet[index % 36]}`
}

/** Whose outputs a folder is for. `attempt` is 1-based, `launch` counts relaunches of the attempt. */
export interface OutputOwner {
  readonly namespace: string
  readonly name: string
  readonly actionName: string
  readonly attempt: number
  readonly launch?: number | undefined
}

/**
 * Folder of the outputs of an attempt: `<scheme>://<bucket>/<shard>/<rest of base>/<action>/<attempt>`.
 *
 * A base without a bucket (`file:///folder`) gets its shard behind the folder, so that nothing is written outside of it.
 * Launches after the first have folders of their own: `<attempt>r<launch>`.
 */
export const outputPrefix = (base: string, owner: OutputOwner): Result.Result<string, OutputBaseInvalid> => {
  const parts = partsOf(base)
  if (parts === undefined) return Result.fail(new OutputBaseInvalid({ uri: base }))
  const { address, path, scheme } = parts
  const spread = shard(owner.namespace, owner.name)
  const launch = owner.launch === undefined || owner.launch === 0 ? "" : `r${owner.launch}`
  const folders = address === "" ? [path, spread] : [spread, path]
  const steps = [...folders, owner.actionName, `${Math.max(owner.attempt, 1)}${launch}`].filter((step) => step !== "")
  return Result.succeed(`${scheme}://${address}/${steps.join("/")}`)
}

/** Folder of `inputs.pb`, from an `inputUri` that names the folder or the file. */
export const inputPrefix = (inputUri: string): string => inputUri.replace(/\/inputs\.pb$/, "").replace(/(?<=[^/:])\/+$/, "")

/** Folder of checkpoints below a raw output folder. */
export const checkpointPrefix = (rawOutputPrefix: string): string => `${rawOutputPrefix}/_flytecheckpoints`

/** A key for use in queries and table names, unique per attempt: only letters, digits and `_`, no digit first. */
export const perRetryUniqueKey = (name: string): string =>
  name.replace(/^[^a-zA-Z_]+/, "a").replace(/[^a-zA-Z0-9_]+/g, "_")

/**
 * Names one launch to services outside of the cluster, as a UUID (version 8, from 122 bits of FNV-1a). The uid of the action is in
 * it, so that an action that is deleted and made anew under its name never meets the work of the old one.
 */
export const idempotencyKey = (uid: string, attempt: number, launch: number): string => {
  const bytes = fnv1aBytes(`${attempt}/${launch}/${uid}`, 128)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
