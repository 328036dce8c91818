/** Structure sharing: equal values become the same value, so that later comparisons end at once. */

/** A JSON object that is being built. */
export type Fields = Record<string, unknown>

/** True for a JSON object, false for lists, null and scalars. */
export const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value)

/** A copy of its own. Where objects of many kinds come by, `{ ...value }` goes key by key and takes three times as long. */
export const copyOf = <A extends object>(value: A): A => (Object.hasOwn(value, "__proto__") ? { ...value } : Object.assign({}, value))

/** The value of a key of its own; JSON holds no functions, so that only what all objects inherit needs a second look. */
export const own = (value: Fields, key: string): unknown => {
  const found = value[key]
  return (typeof found !== "function" && key !== "__proto__") || Object.hasOwn(value, key) ? found : undefined
}

/** Sets a key that came from outside; `__proto__` becomes an ordinary key too. */
export const put = (target: Fields, key: string, value: unknown): void => {
  if (key === "__proto__") Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  else target[key] = value
}

/** Number of own keys, without building a list of them. */
export const sizeOf = (value: Fields): number => {
  let count = 0
  for (const _ in value) count++
  return count
}

/** `previous` when it equals `value`; else `value`, with the parts that are equal taken from `previous`. */
export const unify = (value: unknown, previous: unknown): unknown => {
  if (value === previous || typeof value !== "object" || value === null || typeof previous !== "object" || previous === null) return value
  if (Array.isArray(value)) {
    if (!Array.isArray(previous)) return value
    const items = value.map((item, i) => unify(item, previous[i]))
    return items.length === previous.length && items.every((item, i) => item === previous[i]) ? previous : items
  }
  if (Array.isArray(previous)) return value
  const out: Fields = {}
  for (const key in value) put(out, key, unify((value as Fields)[key], (previous as Fields)[key]))
  return sameParts(out, previous as Fields) ? previous : out
}

/** True when two objects have the same keys with identical values. */
export const sameParts = (a: Fields, b: Fields): boolean => {
  let count = 0
  for (const key in a) {
    count++
    if (a[key] !== b[key] || (a[key] === undefined && !Object.hasOwn(b, key))) return false
  }
  return count === sizeOf(b)
}
