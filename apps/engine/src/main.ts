/** The program `fairlead`: the one place that touches the process. */
import { rmSync } from "node:fs"
import { enableCompileCache } from "node:module"
import { availableParallelism, tmpdir } from "node:os"

// Here too, for those who start this file itself.
enableCompileCache()
const args = process.argv.slice(2)

/** The copilot starts for every task with files, so it loads no more than it needs. */
const copilot = async (): Promise<void> => {
  // The signal may come while the rest is loaded: a task can be that quick.
  const told = new Promise<void>((resolve) => process.once("SIGTERM", () => resolve()))
  const { copilotHelp, runCopilot } = await import("./commands/Copilot.ts")
  if (args.length === 1 || args.includes("--help") || args.includes("-h")) {
    process.stdout.write(copilotHelp)
    return
  }
  const Effect = await import("effect/Effect")
  // Keeps the process alive while it waits for the signal.
  const alive = setInterval(() => undefined, 60_000)
  process.exitCode = await Effect.runPromise(runCopilot(args.slice(1), {
    writeError: (text) => process.stderr.write(text),
    note: (text) => process.stdout.write(text),
    terminated: Effect.promise(() => told)
  }))
  clearInterval(alive)
}

/** Paths and language; nothing else of the user's environment reaches a task. */
const taskEnvironment = (): Record<string, string> =>
  Object.fromEntries(["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  }))

/** Why results could not be written, if they could not. */
let unwritten: Error | undefined

/** Whoever reads the other end may leave early, as `head` does; a disk that is full is another matter. */
const noteUnwritten = (error: NodeJS.ErrnoException | null | undefined): void => {
  if (error && error.code !== "EPIPE" && error.code !== "ERR_STREAM_DESTROYED") unwritten ??= error
}

/** Ends the process once everything that was written has left it; with 74 when results did not get to where they should. */
const leave = (code: number): void => {
  process.stdout.write("", (error) => {
    noteUnwritten(error)
    if (unwritten !== undefined) process.stderr.write(`what was to be printed could not be written: ${unwritten.message}\n`)
    process.stderr.write("", () => process.exit(unwritten === undefined ? code : 74))
  })
}

/** One Ctrl-C may arrive twice: from the terminal, and from npm, which hands it on. */
const sameSignalWithin = 400

/** The first signal asks for an end, with this exit code; the second ends the program, and the guard of the runtime its tasks. */
const followSignals = (onFirst: (code: number) => void, temporaryFolders: ReadonlySet<string>): void => {
  let askedAt: number | undefined
  const listen = (signal: "SIGINT" | "SIGTERM" | "SIGHUP", code: number): void => {
    process.on(signal, () => {
      const now = performance.now()
      if (askedAt === undefined) {
        askedAt = now
        onFirst(code)
      }
      if (now - askedAt < sameSignalWithin) return
      process.stderr.write("ended at once; what was still running is killed\n")
      for (const folder of temporaryFolders) rmSync(folder, { recursive: true, force: true })
      process.exit(code)
    })
  }
  listen("SIGINT", 130)
  listen("SIGTERM", 143)
  listen("SIGHUP", 129)
}

/** Where the user is; a folder that has been removed is nowhere. */
const workingDirectory = (): string | undefined => {
  try {
    return process.cwd()
  } catch {
    return undefined
  }
}

const commands = async (): Promise<void> => {
  const here = workingDirectory()
  if (here === undefined) {
    process.stderr.write("the working folder is not there any more; go to another one\n")
    return leave(2)
  }
  const NodeServices = await import("@effect/platform-node/NodeServices")
  const { Cause, Deferred, Effect, Exit, Layer, Logger, Runtime } = await import("effect")
  const { runCli } = await import("./Cli.ts")
  const { ExitCode } = await import("./ExitCode.ts")
  const { Machine } = await import("./Machine.ts")
  const { Screen } = await import("./run/ProgressView.ts")
  process.stderr.on("error", () => undefined)
  process.stdout.on("error", noteUnwritten)
  const stop = Deferred.makeUnsafe<number>()
  const temporaryFolders = new Set<string>()
  followSignals((code) => Deferred.doneUnsafe(stop, Effect.succeed(code)), temporaryFolders)
  const machine = Layer.succeed(Machine, {
    workingDirectory: here,
    temporaryDirectory: tmpdir(),
    processors: availableParallelism(),
    taskEnvironment: taskEnvironment(),
    cacheDefault: process.env["FAIRLEAD_CACHE"] || undefined,
    writeOut: (text) => process.stdout.write(text),
    stopRequested: Deferred.await(stop),
    temporaryFolders
  })
  const screen = Layer.succeed(Screen, {
    isTerminal: process.stderr.isTTY === true && process.env["TERM"] !== "dumb",
    // A terminal that was never told its size says 0.
    columns: () => process.stderr.columns || 80,
    rows: () => process.stderr.rows || 24,
    write: (text) => process.stderr.write(text)
  })
  const exit = { code: 0 }
  const program = runCli(args).pipe(
    Effect.provide(Layer.mergeAll(machine, screen, Layer.succeed(ExitCode, exit), NodeServices.layer)),
    Effect.provideService(Logger.LogToStderr, true)
  )
  const runMain = Runtime.makeRunMain(({ fiber, teardown }) => fiber.addObserver((result) => teardown(result, leave)))
  runMain(program, {
    disableErrorReporting: true,
    teardown: (result, onExit) => {
      if (Exit.isFailure(result)) process.stderr.write(`fairlead broke; this is a fault of its own:\n${Cause.pretty(result.cause)}\n`)
      onExit(Exit.isFailure(result) ? 70 : exit.code)
    }
  })
}

await (args[0] === "copilot" ? copilot() : commands())
