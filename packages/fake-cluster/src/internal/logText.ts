/** Logs in memory, and the wanted part of a log. */
import type { LogOptions, LogPiece } from "../PodRuntime.ts"

/** The last `tailLines` lines, then at most `limitBytes` bytes of them. */
export const cutLog = (text: string, options: Pick<LogOptions, "tailLines" | "limitBytes">): string => {
  const tail = options.tailLines === undefined ? text : lastLines(text, options.tailLines)
  if (options.limitBytes === undefined || tail.length <= options.limitBytes / 4) return tail
  const bytes = encoder.encode(tail)
  return bytes.length <= options.limitBytes ? tail : decoder.decode(bytes.subarray(0, options.limitBytes))
}

/** The logs of a pod in memory: a text for each run of each container. */
export class RunLogs {
  readonly #runs = new Map<string, Array<string>>()

  /** Begins the log of a run. */
  begin(container: string, run: number, text: string): void {
    let runs = this.#runs.get(container)
    if (runs === undefined) this.#runs.set(container, (runs = []))
    runs[run] = text
  }

  append(container: string, run: number, text: string): void {
    this.#runs.get(container)![run] += text
  }

  textOf(container: string, run: number): string | undefined {
    return this.#runs.get(container)?.[run]
  }

  /** What `PodSandbox.logs` answers. */
  cut(options: LogOptions): string | undefined {
    const text = this.#runs.get(options.container)?.at(options.previous === true ? -2 : -1)
    return text === undefined ? undefined : cutLog(text, options)
  }

  /** What `PodSandbox.logFrom` answers. */
  from(container: string, run: number, position: number): LogPiece {
    const text = this.textOf(container, run) ?? ""
    return { text: text.slice(position), position: Math.max(position, text.length) }
  }
}

/** What a kubelet takes from the end of a log as termination message. */
export const fallbackMessage = (text: string): string => lastLines(text, fallbackLines).slice(-fallbackLength)

const fallbackLines = 80
const fallbackLength = 2048
const encoder = new TextEncoder()
const decoder = new TextDecoder()

const lastLines = (text: string, count: number): string => {
  if (count <= 0) return ""
  let at = text.endsWith("\n") ? text.length - 1 : text.length
  for (let left = count; left > 0; left--) {
    at = text.lastIndexOf("\n", at - 1)
    if (at < 0) return text
  }
  return text.slice(at + 1)
}
