/** Puts the engine's messages about failures into lines for people. The wire form stays Flyte's; nothing is left out but form. */
import { plainLine } from "./PlainText.ts"

/** `[name] terminated with exit code (3). Reason [Error]. Message: ⟨text⟩.`, as the pod plugin writes it, once per container. */
const terminated = /^\[([^\]\n]*)\] terminated with exit code \((-?\d+)\)\. Reason \[([^\]\n]*)\]\. Message: \n([\s\S]*?)\.?$/

/** ` (attempt 3 of 3)`, as the engine adds it to the message of the last attempt. */
const lastAttempt = /\.? \(attempt (\d+) of (\d+)\)$/

/** The lines of a message: what happened, then what the task said about it. */
export const readable = (message: string): ReadonlyArray<string> => {
  const text = message.replaceAll("\r\n", "\n").trim()
  const [, attempt, most] = lastAttempt.exec(text) ?? []
  const lines = text.replace(lastAttempt, "").split(/\n(?=\[[^\]\n]*\] terminated with )/).flatMap(section)
  if (attempt === undefined || lines.length === 0) return lines
  const [first = "", ...rest] = lines
  return [`attempt ${attempt} of ${most}: ${first}`, ...rest]
}

/** All of it in one line, for a table. */
export const oneLine = (lines: ReadonlyArray<string>): string =>
  lines.map((line) => line.trim()).reduce((whole, line) => (whole === "" ? line : `${whole}${whole.endsWith(":") ? " " : "; "}${line}`), "")

/** What a person can do about a failure, where the code says more than the message. */
export const advice = (code: string): string | undefined =>
  code === "StartError" ? "On this cluster a container is a local process: its program must be on this machine, in PATH or by its whole path." : undefined

const section = (text: string): ReadonlyArray<string> => {
  const [, container, exitCode, reason, said = ""] = terminated.exec(text.trimEnd()) ?? []
  if (container === undefined) return linesOf(text)
  const why = reason === "" || reason === "Error" ? "" : ` (${reason})`
  const lines = linesOf(said).flatMap(innermostFirst)
  return [`container ${container} ended with exit code ${exitCode}${why}${lines.length === 0 ? "" : ":"}`, ...lines]
}

/** A list of faults, `spec.a: …; spec.b: …`, gets a line for each. */
const linesOf = (text: string): ReadonlyArray<string> =>
  text.split(/\n|; (?=spec(?:\.[\w-]+|\[[^\]]*\])+: )/).map((line) => plainLine(line).trimEnd()).filter((line) => line.trim() !== "")

/** A container runtime tells through how many hands an error went before it tells the error. */
const innermostFirst = (line: string): ReadonlyArray<string> => {
  const [, hands, error] = /^(failed to create .*?: error during container init): (.*)$/.exec(line) ?? []
  return hands === undefined || error === undefined ? [line] : [error, `(${hands})`]
}
