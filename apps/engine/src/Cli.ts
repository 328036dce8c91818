/** The commands of `fairlead`, put together. */
import { Console, Effect } from "effect"
import { CliOutput, Command } from "effect/cli"
import { ExitCode } from "./ExitCode.ts"

/** Version of the program, as `--version` prints it. */
export const version = "0.1.0"

/** Each command in a file of its own, which is loaded when it is called: together they take longer to load than most tasks to run. */
const commands = {
  run: async () => (await import("./commands/Run.ts")).runCommand,
  dev: async () => (await import("./commands/Dev.ts")).devCommand,
  start: async () => (await import("./commands/Start.ts")).startCommand,
  cache: async () => (await import("./commands/Cache.ts")).cacheCommand,
  config: async () => (await import("./commands/Config.ts")).configCommand,
  airflow: async () => (await import("./commands/Airflow.ts")).airflowCommand,
  copilot: async () => (await import("./commands/CopilotCommand.ts")).copilotCommand
} as const

type Name = keyof typeof commands
const isName = (word: string | undefined): word is Name => word !== undefined && Object.hasOwn(commands, word)

/** The command line with the given commands. */
const make = (names: ReadonlyArray<Name>) =>
  Effect.map(
    Effect.forEach(names, (name) => Effect.promise<Awaited<ReturnType<(typeof commands)[Name]>>>(commands[name]), { concurrency: "unbounded" }),
    (subcommands) =>
      Command.make("fairlead").pipe(
        Command.withDescription("A task engine for Kubernetes that you can embed, deploy and simulate"),
        Command.withSubcommands(subcommands)
      )
  )

/** Carries out a command line. The exit code is 2 when it is no command. */
export const runCli = (args: ReadonlyArray<string>) =>
  make(isName(args[0]) ? [args[0]] : (Object.keys(commands) as ReadonlyArray<Name>)).pipe(
    Effect.flatMap((cli) => Command.runWith(cli, { version })(args)),
    Effect.catchTag("ShowHelp", (help) => ExitCode.set(help.errors.length > 0 ? 2 : 0)),
    Effect.provideService(CliOutput.Presenter, presenter)
  )

/** Who mistyped a flag is told which, and where help is; a page of it would only hide that. */
const presenter: CliOutput.Presenter = {
  present: (event) => {
    if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event)
    const formatter = CliOutput.defaultFormatter({ colors: false })
    return Console.error(`${formatter.formatErrors(event.errors).trim()}\n\nAll commands and flags: ${event.commandPath.join(" ")} --help`)
  }
}
