/** The entry of `copilot` in the help; `main.ts` carries the command out before any of the command line is loaded. */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { Machine } from "../Machine.ts"
import { copilotHelp } from "./Copilot.ts"

/** Prints how to use it. */
export const copilotCommand = Command.make("copilot", { args: Argument.String("arguments").pipe(Argument.variadic()) }, () =>
  Effect.map(Machine, (machine) => machine.writeOut(copilotHelp))).pipe(
    Command.withDescription("Bring inputs as files and take outputs from files, beside the container of a task")
  )
