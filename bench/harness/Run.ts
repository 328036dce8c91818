/** Runs one benchmark in a process of its own and reads what it prints. */
import { spawn } from "node:child_process"
import { dirname, join } from "node:path"
import { performance } from "node:perf_hooks"
import { createInterface } from "node:readline"
import { type Measure, measureOf } from "./Measure.ts"

/** What came of a benchmark. */
export interface Ran {
  readonly path: string
  readonly seconds: number
  readonly measures: ReadonlyArray<Measure>
  /** Why its figures are not all there. */
  readonly fault?: string
}

/** How to run. */
export interface RunOptions {
  /** Minutes after which the benchmark is stopped. */
  readonly minutes: number
  readonly onMeasure: (measure: Measure) => void
}

/** Runs the program at `path`, relative to `root`, in the folder of its package. */
export const runBenchmark = async (root: string, path: string, { minutes, onMeasure }: RunOptions): Promise<Ran> => {
  const started = performance.now()
  const measures: Array<Measure> = []
  const faults: Array<string> = []
  const child = spawn(process.execPath, ["--expose-gc", join(root, path)], { cwd: dirname(dirname(join(root, path))), stdio: ["ignore", "pipe", "pipe"] })
  const ended = new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(`cannot be started: ${error.message}`))
    child.once("close", (code, signal) => resolve(signal !== null ? `ended by ${signal}` : code === 0 ? undefined : `ended with code ${code}`))
  })
  const tooLong = setTimeout(() => {
    faults.push(`did not end within ${minutes} minutes`)
    child.kill("SIGKILL")
  }, minutes * 60_000)
  let lastWords = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-2000)
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const read = measureOf(line)
    if (typeof read === "string") faults.push(read)
    else if (read !== undefined) {
      measures.push(read)
      onMeasure(read)
    }
  }
  const end = await ended
  clearTimeout(tooLong)
  if (end !== undefined) faults.push(lastWords.trim() === "" ? end : `${end}: ${lastWords.trim().split("\n").slice(-12).join("\n")}`)
  else if (measures.length === 0 && faults.length === 0) faults.push("printed no measure")
  const seconds = Number(((performance.now() - started) / 1000).toFixed(1))
  return { path, seconds, measures, ...(faults.length === 0 ? {} : { fault: faults.join("; ") }) }
}
