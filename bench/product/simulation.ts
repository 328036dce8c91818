/** Ten thousand simulated tasks: seconds and memory of the whole process. */
import { spawnSync } from "node:child_process"
import { performance } from "node:perf_hooks"
import { fileURLToPath } from "node:url"

// With the flags of its first line and of `npm run sim`.
const main = fileURLToPath(new URL("../../apps/sim/bin/fairlead-sim.mjs", import.meta.url))

const run = (tasks: number) => {
  const started = performance.now()
  const done = spawnSync(process.execPath, ["--use-largepages=silent", "--min-semi-space-size=32", "--max-semi-space-size=32", main, "run", "--seed", "7", "--tasks", String(tasks), "--output", "json"], { encoding: "utf8", maxBuffer: 1e8 })
  if (done.status !== 0) throw new Error(`ended with ${done.status}: ${done.stderr || done.stdout.slice(-2000)}`)
  const { journal, usage } = JSON.parse(done.stdout) as { journal: string; usage: { processor: number; memoryMost: number } }
  return { seconds: (performance.now() - started) / 1000, journal, usage }
}

run(10) // fills the cache of compiled code
const { journal, seconds, usage } = run(10_000)
console.log(JSON.stringify({ name: "10,000 simulated tasks", value: Number(seconds.toFixed(2)), unit: "s", atMost: 10, processorSeconds: usage.processor / 1000, journal }))
console.log(JSON.stringify({ name: "memory of 10,000 simulated tasks", value: Math.round(usage.memoryMost / 1e6), unit: "MB", atMost: 500 }))
