/** Durations as people read them: `5s`, `3m10s`, `2d4h`. */
import { KubeTime } from "@fairlead/kube"

/** Time since a timestamp. */
export const ageOf = (timestamp: string | undefined, now: number): string => {
  if (timestamp === undefined) return "<unknown>"
  const since = KubeTime.parse(timestamp)
  return Number.isNaN(since) ? "<invalid>" : humanDuration(now - since)
}

/** The two largest units that matter, the way `kubectl` shortens durations. */
export const humanDuration = (millis: number): string => {
  const seconds = Math.trunc(millis / 1000)
  if (seconds < -1) return "<invalid>"
  if (seconds < 0) return "0s"
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.trunc(seconds / 60)
  if (minutes < 10) return withRest(minutes, "m", seconds % 60, "s")
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(seconds / 3600)
  if (hours < 8) return withRest(hours, "h", minutes % 60, "m")
  if (hours < 48) return `${hours}h`
  const days = Math.trunc(hours / 24)
  if (hours < 192) return withRest(days, "d", hours % 24, "h")
  if (hours < 24 * 365 * 2) return `${days}d`
  const years = Math.trunc(hours / 24 / 365)
  return hours < 24 * 365 * 8 ? withRest(years, "y", days % 365, "d") : `${years}y`
}

const withRest = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`
