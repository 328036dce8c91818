/** The OpenAPI documents of a server, made when they are asked for and kept until its definitions change. */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import type { ServerContext } from "../ServerContext.ts"
import { compose, documentPaths, documentWith, type OpenApiSource, v2Of } from "./Compose.ts"
import { type CustomKind, customKinds, customPaths, customSchemas } from "./CustomDocuments.ts"
import { encodeDocument } from "./ProtobufDocument.ts"
import { type Fields, reachable, toV2Schema, toV3Path } from "./Transform.ts"

/** A document as text, with the hash that its address and its ETag carry. */
export interface DocumentText {
  readonly text: string
  readonly hash: string
}

const definitions = { group: "apiextensions.k8s.io", plural: "customresourcedefinitions" } as const

let unpacked: Promise<OpenApiSource> | undefined

/** The parts of the built-in documents; unpacked once, when somebody asks. */
const unpackSource = async (): Promise<OpenApiSource> => {
  const { packedSource } = await import("./Source.generated.ts")
  const bytes = Uint8Array.from(atob(packedSource), (char) => char.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))
  return JSON.parse(await new Response(stream).text()) as OpenApiSource
}

/** Makes and keeps documents. */
export class OpenApiDocuments {
  private readonly source: OpenApiSource
  private readonly context: ServerContext
  private readonly builtin = new Map<string, DocumentText>()
  private readonly custom = new Map<string, DocumentText>()
  private protobuf: Uint8Array | undefined
  private kinds: ReadonlyArray<CustomKind> = []
  private definitionsSeen: ReadonlyArray<object> = []

  private constructor(source: OpenApiSource, context: ServerContext) {
    this.source = source
    this.context = context
  }

  private static readonly known = new WeakMap<ServerContext, OpenApiDocuments>()

  /** The documents of a server. */
  static async of(context: ServerContext): Promise<OpenApiDocuments> {
    let documents = OpenApiDocuments.known.get(context)
    if (documents === undefined) {
      documents = new OpenApiDocuments(await (unpacked ??= unpackSource()), context)
      OpenApiDocuments.known.set(context, documents)
    }
    documents.refresh()
    return documents
  }

  /** Addresses of the documents of version 3, with their hashes. */
  index(): Fields {
    const paths = [...new Set([...documentPaths(this.source), ...this.kinds.map(({ group, version }) => `apis/${group}/${version}`)])].sort()
    return { paths: Object.fromEntries(paths.map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${this.v3(path)!.hash}` }])) }
  }

  /** A document of version 3, such as `apis/batch/v1`; `undefined` if there is none. */
  v3(path: string): DocumentText | undefined {
    const kinds = this.kinds.filter(({ group, version }) => path === `apis/${group}/${version}`)
    if (kinds.length > 0) return keep(this.custom, path, () => this.customDocument(kinds))
    return documentPaths(this.source).includes(path) ? keep(this.builtin, path, () => compose(this.source, path)) : undefined
  }

  /** The document of version 2. */
  v2(): DocumentText {
    return keep(this.custom, "v2", () => this.v2Document())
  }

  /** The document of version 2 in protobuf. */
  v2Protobuf(): Uint8Array {
    return (this.protobuf ??= encodeDocument(this.v2Document()))
  }

  private v2Document(): Fields {
    const plain = v2Of(this.source)
    const paths = Object.assign({}, plain["paths"], ...this.kinds.map((kind) => customPaths(this.source, kind))) as Fields
    const own = Object.assign({}, ...this.kinds.map((kind) => customSchemas(this.source, kind))) as { readonly [name: string]: Fields }
    const shown = Object.fromEntries(Object.entries(own).map(([name, schema]) => [name, toV2Schema(schema)]))
    return { ...plain, paths, definitions: { ...(plain["definitions"] as Fields), ...shown } }
  }

  private customDocument(kinds: ReadonlyArray<CustomKind>): Fields {
    const paths: Record<string, Fields> = {}
    const own: Record<string, Fields> = {}
    for (const kind of kinds) {
      for (const [path, value] of Object.entries(customPaths(this.source, kind))) paths[path] = toV3Path(value, this.source.parameters)
      Object.assign(own, customSchemas(this.source, kind))
    }
    const all = { ...this.source.schemas, ...own }
    const names = [...reachable(paths, all)].sort()
    return documentWith(paths, Object.fromEntries(names.map((name) => [name, all[name]!])))
  }

  private refresh(): void {
    const current = this.context.store.collection(definitions).list("")
    if (current.length === this.definitionsSeen.length && current.every((it, i) => it === this.definitionsSeen[i])) return
    this.definitionsSeen = current
    this.kinds = customKinds(current)
    this.custom.clear()
    this.protobuf = undefined
  }
}

const keep = (kept: Map<string, DocumentText>, key: string, make: () => Fields): DocumentText => {
  let document = kept.get(key)
  if (document === undefined) {
    const text = `${JSON.stringify(make())}\n`
    document = { text, hash: bytesToHex(sha256(utf8ToBytes(text))).toUpperCase() }
    kept.set(key, document)
  }
  return document
}
