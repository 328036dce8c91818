/** Paths into JSON: `$.job.id`, `items[0].state`. */

const step = /\.?([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]|\["([^"]*)"\]/y

/** The steps of a path; `undefined` for one that is none. */
export const parsePath = (text: string): ReadonlyArray<string | number> | undefined => {
  const path = text.startsWith("$") ? text.slice(1) : text
  const steps: Array<string | number> = []
  step.lastIndex = 0
  while (step.lastIndex < path.length) {
    const match = step.exec(path)
    if (match === null) return undefined
    steps.push(match[2] === undefined ? match[1] ?? match[3] ?? "" : Number(match[2]))
  }
  return steps
}

/** The value at a path, `undefined` when there is none. */
export const valueAt = (value: unknown, steps: ReadonlyArray<string | number>): unknown => {
  let at = value
  for (const key of steps) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as { readonly [key: string]: unknown })[key]
  }
  return at
}
