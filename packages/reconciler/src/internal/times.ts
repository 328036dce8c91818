/** Times in status and labels, where they are not as Kubernetes writes them, and times that are read. */
import { KubeTime } from "@fairlead/kube"

/** RFC 3339 in UTC with milliseconds, for the lines of the phase history: short tasks would otherwise take no time. */
export const toMillis = (now: number): string =>
  // Joined: docs/HACKING.md says why.
  [KubeTime.format(now).slice(0, -1), ".", String(Math.floor(now) - Math.floor(now / 1000) * 1000).padStart(3, "0"), "Z"].join("")

/** Reads either form; `undefined` for anything else. */
export const fromWire = (time: string | null | undefined): number | undefined => {
  if (time === undefined || time === null) return undefined
  const parsed = Date.parse(time)
  return Number.isNaN(parsed) ? undefined : parsed
}

/** The minute in the form of the label `flyte.org/completed-time`: `2026-11-21.09-30`. Sorts as text. */
export const toMinuteLabel = (now: number): string => {
  const text = KubeTime.format(now)
  return [text.slice(0, 10), ".", text.slice(11, 13), "-", text.slice(14, 16)].join("")
}
