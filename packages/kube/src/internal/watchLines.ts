/** Cuts the body of a watch into lines and decodes each into an event. */
import type { WatchEvent } from "../KubeTransport.ts"
import { excerpt, isRecord, parseJson } from "./json.ts"

/** What a piece of the body brought. */
export interface WatchBatch {
  readonly events: ReadonlyArray<WatchEvent>
  /** The line after the last event is not an event; nothing after it counts. */
  readonly problem?: string
  /** The last event is an `ERROR`; nothing after it counts. */
  readonly over?: boolean
}

const nothing: WatchBatch = { events: [] }
const eventTypes: ReadonlySet<unknown> = new Set(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"])

/** Keeps the unfinished line between pieces. Only a line feed ends a line, so any other character may stand in it. */
export class WatchLines {
  private unfinished: Array<string> = []

  push(chunk: string): WatchBatch {
    let end = chunk.indexOf("\n")
    if (end === -1) {
      if (chunk !== "") this.unfinished.push(chunk)
      return nothing
    }
    const events: Array<WatchEvent> = []
    let line = this.takeUnfinished() + chunk.slice(0, end)
    let start = 0
    while (end !== -1) {
      if (start > 0) line = chunk.slice(start, end)
      const event = decodeLine(line)
      if (typeof event === "string") return { events, problem: event }
      if (event !== undefined) events.push(event)
      if (event?.type === "ERROR") return { events, over: true }
      start = end + 1
      end = chunk.indexOf("\n", start)
    }
    if (start < chunk.length) this.unfinished.push(chunk.slice(start))
    return { events }
  }

  /** The body is at its end: a last line without a line feed counts when it is complete. */
  end(): WatchBatch {
    const line = this.takeUnfinished()
    const event = decodeLine(line)
    if (typeof event === "string") return { events: [], problem: event }
    return event === undefined ? nothing : { events: [event] }
  }

  private takeUnfinished(): string {
    const text = this.unfinished.join("")
    this.unfinished = []
    return text
  }
}

/** The event, what is wrong with the line, or `undefined` for a blank line. */
const decodeLine = (line: string): WatchEvent | string | undefined => {
  if (!line.startsWith("{") && line.trim() === "") return undefined
  const value = parseJson(line)
  if (!isRecord(value) || !eventTypes.has(value["type"]) || !isRecord(value["object"])) {
    return `a line of the watch is not an event: ${excerpt(line)}`
  }
  if (value["type"] !== "ERROR" && !isRecord(value["object"]["metadata"])) {
    return `the object of a watch event has no metadata: ${excerpt(line)}`
  }
  return value as unknown as WatchEvent
}
