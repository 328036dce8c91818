/** Requests with gaps: `{{inputs.query}}`, `{{meta.id}}`, `{{secret warehouse/token}}`. */
import type { SecretAccessor } from "@fairlead/core"
import { Effect, Redacted } from "effect"
import type { Json } from "../AsyncPlugin.ts"
import { WebApiError } from "../WebApiError.ts"
import { parsePath, valueAt } from "./jsonPath.ts"

/** What gaps are filled with. */
export interface TemplateValues {
  readonly values: { readonly [name: string]: unknown }
  readonly secrets: SecretAccessor
}

const gap = /\{\{\s*([^{}]+?)\s*\}\}/g
const secretGap = /^secret\s+(?:([^/\s]+)\/)?([^/\s]+)$/

/** Everything wrong with the gaps of a text: names of unknown roots, secrets where they must not be. */
export const gapProblems = (text: string, roots: ReadonlyArray<string>, mayHoldSecrets: boolean): ReadonlyArray<string> =>
  [...text.matchAll(gap)].flatMap(([whole, inside = ""]) => {
    if (secretGap.test(inside)) return mayHoldSecrets ? [] : [`${whole}: secrets may stand in headers and bodies only`]
    const steps = parsePath(inside)
    const root = steps?.[0]
    if (root === undefined || !roots.includes(String(root))) return [`${whole}: there is ${roots.join(", ")} and "secret group/key"`]
    return []
  })

const valueOf = (inside: string, { secrets, values }: TemplateValues): Effect.Effect<unknown, WebApiError> => {
  const secret = secretGap.exec(inside)
  if (secret !== null) {
    return secrets.get({ group: secret[1], key: secret[2]! }).pipe(
      Effect.map(Redacted.value),
      Effect.mapError((error) => new WebApiError({ fault: "Unauthorized", code: error.code, description: error.description }))
    )
  }
  const value = valueAt(values, parsePath(inside) ?? [])
  return value === undefined
    ? Effect.fail(new WebApiError({ fault: "Rejected", description: `{{${inside}}} has no value for this task` }))
    : Effect.succeed(value)
}

const textOf = (value: unknown): string => typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value)

/** Fills the gaps of a text; `escape` makes each value fit where it stands. */
export const fillText = Effect.fnUntraced(function*(text: string, from: TemplateValues, escape: (value: string) => string = (it) => it) {
  let out = ""
  let end = 0
  for (const match of text.matchAll(gap)) {
    out += text.slice(end, match.index) + escape(textOf(yield* valueOf(match[1]!, from)))
    end = match.index + match[0].length
  }
  return out + text.slice(end)
})

/** Fills all texts of a JSON value. A text that is one gap becomes what it is filled with, of whatever type. */
export const fillJson = (json: Json, from: TemplateValues): Effect.Effect<Json, WebApiError> => {
  if (typeof json === "string") {
    const whole = /^\{\{\s*([^{}]+?)\s*\}\}$/.exec(json)
    return whole === null ? fillText(json, from) : Effect.map(valueOf(whole[1]!, from), (value) => value as Json)
  }
  if (Array.isArray(json)) return Effect.forEach(json as ReadonlyArray<Json>, (it) => fillJson(it, from))
  if (typeof json === "object" && json !== null) {
    return Effect.map(
      Effect.forEach(Object.entries(json), ([key, value]) => Effect.map(fillJson(value as Json, from), (filled) => [key, filled] as const)),
      (entries) => Object.fromEntries(entries)
    )
  }
  return Effect.succeed(json)
}
