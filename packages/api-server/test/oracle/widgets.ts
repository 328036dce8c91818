/** A server with a definition of widgets, and what it says of them, in the form in which the oracle answers. */
import type { ApiResponse } from "../../src/index.ts"
import { makeServer } from "../makeServer.ts"
import type { Step } from "./anySession.ts"
import { definitionOf } from "./anySchema.ts"

const definitions = { group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions" } as const
const widgets = { group: "example.com", version: "v1", plural: "widgets", namespace: "default" } as const

interface Cause {
  readonly field?: string
  readonly reason?: string
  readonly message?: string
}

interface Body {
  readonly kind?: string
  readonly message?: string
  readonly reason?: string
  readonly details?: { readonly causes?: ReadonlyArray<Cause> }
  readonly metadata: { readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

/** JSON with the keys of objects in order. */
export const inOrder = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, inOrder(part)]))
}

/** Causes as lines in alphabetical order: the original goes through properties by chance. Its types of `self` are numbered. */
export const causeLines = (causes: ReadonlyArray<Cause>): ReadonlyArray<string> =>
  [...new Set(causes.map(({ field, reason, message = "" }) => `${field} | ${reason} | ${message.replaceAll(/selfType\d*/g, "selfType")}`))].sort()

const causesOf = ({ code, body }: ApiResponse): ReadonlyArray<string> =>
  code < 300 ? [] : causeLines((body as unknown as Body).details?.causes ?? [{ message: (body as unknown as Body).message ?? "" }])

/** What is wrong with a definition. */
export const refusedDefinition = (definition: object): ReadonlyArray<string> =>
  causesOf(makeServer().server.handle({ verb: "create", ...definitions, body: structuredClone(definition) }))

/** A write of a widget, perhaps in place of one that was stored before the schema was there. */
export interface Writing {
  readonly definition: object
  readonly object: object
  readonly old?: object
  readonly status?: boolean
}

const openDefinition = (): object => {
  const definition = definitionOf({}) as { spec: { versions: ReadonlyArray<{ schema: object }> } }
  definition.spec.versions[0]!.schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } }
  return definition
}

const query = { fieldValidation: "Warn" } as const

/** What became of a write: what is wrong with it, or else the object without its metadata, and the warnings. */
export const written = ({ definition, object, old, status = false }: Writing): object => {
  const { server } = makeServer()
  const outcome = (response: ApiResponse): object => {
    const causes = causesOf(response)
    const { metadata: _, ...rest } = response.body as unknown as Body
    return causes.length > 0 ? { causes } : { object: inOrder(rest), warnings: response.warnings.toSorted() }
  }
  const clean = structuredClone({ definition, object })
  if (old === undefined) {
    server.handle({ verb: "create", ...definitions, body: clean.definition })
    return outcome(server.handle({ verb: "create", ...widgets, body: clean.object, query }))
  }
  server.handle({ verb: "create", ...definitions, body: openDefinition() })
  const stored = server.handle({ verb: "create", ...widgets, body: structuredClone(old) }).body as unknown as Body
  const current = server.handle({ verb: "get", ...definitions, name: "widgets.example.com" }).body as unknown as Body
  server.handle({ verb: "update", ...definitions, name: "widgets.example.com", body: { ...clean.definition, metadata: current.metadata } })
  return outcome(server.handle({ verb: "update", ...widgets, name: "a", ...(status ? { subresource: "status" } : {}), body: { ...clean.object, metadata: stored.metadata }, query }))
}

/** The same of the oracle's answer. */
export const writtenThere = (answer: { readonly object: Body; readonly causes: ReadonlyArray<Cause>; readonly warnings: ReadonlyArray<string> }): object => {
  const { metadata: _, ...rest } = answer.object
  return answer.causes.length > 0 ? { causes: causeLines(answer.causes) } : { object: inOrder(rest), warnings: answer.warnings.toSorted() }
}

/** What became of a step. */
export interface Outcome {
  readonly code: number
  readonly [part: string]: unknown
}

/** Wrong results of patches are shown whole, with times and versions in them. */
const withoutShown = (text: string): string => text.replaceAll(/(patch: Invalid value|Invalid value): "\{.*\}": json/gs, "$1: json")

/** An answer to a step without what depends on time and chance. Where several things are wrong, the original has no order. */
export const outcomeOf = (code: number, body: unknown): Outcome => {
  const { kind, message = "", reason, details, metadata, ...rest } = body as Body
  if (kind === "Status") {
    const causes = causeLines(details?.causes ?? []).map(withoutShown)
    return { code, reason, causes, message: causes.length > 1 ? "" : withoutShown(message) }
  }
  const { uid: _, resourceVersion: __, creationTimestamp: ___, generation: ____, managedFields = [], ...named } = metadata
  const owners = (managedFields as ReadonlyArray<{ readonly time?: string }>).map(({ time, ...entry }) => JSON.stringify(inOrder({ ...entry, isTimed: time !== undefined }))).sort()
  return { code, kind, ...(inOrder(rest) as object), metadata: inOrder(named), owners }
}

/** Carries out a session on a widget, or without a definition on a config map; the outcome of each step. */
export const played = (definition: object | undefined, steps: ReadonlyArray<Step>): ReadonlyArray<Outcome> => {
  const { server, configMaps } = makeServer()
  const at = definition === undefined ? { ...configMaps, namespace: "default" } : widgets
  if (definition !== undefined) server.handle({ verb: "create", ...definitions, body: structuredClone(definition) })
  return steps.map(({ verb, type, manager, force, subresource, body }) => {
    const sent = structuredClone(body) as { metadata: object }
    if (verb === "update") {
      const { code, body: stored } = server.handle({ verb: "get", ...at, name: "a" })
      if (code === 200) sent.metadata = { ...sent.metadata, resourceVersion: (stored as unknown as Body).metadata["resourceVersion"] }
    }
    const answer = server.handle({
      verb, ...at, body: sent, query: { fieldManager: manager, ...(force === true ? { force: "true" } : {}) },
      ...(verb === "create" ? {} : { name: "a" }), ...(type === undefined ? {} : { patchType: type }), ...(subresource === undefined ? {} : { subresource })
    })
    return outcomeOf(answer.code, answer.body)
  })
}
