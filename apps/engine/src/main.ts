#!/usr/bin/env node
/** The program `fairlead`: the one place that touches the process. */
import { enableCompileCache } from "node:module"
import { availableParallelism, tmpdir } from "node:os"

enableCompileCache()
const args = process.argv.slice(2)

/** The copilot starts for every task with files, so it loads no more than it needs. */
const copilot = async (): Promise<void> => {
  const { copilotHelp, runCopilot } = await import("./commands/Copilot.ts")
  if (args.length === 1 || args.includes("--help")) {
    process.stdout.write(copilotHelp)
    return
  }
  const Effect = await import("effect/Effect")
  const terminated = Effect.callback<void>((resume) => {
    process.once("SIGTERM", () => resume(Effect.void))
  })
  // Keeps the process alive while it waits for the signal.
  const alive = setInterval(() => undefined, 60_000)
  process.exitCode = await Effect.runPromise(runCopilot(args.slice(1), { writeError: (text) => process.stderr.write(text), terminated }))
  clearInterval(alive)
}

/** Paths and language; nothing else of the user's environment reaches a task. */
const taskEnvironment = (): Record<string, string> =>
  Object.fromEntries(["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  }))

const commands = async (): Promise<void> => {
  const { NodeRuntime, NodeServices } = await import("@effect/platform-node")
  const { Effect, Layer } = await import("effect")
  const { cli, version } = await import("./Cli.ts")
  const { Command } = await import("effect/cli")
  const { ExitCode } = await import("./ExitCode.ts")
  const { Machine } = await import("./Machine.ts")
  const { Screen } = await import("./run/ProgressView.ts")
  const machine = Layer.succeed(Machine, {
    workingDirectory: process.cwd(),
    temporaryDirectory: tmpdir(),
    processors: availableParallelism(),
    taskEnvironment: taskEnvironment(),
    writeOut: (text) => process.stdout.write(text)
  })
  const screen = Layer.succeed(Screen, {
    isTerminal: process.stderr.isTTY === true,
    columns: () => process.stderr.columns ?? 80,
    rows: () => process.stderr.rows ?? 24,
    write: (text) => process.stderr.write(text)
  })
  const exit = { code: 0 }
  const program = Command.runWith(cli, { version })(args).pipe(
    Effect.catchTag("ShowHelp", (help) => Effect.sync(() => {
      if (help.errors.length > 0) exit.code = 2
    })),
    Effect.provide(Layer.mergeAll(machine, screen, Layer.succeed(ExitCode, exit), NodeServices.layer))
  )
  NodeRuntime.runMain(program, {
    teardown: (result, onExit) => onExit(result._tag === "Success" ? exit.code : exit.code === 0 ? 130 : exit.code)
  })
}

await (args[0] === "copilot" ? copilot() : commands())
