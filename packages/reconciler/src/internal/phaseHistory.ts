/** The history of an action: bounded, its first lines kept. */
import type { TaskAction } from "@fairlead/core"
import type { Reason } from "./conditions.ts"
import { noteMax, truncate } from "./messages.ts"
import { fromWire, toMillis } from "./times.ts"

type Line = TaskAction.PhaseTransition

/** Most lines that are kept, and how many of them are the first ones ever. */
export const historyMax = 50
const firstKept = 5

/** What a new line says. */
export interface Entry {
  readonly phase: Reason
  readonly message: string
  readonly attempt: number
  /** Number of the event that tells of it, if one does. */
  readonly sequence?: number | undefined
}

/** Adds a line unless the last one has the same phase of the same attempt. */
export const append = (history: ReadonlyArray<Line>, entry: Entry, now: number): ReadonlyArray<Line> => {
  const last = history.at(-1)
  if (last !== undefined && last.phase === entry.phase && (last.attempt ?? 1) === entry.attempt) return history
  const line: { -readonly [K in keyof Line]: Line[K] } = { phase: entry.phase, occurredAt: toMillis(now) }
  if (entry.message !== "") line.message = truncate(entry.message, noteMax)
  line.attempt = entry.attempt
  if (entry.sequence !== undefined) line.sequence = entry.sequence
  return history.length < historyMax
    ? [...history, line]
    : [...history.slice(0, firstKept), ...history.slice(firstKept + 1 - historyMax), line]
}

/** Lines of the launch that goes on: everything after the last failed attempt or launch. */
const currentLaunch = (history: ReadonlyArray<Line>): ReadonlyArray<Line> =>
  history.slice(history.findLastIndex((it) => it.phase === "RetryableFailure") + 1)

/** When the current launch first was in `phase`, in milliseconds since the epoch. */
export const enteredAt = (history: ReadonlyArray<Line>, phase: Reason): number | undefined =>
  fromWire(currentLaunch(history).find((it) => it.phase === phase)?.occurredAt)

/** When the action was first heard of. */
export const startedAt = (history: ReadonlyArray<Line>): number | undefined => fromWire(history[0]?.occurredAt)

/** When the last line was written. */
export const changedAt = (history: ReadonlyArray<Line>): number | undefined => fromWire(history.at(-1)?.occurredAt)
