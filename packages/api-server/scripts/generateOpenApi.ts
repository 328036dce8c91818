/**
 * Writes the OpenAPI documents in the compact form from which they are served: the schemas of version 3, the paths of
 * version 2, and by document the kinds of the two schemas that differ between documents. Everything else follows, and
 * this checks that it does.
 */
import { isDeepStrictEqual } from "node:util"
import { gzipSync } from "node:zlib"
import { compose, documentPaths, type OpenApiSource, v2Of } from "../src/openapi/Compose.ts"
import type { Fields } from "../src/openapi/Transform.ts"

type Document = { readonly components?: { readonly schemas?: Record<string, Fields> } }

const varying = "x-kubernetes-group-version-kind"

/** Modules to write, by file name relative to `src/builtin`. */
export const openApiModules = (v3: ReadonlyMap<string, unknown>, v2: unknown): ReadonlyArray<readonly [string, string]> => {
  const documents = v3 as ReadonlyMap<string, Document>
  const schemas: Record<string, Fields> = {}
  for (const document of documents.values()) Object.assign(schemas, document.components?.schemas)
  const { paths, parameters, definitions, ...head } = v2 as { paths: Record<string, Fields>; parameters: Record<string, Fields>; definitions: Record<string, Fields> }
  const kinds: Record<string, Record<string, unknown>> = {}
  for (const [name, schema] of Object.entries(schemas)) {
    const shown = new Set([...documents.values()].flatMap((it) => it.components?.schemas?.[name] ?? []).map((it) => JSON.stringify(it[varying])))
    if (shown.size < 2) continue
    schemas[name] = { ...schema, [varying]: definitions[name]![varying] }
    for (const [path, document] of documents) {
      const own = document.components?.schemas?.[name]
      if (own !== undefined) (kinds[path] ??= {})[name] = own[varying]
    }
  }
  const source: OpenApiSource = { schemas, paths, parameters, kinds, head }
  check(source, documents, v2)
  const packed = gzipSync(JSON.stringify(source), { level: 9 }).toString("base64")
  return [["../openapi/Source.generated.ts", `\n/** The documents, as JSON, compressed with gzip, in base64. */\nexport const packedSource =\n  "${packed}"\n`]]
}

const check = (source: OpenApiSource, documents: ReadonlyMap<string, Document>, v2: unknown): void => {
  const wanted = [...documents.keys()].sort()
  if (!isDeepStrictEqual(documentPaths(source), wanted)) throw new Error(`documents differ: ${documentPaths(source).join(" ")}`)
  for (const [path, document] of documents) {
    if (!isDeepStrictEqual(compose(source, path), document)) throw new Error(`the document ${path} cannot be composed from its parts`)
  }
  if (!isDeepStrictEqual(v2Of(source), v2)) throw new Error("the document of version 2 cannot be composed from its parts")
}
