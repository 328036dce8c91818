/** Small readers that cells are made of. */
import { type KubeObject, KubeTime } from "@fairlead/kube"
import { humanDuration } from "../Durations.ts"

/** An object of which nothing is promised. */
export type Fields = { readonly [key: string]: unknown }

/** The value at a path such as `spec.replicas`. */
export const at = (object: object, path: string): unknown =>
  path.split(".").reduce<unknown>((value, key) => (value as Fields | undefined | null)?.[key], object)

/** A text; empty ones become `absent`. */
export const text = (object: object, path: string, absent = ""): string => {
  const value = at(object, path)
  return value === undefined || value === null || value === "" ? absent : String(value)
}

/** A number; absent ones count as 0. */
export const count = (object: object, path: string): number => (at(object, path) as number | undefined) ?? 0

/** How many entries a list or a map has. */
export const size = (object: object, path: string): number => {
  const value = at(object, path)
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0
}

/** Items of a list. */
export const items = (object: object, path: string): ReadonlyArray<Fields> => (at(object, path) as ReadonlyArray<Fields> | undefined) ?? []

/** Time since a timestamp at a path. */
export const since = (object: object, path: string, now: number, absent = "<unknown>"): string => {
  const value = at(object, path)
  return typeof value === "string" ? humanDuration(now - KubeTime.parse(value)) : absent
}

/** The name of an object. */
export const name = (object: KubeObject): string => object.metadata.name ?? ""

/** Time since an object was made. */
export const age = (object: KubeObject, now: number): string => since(object, "metadata.creationTimestamp", now)

/** Labels as text: `a=b,c=d`. */
export const labels = (value: unknown): string => {
  const entries = Object.entries((value as { readonly [key: string]: string } | undefined) ?? {})
  return entries.length === 0 ? "<none>" : entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, it]) => `${key}=${it}`).join(",")
}

/** A label selector as text. */
export const selector = (value: unknown): string => {
  const { matchLabels = {}, matchExpressions = [] } = (value ?? {}) as { matchLabels?: { [key: string]: string }; matchExpressions?: ReadonlyArray<{ key: string; operator: string; values?: ReadonlyArray<string> }> }
  const expressions = matchExpressions.map(({ key, operator, values = [] }) =>
    operator === "Exists" ? key : operator === "DoesNotExist" ? `!${key}` : `${key} ${operator.toLowerCase()} (${values.join(",")})`)
  const equalities = Object.keys(matchLabels).length === 0 ? [] : [labels(matchLabels)]
  return [...equalities, ...expressions].join(",") || "<none>"
}

/** Names and images of the containers of a pod spec. */
export const containers = (object: object, path: string): readonly [string, string] => {
  const found = items(object, path)
  return [found.map((it) => it["name"]).join(","), found.map((it) => it["image"]).join(",")]
}
