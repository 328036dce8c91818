/** Hands a growing log on as it grows. */
import type { LogSink, LogStream } from "@fairlead/api-server"
import type { PodSandbox } from "../PodRuntime.ts"
import { cutLog } from "./logText.ts"
import type { Schedule } from "./timers.ts"

/** One run of a container whose log is followed. */
export interface FollowedRun {
  readonly sandbox: PodSandbox
  readonly container: string
  readonly run: number
  /** False once nothing more can come. */
  readonly isRunning: () => boolean
}

const pollMillis = 100
/** Pieces handed on at once, so that one busy log cannot hold everybody up. */
const piecesMost = 16

/** What is there, from the last `tailLines` lines on, and then what comes, until the run has ended. */
export const followLog = (run: FollowedRun, tailLines: number | undefined, schedule: Schedule): LogStream => (sink) => new LogFollower(run, schedule, sink).start(tailLines)

class LogFollower {
  readonly #of: FollowedRun
  readonly #schedule: Schedule
  readonly #sink: LogSink
  #position = 0
  #isStopped = false
  #cancel = (): void => {}

  constructor(of: FollowedRun, schedule: Schedule, sink: LogSink) {
    this.#of = of
    this.#schedule = schedule
    this.#sink = sink
  }

  start(tailLines: number | undefined): () => void {
    if (tailLines !== undefined) {
      let text = ""
      for (let piece = this.#next(); piece !== ""; piece = this.#next()) text += piece
      const tail = cutLog(text, { tailLines })
      if (tail !== "") this.#sink.write(tail)
    }
    this.#look()
    return () => {
      this.#isStopped = true
      this.#cancel()
    }
  }

  #look(): void {
    // Asked first: what is written before the end must not be missed.
    const goesOn = this.#of.isRunning()
    let hasMore = true
    for (let count = 0; hasMore && count < piecesMost && !this.#isStopped; count++) {
      const piece = this.#next()
      hasMore = piece !== ""
      if (hasMore) this.#sink.write(piece)
    }
    if (this.#isStopped) return
    if (goesOn || hasMore) this.#cancel = this.#schedule(pollMillis, () => this.#look())
    else this.#sink.end()
  }

  #next(): string {
    const { container, run, sandbox } = this.#of
    const { position, text } = sandbox.logFrom(container, run, this.#position)
    this.#position = position
    return text
  }
}
