/** Puts OpenAPI documents together from the parts that are kept of them. */
import { type Fields, type Parameters, reachable, toV2Schema, toV3Path } from "./Transform.ts"

/** What is kept: schemas as in version 3, paths and parameters as in version 2. */
export interface OpenApiSource {
  readonly schemas: { readonly [name: string]: Fields }
  readonly paths: { readonly [path: string]: Fields }
  readonly parameters: Parameters
  /** Kinds of schemas that belong to several groups, by document. */
  readonly kinds: { readonly [document: string]: { readonly [schema: string]: unknown } }
  /** The rest of the document of version 2. */
  readonly head: Fields
}

const securitySchemes = { BearerToken: { description: "Bearer Token authentication", in: "header", name: "authorization", type: "apiKey" } } as const

/** The document of version 3 that a path stands in: `api/v1`, `apis/batch/v1`; `undefined` for paths that only version 2 has. */
const documentOf = (path: string): string | undefined => {
  const [root, group, version] = path.split("/").filter((part) => part !== "")
  if (root === "api") return group === undefined ? "api" : `api/${group}`
  if (root === "apis") {
    if (group === undefined) return "apis"
    return version === undefined ? undefined : `apis/${group}/${version}`
  }
  return path === "/version/" ? "version" : undefined
}

/** Paths of all documents of version 3, in alphabetical order. */
export const documentPaths = ({ paths }: OpenApiSource): ReadonlyArray<string> =>
  [...new Set(Object.keys(paths).flatMap((path) => documentOf(path) ?? []))].sort()

/** A document of version 3. */
export const compose = ({ schemas, paths, parameters, kinds }: OpenApiSource, document: string): Fields => {
  const own = Object.entries(paths).filter(([path]) => documentOf(path) === document).map(([path, value]) => [path, toV3Path(value, parameters)] as const)
  const names = [...reachable(own, schemas)].sort()
  const shown = names.map((name) => {
    const kind = kinds[document]?.[name]
    return [name, kind === undefined ? schemas[name]! : { ...schemas[name], "x-kubernetes-group-version-kind": kind }] as const
  })
  return documentWith(Object.fromEntries(own), Object.fromEntries(shown))
}

/** A document of version 3 around paths and schemas. */
export const documentWith = (paths: Fields, schemas: Fields): Fields => ({
  openapi: "3.0.0",
  info: { title: "Kubernetes", version: "1.36" },
  paths,
  components: { ...(Object.keys(schemas).length === 0 ? {} : { schemas }), securitySchemes }
})

/** The document of version 2. */
export const v2Of = ({ schemas, paths, parameters, head }: OpenApiSource): Fields => ({
  ...head,
  paths,
  definitions: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, toV2Schema(schema)])),
  parameters
})
