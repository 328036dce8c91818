/** The program `fairlead-sim`: the one place that touches the process. */
import { enableCompileCache } from "node:module"
import { performance } from "node:perf_hooks"
import { setImmediate } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"

// The flags, and the cache for those who start this file itself, must be in force before anything else is loaded. Imports come before every statement, so the
// rest is loaded by hand.
enableCompileCache()
// Collecting old objects sooner takes a fifth less memory and, since most of them are garbage by then, no more time. The space for young objects, which only
// the command line can set (see bin/fairlead-sim.mjs), has its size from the start: with half of it, collecting takes twice the time, with twice of it, memory is a seventh more.
// Node's own code on large pages, where the machine has them, saves some hundredths of the time.
setFlagsFromString("--heap-growing-percent=30")
// A run is short and its work is spread over much code: compiling it for speed after a third of the usual calls saves a fifth of the time.
setFlagsFromString("--invocation-count-for-maglev=200")
setFlagsFromString("--invocation-count-for-turbofan=1000")
setFlagsFromString("--minimum-invocations-after-ic-update=100")

// Effect carries the context of `async_hooks` through every wait of a fiber, if it finds that module when it is loaded. Nobody here looks at it.
const { getBuiltinModule } = process
Reflect.set(process, "getBuiltinModule", undefined)
const { Effect, Exit, Layer } = await import("effect")
Reflect.set(process, "getBuiltinModule", getBuiltinModule)

const [{ cli, version }, { ExitCode, Machine }, { Command }, NodeServices] = await Promise.all([
  import("./Cli.ts"),
  import("./Machine.ts"),
  import("effect/cli"),
  import("@effect/platform-node/NodeServices")
])

const exit = { code: 0 }

const machine = Layer.succeed(Machine, {
  drawSeed: () => Math.floor(Math.random() * 1_000_000_000),
  settle: () => setImmediate(),
  startMeasuring: () => {
    const wall = performance.now()
    const cpu = process.cpuUsage()
    return () => {
      const used = process.cpuUsage(cpu)
      return {
        wall: performance.now() - wall,
        processor: (used.user + used.system) / 1000,
        memoryMost: process.resourceUsage().maxRSS * 1024
      }
    }
  }
})

const program = Command.runWith(cli, { version })(process.argv.slice(2)).pipe(
  Effect.catchTag("ShowHelp", (help) => Effect.sync(() => {
    if (help.errors.length > 0) exit.code = 2
  })),
  Effect.provide(Layer.mergeAll(machine, ExitCode.layer(exit), NodeServices.layer))
)

// Without a handler for signals: a run in process never returns to the event loop, so that only the system can end it, and nothing needs to be put away.
const result = await Effect.runPromiseExit(program)
process.exitCode = Exit.isSuccess(result) ? exit.code : Math.max(1, exit.code)
