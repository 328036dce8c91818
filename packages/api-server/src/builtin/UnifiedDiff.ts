/** Differences between two texts in unified form, by the same matching as the library that Kubernetes uses. */

const context = 3

/** From this length on, lines that occur often are not used to find matches. */
const longText = 200

interface Match {
  readonly a: number
  readonly b: number
  readonly size: number
}

type Tag = "equal" | "replace" | "delete" | "insert"
type Step = readonly [tag: Tag, aFrom: number, aTo: number, bFrom: number, bTo: number]

const splitLines = (text: string): ReadonlyArray<string> => text.split("\n")

const positions = (lines: ReadonlyArray<string>): Map<string, Array<number>> => {
  const found = new Map<string, Array<number>>()
  lines.forEach((line, i) => {
    const at = found.get(line)
    if (at === undefined) found.set(line, [i])
    else at.push(i)
  })
  if (lines.length >= longText) {
    const often = Math.floor(lines.length / 100) + 1
    for (const [line, at] of found) if (at.length > often) found.delete(line)
  }
  return found
}

class Matcher {
  readonly a: ReadonlyArray<string>
  readonly b: ReadonlyArray<string>
  readonly #inB: Map<string, Array<number>>

  constructor(a: ReadonlyArray<string>, b: ReadonlyArray<string>) {
    this.a = a
    this.b = b
    this.#inB = positions(b)
  }

  /** The longest run of equal lines inside both ranges; of several, the one that starts first. */
  longest(aFrom: number, aTo: number, bFrom: number, bTo: number): Match {
    let best: Match = { a: aFrom, b: bFrom, size: 0 }
    let runs = new Map<number, number>()
    for (let i = aFrom; i < aTo; i++) {
      const next = new Map<number, number>()
      for (const j of this.#inB.get(this.a[i] as string) ?? []) {
        if (j < bFrom) continue
        if (j >= bTo) break
        const size = (runs.get(j - 1) ?? 0) + 1
        next.set(j, size)
        if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size }
      }
      runs = next
    }
    return this.extended(best, aFrom, aTo, bFrom, bTo)
  }

  extended(match: Match, aFrom: number, aTo: number, bFrom: number, bTo: number): Match {
    let { a, b, size } = match
    while (a > aFrom && b > bFrom && this.a[a - 1] === this.b[b - 1]) {
      a--
      b--
      size++
    }
    while (a + size < aTo && b + size < bTo && this.a[a + size] === this.b[b + size]) size++
    return { a, b, size }
  }

  matches(aFrom: number, aTo: number, bFrom: number, bTo: number): ReadonlyArray<Match> {
    const match = this.longest(aFrom, aTo, bFrom, bTo)
    if (match.size === 0) return []
    const before = aFrom < match.a && bFrom < match.b ? this.matches(aFrom, match.a, bFrom, match.b) : []
    const [aNext, bNext] = [match.a + match.size, match.b + match.size]
    return [...before, match, ...(aNext < aTo && bNext < bTo ? this.matches(aNext, aTo, bNext, bTo) : [])]
  }

  steps(): ReadonlyArray<Step> {
    const steps: Array<Step> = []
    let [a, b] = [0, 0]
    for (const match of [...joined(this.matches(0, this.a.length, 0, this.b.length)), { a: this.a.length, b: this.b.length, size: 0 }]) {
      const tag = a < match.a ? (b < match.b ? "replace" : "delete") : b < match.b ? "insert" : undefined
      if (tag !== undefined) steps.push([tag, a, match.a, b, match.b])
      ;[a, b] = [match.a + match.size, match.b + match.size]
      if (match.size > 0) steps.push(["equal", match.a, a, match.b, b])
    }
    return steps
  }
}

const joined = (matches: ReadonlyArray<Match>): ReadonlyArray<Match> => {
  const out: Array<Match> = []
  for (const match of matches) {
    const last = out.at(-1)
    if (last !== undefined && last.a + last.size === match.a && last.b + last.size === match.b) out[out.length - 1] = { ...last, size: last.size + match.size }
    else out.push(match)
  }
  return out
}

/** Splits the steps into groups with no more than the context around each change. */
const grouped = (steps: ReadonlyArray<Step>): ReadonlyArray<ReadonlyArray<Step>> => {
  const groups: Array<ReadonlyArray<Step>> = []
  let group: Array<Step> = []
  steps.forEach(([tag, aFrom, aTo, bFrom, bTo], i) => {
    if (tag !== "equal") {
      group.push([tag, aFrom, aTo, bFrom, bTo])
      return
    }
    const [first, last] = [i === 0, i === steps.length - 1]
    if (first) group.push([tag, Math.max(aFrom, aTo - context), aTo, Math.max(bFrom, bTo - context), bTo])
    else if (last) group.push([tag, aFrom, Math.min(aTo, aFrom + context), bFrom, Math.min(bTo, bFrom + context)])
    else if (aTo - aFrom > 2 * context) {
      groups.push([...group, [tag, aFrom, aFrom + context, bFrom, bFrom + context]])
      group = [[tag, aTo - context, aTo, bTo - context, bTo]]
    } else group.push([tag, aFrom, aTo, bFrom, bTo])
  })
  return group.some(([tag]) => tag !== "equal") ? [...groups, group] : groups
}

const range = (from: number, to: number): string => {
  const size = to - from
  return size === 1 ? `${from + 1}` : `${size === 0 ? from : from + 1},${size}`
}

/** The hunks that turn `before` into `after`, each line ending in a newline; empty where they are equal. */
export const unifiedDiff = (before: string, after: string): string => {
  const [a, b] = [splitLines(before), splitLines(after)]
  return grouped(new Matcher(a, b).steps()).map((group) => {
    const [first, last] = [group[0] as Step, group.at(-1) as Step]
    const lines = group.flatMap(([tag, aFrom, aTo, bFrom, bTo]) => {
      if (tag === "equal") return a.slice(aFrom, aTo).map((line) => ` ${line}`)
      return [...a.slice(aFrom, aTo).map((line) => `-${line}`), ...b.slice(bFrom, bTo).map((line) => `+${line}`)]
    })
    return `@@ -${range(first[1], last[2])} +${range(first[3], last[4])} @@\n${lines.join("\n")}\n`
  }).join("")
}
