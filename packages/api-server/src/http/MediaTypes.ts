/** Finds out in which form a client wants its answer. */

/** Encodings of answers. */
export type Encoding = "json" | "yaml" | "protobuf"

/** What an object is shown as: itself, or one of the forms of meta.k8s.io. */
export type Shape = "object" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList"

/** A form that can be served. */
export interface Representation {
  readonly encoding: Encoding
  readonly shape: Shape
  /** Version of meta.k8s.io for the shapes of that group. */
  readonly shapeVersion: string
  /** Indented JSON, for people. */
  readonly pretty: boolean
}

/** One entry of an Accept header. */
export interface AcceptEntry {
  readonly type: string
  readonly params: { readonly [name: string]: string }
  readonly quality: number
}

const encodings: Readonly<Record<string, Encoding>> = {
  "application/json": "json",
  "application/yaml": "yaml",
  "application/vnd.kubernetes.protobuf": "protobuf"
}

/** Media types of the encodings. */
export const mediaTypes: Readonly<Record<Encoding, string>> = {
  json: "application/json",
  yaml: "application/yaml",
  protobuf: "application/vnd.kubernetes.protobuf"
}

const json: Representation = { encoding: "json", shape: "object", shapeVersion: "v1", pretty: false }

/** Entries of an Accept header, best first. */
export const parseAccept = (header: string): ReadonlyArray<AcceptEntry> =>
  header.split(",").map(parseEntry).filter((entry) => entry.type !== "").sort((a, b) => b.quality - a.quality)

const parseEntry = (text: string): AcceptEntry => {
  const [type = "", ...rest] = text.split(";").map((part) => part.trim())
  const params: Record<string, string> = {}
  for (const part of rest) {
    const equals = part.indexOf("=")
    if (equals > 0) params[part.slice(0, equals)] = part.slice(equals + 1).replace(/^"|"$/g, "")
  }
  return { type, params, quality: Number(params["q"] ?? 1) }
}

/** Which shapes an endpoint can give, by name and version. */
export type ShapeCheck = (entry: AcceptEntry) => Shape | undefined

/** Objects and lists of resources can be shown as tables and as bare metadata. */
export const resourceShape: ShapeCheck = ({ type, params }) => {
  const { as, g, v } = params
  if (as === undefined) return "object"
  if (g !== "meta.k8s.io" || (v !== "v1" && v !== "v1beta1")) return undefined
  if (as === "Table") return type === mediaTypes.protobuf ? undefined : "Table"
  return as === "PartialObjectMetadata" || as === "PartialObjectMetadataList" ? as : undefined
}

/** Custom resources have no protobuf form of their own. */
export const customShape: ShapeCheck = (entry) => {
  const shape = resourceShape(entry)
  return shape === "object" && entry.type === mediaTypes.protobuf ? undefined : shape
}

/** Endpoints that have one shape only. */
export const plainShape: ShapeCheck = ({ params }) => (params["as"] === undefined ? "object" : undefined)

/** The first form in the header that can be served; `undefined` if there is none. */
export const negotiate = (header: string | undefined, shapeOf: ShapeCheck): Representation | undefined => {
  if (header === undefined || header === "" || header === "application/json" || header === "*/*") return json
  for (const entry of parseAccept(header)) {
    const encoding = entry.type === "*/*" || entry.type === "application/*" ? "json" : encodings[entry.type]
    const shape = encoding === undefined ? undefined : shapeOf(entry)
    if (encoding === undefined || shape === undefined) continue
    const { pretty } = entry.params
    return { encoding, shape, shapeVersion: entry.params["v"] ?? "v1", pretty: encoding === "json" && (pretty === "1" || pretty === "true") }
  }
  return undefined
}

/** Built-in routes first look whether any type stands there literally. */
export const matchesLiterally = (header: string | undefined, offered: ReadonlyArray<string>): boolean => {
  if (header === undefined || header === "" || offered.includes(header)) return true
  return header.split(",").some((entry) => {
    const type = entry.split(";")[0]!.trim()
    return type === "*/*" || offered.includes(type)
  })
}

/** The three types that every built-in route offers. */
export const standardTypes: ReadonlyArray<string> = Object.values(mediaTypes)
