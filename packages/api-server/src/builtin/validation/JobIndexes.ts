/** Lists of indexes as jobs keep them: `1,3-5,7`. */

type Interval = readonly [from: number, to: number]

const readIndex = (text: string, completions: number): number | string => {
  if (!/^[+-]?\d+$/.test(text)) return `cannot convert string to integer for index: ${JSON.stringify(text)}`
  return Number(text) >= completions ? `too large index: ${JSON.stringify(text)}` : Number(text)
}

const readInterval = (text: string, completions: number): Interval | string => {
  const limits = text.split("-")
  if (limits.length > 2) {
    return `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`
  }
  const from = readIndex(limits[0] ?? "", completions)
  if (typeof from === "string" || limits.length === 1) return typeof from === "string" ? from : [from, from]
  const to = readIndex(limits[1] ?? "", completions)
  if (typeof to === "string") return to
  return from >= to ? `non-increasing order, previous: ${from}, current: ${to}` : [from, to]
}

/** How many indexes a list holds, or what is wrong with it. */
export const readIndexes = (list: string, completions: number): number | string => {
  if (list === "") return 0
  let [total, last] = [0, -1]
  for (const text of list.split(",")) {
    const interval = readInterval(text, completions)
    if (typeof interval === "string") return interval
    const [from, to] = interval
    if (last >= from) return `non-increasing order, previous: ${last}, current: ${from}`
    total += to - from + 1
    last = to
  }
  return total
}

const readable = (list: string, completions: number): ReadonlyArray<Interval> =>
  list === "" ? [] : list.split(",").map((text) => readInterval(text, completions)).filter((one) => typeof one !== "string")

/** The first index that two lists share. */
export const sharedIndex = (a: string, b: string, completions: number): number | undefined => {
  const [left, right] = [readable(a, completions), readable(b, completions)]
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    const [[from, to], [start, end]] = [left[i] as Interval, right[j] as Interval]
    if (from <= end && start <= to) return Math.max(from, start)
    if (from <= start) i++
    else j++
  }
  return undefined
}
