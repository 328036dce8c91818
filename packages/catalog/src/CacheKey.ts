/** Keys of results: what a task is, what it takes and gives, what went in. Hashed as Flyte does, so that its clients find the same entries. */
import { create, type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf"
import { base64Encode } from "@bufbuild/protobuf/wire"
import { Idl } from "@fairlead/core"
import type { CatalogKey } from "./Catalog.ts"
import { objectHash } from "./internal/objectHash.ts"

/** What a key is made from. */
export interface KeyParts {
  readonly id: Idl.Identifier
  readonly interface: Idl.TypedInterface | undefined
  readonly inputs: Idl.LiteralMap
  /** Names of inputs that make no difference. */
  readonly ignoredInputs: ReadonlyArray<string>
  /** Earlier results count no more when it changes. */
  readonly version: string
}

/** Flyte's key: `<hash of the id without its version>-<hash of the interface>-<hash of the inputs>-<version>`. Only the last part has no fixed length. */
export const compose = ({ id, ignoredInputs, inputs, interface: typed, version }: KeyParts): string =>
  `${hashId(id)}-${hashInterface(typed)}-${hashInputs(hasInputs(typed) ? inputs : undefined, ignoredInputs)}-${version}`

/** True when inputs have to be read for the key. */
export const hasInputs = (typed: Idl.TypedInterface | undefined): boolean => Object.keys(typed?.inputs?.variables ?? []).length > 0

/** Hash of an identifier, whatever its version. */
export const hashId = ({ domain, name, org, project, resourceType }: Idl.Identifier): string =>
  base64Encode(hashMessage(Idl.IdentifierSchema, create(Idl.IdentifierSchema, { domain, name, org, project, resourceType })), "std")

/** Hash of the declared inputs and outputs, eight characters of each. */
export const hashInterface = (typed: Idl.TypedInterface | undefined): string => {
  const short = (variables: Idl.VariableMap | undefined): string => urlHash(Idl.VariableMapSchema, variables ?? create(Idl.VariableMapSchema)).slice(0, 8)
  return `${short(typed?.inputs)}-${short(typed?.outputs)}`
}

/** Hash of values. A literal that carries a hash of its own counts by that alone. */
export const hashInputs = (inputs: Idl.LiteralMap | undefined, ignoredInputs: ReadonlyArray<string> = []): string => {
  const literals = Object.entries(inputs?.literals ?? {}).filter(([name]) => !ignoredInputs.includes(name))
  return urlHash(Idl.LiteralMapSchema, literalMap(literals))
}

const literalMap = (literals: ReadonlyArray<readonly [string, Idl.Literal]>): Idl.LiteralMap =>
  create(Idl.LiteralMapSchema, { literals: Object.fromEntries(literals.map(([name, literal]) => [name, shortened(literal)])) })

const shortened = (literal: Idl.Literal): Idl.Literal => {
  const { hash, value } = literal
  if (hash !== "") return create(Idl.LiteralSchema, { hash })
  if (value.case === "collection") {
    const literals = value.value.literals.map(shortened)
    return create(Idl.LiteralSchema, { value: { case: "collection", value: create(Idl.LiteralCollectionSchema, { literals }) } })
  }
  if (value.case === "map") return create(Idl.LiteralSchema, { value: { case: "map", value: literalMap(Object.entries(value.value.literals)) } })
  return literal
}

const hashMessage = <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Uint8Array => objectHash(toJson(schema, message))

const urlHash = <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): string => base64Encode(hashMessage(schema, message), "url")

/**
 * The one text of a key, for stores with a single column and for people: `1/<project>/<domain>/<key>`.
 *
 * Flyte joins the same parts by `-`, so that project `a-b` with domain `c` and project `a` with domain `b-c` share their
 * entries. Here a slash in a project or domain is written `%2F`. The number is that of this spelling.
 */
export const text = ({ domain, key, project }: CatalogKey): string => `1/${escape(project)}/${escape(domain)}/${key}`

/** Reads the text of a key; `undefined` if it is none. */
export const fromText = (written: string): CatalogKey | undefined => {
  const match = /^1\/([^/]*)\/([^/]*)\/(.+)$/s.exec(written)
  return match === null ? undefined : { project: unescape(match[1]!), domain: unescape(match[2]!), key: match[3]! }
}

const escape = (part: string): string => part.replaceAll("%", "%25").replaceAll("/", "%2F")
const unescape = (part: string): string => part.replaceAll("%2F", "/").replaceAll("%25", "%")
