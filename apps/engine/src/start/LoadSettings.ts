/** Brings file and environment together for the commands that need settings. */
import { Effect, FileSystem, Option, Path, Result } from "effect"
import { Flag } from "effect/cli"
import { Machine } from "../Machine.ts"
import { refuse } from "../Refusal.ts"
import { type FileProblem, formatProblem } from "../tasks/YamlFile.ts"
import { CurrentHost } from "./HostProcess.ts"
import { readSettings, type ReadSettings, variableOfFile } from "./SettingsRead.ts"

/** The flag that names the file. */
export const configFlag = Flag.String("config").pipe(
  Flag.withDescription(`File of settings, YAML or JSON; the variable ${variableOfFile} if not given`),
  Flag.optional
)

/** The settings, or what is wrong with them. */
export const loadSettings = Effect.fnUntraced(function*(given: Option.Option<string>): Effect.fn.Return<
  Result.Result<ReadSettings, ReadonlyArray<FileProblem>>,
  never,
  FileSystem.FileSystem | Path.Path | Machine
> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { environment } = yield* CurrentHost
  const { workingDirectory } = yield* Machine
  const name = Option.getOrUndefined(given) ?? environment[variableOfFile]
  if (name === undefined || name === "") return readSettings({ environment })
  const text = yield* Effect.result(fs.readFileString(path.resolve(workingDirectory, name)))
  if (Result.isFailure(text)) return Result.fail([{ file: name, line: 0, field: "", message: `cannot be read: ${text.failure.message}` }])
  return readSettings({ environment, file: { file: name, text: text.success } })
})

/** Tells a person what is wrong and sets the exit code to 2. */
export const refuseSettings = (problems: ReadonlyArray<FileProblem>) => refuse(problems.map(formatProblem).join("\n"))
