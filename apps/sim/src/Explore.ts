/** Runs many seeds and makes what it finds small. */
import { Console, Effect } from "effect"
import { describeFaults } from "./Faults.ts"
import { Machine } from "./Machine.ts"
import { exitCodeOf, replayCommand, toLines } from "./Report.ts"
import { faultsOf, simulate, type SimulateOptions, type SimulateReport, type SimulationBroken } from "./Simulate.ts"

/**
 * Runs them one after the other and prints a line for each. The first broken promise ends it: the run is repeated with
 * fewer tasks and fewer kinds of faults for as long as some promise still breaks, and the smallest one is shown. The answer is the
 * exit code, that of the broken promise or 0.
 */
export const explore = Effect.fnUntraced(function*(worlds: ReadonlyArray<SimulateOptions>) {
  const machine = yield* Machine
  const used = machine.startMeasuring()
  for (const options of worlds) {
    const report = yield* simulate(options, machine.settle)
    yield* Console.log(`seed ${options.seed}: ${report.verdict.outcome}, journal ${report.journal}; ${describeFaults(faultsOf(options))}`)
    if (report.verdict.outcome === "Passed") continue
    yield* Console.log(`to replay: ${replayCommand(options)}\nlooking for a smaller one…`)
    const smallest = yield* shrink(report)
    yield* Console.log(toLines(smallest, used()).join("\n"))
    return exitCodeOf(smallest)
  }
  const tasks = worlds.reduce((sum, { tasks }) => sum + tasks, 0)
  yield* Console.log(`every promise held for ${tasks} tasks in ${worlds.length} worlds, in ${(used().wall / 1000).toFixed(1)} s`)
  return 0
})

/** Smaller worlds than this one, the smallest first. */
export const smaller = (options: SimulateOptions): ReadonlyArray<SimulateOptions> => {
  const counts = [Math.floor(options.tasks / 10), Math.floor(options.tasks / 2), Math.floor((options.tasks * 9) / 10)]
  const fewer = [...new Set(counts)].filter((tasks) => tasks >= 1 && tasks < options.tasks).map((tasks) => ({ ...options, tasks }))
  const calmer = options.faults.map((kind) => ({ ...options, faults: options.faults.filter((other) => other !== kind) }))
  return [...fewer, ...calmer]
}

const shrink = (found: SimulateReport): Effect.Effect<SimulateReport, SimulationBroken, Machine> =>
  Effect.gen(function*() {
    const machine = yield* Machine
    let best = found
    search: for (;;) {
      for (const options of smaller(best.options)) {
        const report = yield* simulate(options, machine.settle)
        if (report.verdict.outcome === "Passed") continue
        best = report
        continue search
      }
      return best
    }
  })
