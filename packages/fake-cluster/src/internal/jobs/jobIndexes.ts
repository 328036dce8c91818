/** Sets of completion indexes, and their text in the status of a job: `1,3-5,7`. */
import type { Pod } from "@fairlead/kube"

export const completionIndexKey = "batch.kubernetes.io/job-completion-index"

/** The completion index of a pod; `undefined` when it has none. */
export const indexOf = (pod: Pod): number | undefined => {
  const text = pod.metadata.annotations?.[completionIndexKey]
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** Reads such a text; indexes from `end` on are left out, and so is what cannot be read. */
export const parse = (text: string | undefined, end: number): ReadonlySet<number> => {
  const found = new Set<number>()
  for (const part of (text ?? "").split(",")) {
    const [first = "", last = first] = part.split("-")
    if (!/^\d+$/.test(first) || !/^\d+$/.test(last)) continue
    for (let index = Number(first); index <= Math.min(Number(last), end - 1); index++) found.add(index)
  }
  return found
}

/** Prints a set. Two neighbours are listed, three and more become a range. */
export const format = (indexes: ReadonlySet<number>): string => {
  const parts: Array<string> = []
  const sorted = [...indexes].sort((a, b) => a - b)
  for (let at = 0; at < sorted.length;) {
    let end = at
    while (end + 1 < sorted.length && sorted[end + 1] === sorted[end]! + 1) end++
    if (end === at) parts.push(String(sorted[at]))
    else parts.push(`${sorted[at]}${end === at + 1 ? "," : "-"}${sorted[end]}`)
    at = end + 1
  }
  return parts.join(",")
}
