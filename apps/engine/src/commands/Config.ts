/** `fairlead config`: shows every setting of `fairlead start` with its value, its default and its origin. */
import { Effect, Result } from "effect"
import { Command, Flag } from "effect/cli"
import { Machine } from "../Machine.ts"
import { configFlag, loadSettings, refuseSettings } from "../start/LoadSettings.ts"
import { settingLines, toSettingsTable } from "../start/SettingsReport.ts"

const flags = {
  config: configFlag,
  output: Flag.Literals("output", ["table", "json"]).pipe(
    Flag.withDescription("How settings are printed; JSON also names the variable of each"),
    Flag.withDefault("table")
  )
}

/** The command. */
export const configCommand = Command.make("config", flags, ({ config, output }) =>
  Effect.gen(function*() {
    const machine = yield* Machine
    const read = yield* loadSettings(config)
    if (Result.isFailure(read)) return yield* refuseSettings(read.failure)
    const lines = settingLines(read.success)
    machine.writeOut(`${output === "json" ? JSON.stringify(lines, null, 2) : toSettingsTable(lines)}\n`)
  })).pipe(
    Command.withDescription("Show the settings of \"fairlead start\", where they come from, and their defaults"),
    Command.withExamples([
      { command: "fairlead config --config fairlead.yaml", description: "Check a file and see what would count" },
      { command: "fairlead config --output json", description: "See the environment variable of every setting" }
    ])
  )
