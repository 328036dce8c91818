/** `npm run bench`: runs the benchmarks of the repository and prints one JSON document. */
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { parseArguments, usage } from "./harness/Arguments.ts"
import { findBenchmarks } from "./harness/Find.ts"
import { describeMeasure, missesOf } from "./harness/Measure.ts"
import { runBenchmark } from "./harness/Run.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const say = (line: string): void => void process.stderr.write(`${line}\n`)

const main = async (): Promise<number> => {
  const asked = parseArguments(process.argv.slice(2))
  if (asked.kind === "help") {
    process.stdout.write(usage)
    return 0
  }
  if (asked.kind === "wrong") {
    say(`${asked.message}\n\n${usage}`)
    return 2
  }
  const all = findBenchmarks(root)
  const paths = asked.words.length === 0 ? all : all.filter((path) => asked.words.some((word) => path.includes(word)))
  if (paths.length === 0) {
    say(`No benchmark has ${asked.words.map((word) => `"${word}"`).join(" or ")} in its path. There are:\n${all.join("\n")}`)
    return 2
  }
  if (asked.list) {
    process.stdout.write(`${paths.join("\n")}\n`)
    return 0
  }
  const benchmarks = []
  for (const path of paths) {
    say(path)
    const done = await runBenchmark(root, path, { minutes: asked.minutes, onMeasure: (measure) => say(`  ${describeMeasure(measure)}`) })
    if (done.fault !== undefined) say(`  broke: ${done.fault}`)
    benchmarks.push(done)
  }
  const missed = benchmarks.flatMap(({ measures, path }) => measures.flatMap((measure) => missesOf(measure).map((miss) => `${path}: ${miss}`)))
  const broken = benchmarks.flatMap(({ fault, path }) => (fault === undefined ? [] : [`${path}: ${fault}`]))
  const machine = { node: process.version, platform: `${process.platform}-${process.arch}`, processors: availableParallelism() }
  process.stdout.write(`${JSON.stringify({ machine, benchmarks, missed, broken }, null, 2)}\n`)
  for (const line of missed) say(`missed: ${line}`)
  return missed.length + broken.length > 0 ? 1 : 0
}

process.exitCode = await main()
