/** The commands of `fairlead`, put together. */
import { Command } from "effect/cli"
import { configCommand } from "./commands/Config.ts"
import { devCommand } from "./commands/Dev.ts"
import { runCommand } from "./commands/Run.ts"
import { startCommand } from "./commands/Start.ts"
import { copilotCommand } from "./commands/CopilotCommand.ts"

/** Version of the program, as `--version` prints it. */
export const version = "0.1.0"

/** The whole command line. */
export const cli = Command.make("fairlead").pipe(
  Command.withDescription("A task engine for Kubernetes that you can embed, deploy and simulate"),
  Command.withSubcommands([runCommand, devCommand, startCommand, configCommand, copilotCommand])
)
