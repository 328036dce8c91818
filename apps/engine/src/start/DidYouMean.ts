/** Finds the name that somebody probably meant. */

/** Single edits (insert, remove, replace) from one text to the other, without regard to case. */
const distance = (from: string, to: string): number => {
  const [a, b] = [from.toLowerCase(), to.toLowerCase()]
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}

/** A name that was cut short must be at least this long to count. */
const stemMin = 4

/** The known name nearest to `name`, if it is near enough to be a slip: a third of its letters at most, or the only one that begins so. */
export const didYouMean = (name: string, known: ReadonlyArray<string>): string | undefined => {
  const longer = name.length < stemMin ? [] : known.filter((it) => it.toLowerCase().startsWith(name.toLowerCase()))
  if (longer.length === 1) return longer[0]
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const candidate of known) {
    const found = distance(name, candidate)
    if (found <= Math.max(1, Math.floor(candidate.length / 3)) && (best === undefined || found < best.distance)) best = { name: candidate, distance: found }
  }
  return best?.name
}
