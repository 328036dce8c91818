/** Cuts the wanted part out of a log. */
import type { LogOptions, LogPiece } from "../PodRuntime.ts"

/** The last `tailLines` lines, then at most `limitBytes` bytes of them. */
export const cutLog = (text: string, options: Pick<LogOptions, "tailLines" | "limitBytes">): string => {
  const tail = options.tailLines === undefined ? text : lastLines(text, options.tailLines)
  if (options.limitBytes === undefined || tail.length <= options.limitBytes / 4) return tail
  const bytes = encoder.encode(tail)
  return bytes.length <= options.limitBytes ? tail : decoder.decode(bytes.subarray(0, options.limitBytes))
}

/** The part of a log in memory after `position`. */
export const pieceOf = (text: string | undefined, position: number): LogPiece => ({
  text: text?.slice(position) ?? "",
  position: Math.max(position, text?.length ?? 0)
})

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
