/** The commands of `fairlead`, put together. */
import { Console, Effect } from "effect"
import { CliOutput, Command } from "effect/cli"
import { configCommand } from "./commands/Config.ts"
import { copilotCommand } from "./commands/CopilotCommand.ts"
import { devCommand } from "./commands/Dev.ts"
import { runCommand } from "./commands/Run.ts"
import { startCommand } from "./commands/Start.ts"
import { ExitCode } from "./ExitCode.ts"

/** Version of the program, as `--version` prints it. */
export const version = "0.1.0"

const cli = Command.make("fairlead").pipe(
  Command.withDescription("A task engine for Kubernetes that you can embed, deploy and simulate"),
  Command.withSubcommands([runCommand, devCommand, startCommand, configCommand, copilotCommand])
)

/** Carries out a command line. The exit code is 2 when it is no command. */
export const runCli = (args: ReadonlyArray<string>) =>
  Command.runWith(cli, { version })(args).pipe(
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
