/** Finds the task files below the paths of a command line. */
import { Effect, FileSystem, Path, Result } from "effect"
import type { TaskFile } from "./Submission.ts"
import type { FileProblem } from "./YamlFile.ts"

const isTaskFile = (name: string): boolean => /\.(ya?ml|json)$/.test(name)

/** Reads files, and all task files of folders, sorted by name; what cannot be read is a problem. */
export const findFiles = Effect.fnUntraced(function*(paths: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const files: Array<TaskFile> = []
  const problems: Array<FileProblem> = []
  const readOne = Effect.fnUntraced(function*(file: string) {
    const text = yield* Effect.result(fs.readFileString(file))
    if (text._tag === "Success") files.push({ file, text: text.success })
    else problems.push({ file, line: 0, field: "", message: `cannot be read: ${text.failure.message}` })
  })
  const readFolder = Effect.fnUntraced(function*(folder: string) {
    const names = yield* Effect.result(fs.readDirectory(folder, { recursive: true }))
    if (names._tag === "Failure") return void problems.push({ file: folder, line: 0, field: "", message: `cannot be read: ${names.failure.message}` })
    const tasks = names.success.filter(isTaskFile).sort()
    if (tasks.length === 0) problems.push({ file: folder, line: 0, field: "", message: "holds no .yaml, .yml or .json file" })
    for (const name of tasks) {
      const file = path.join(folder, name)
      const kind = Result.getOrUndefined(yield* Effect.result(fs.stat(file)))?.type ?? "File"
      // A pipe or a device gives what is read from it once, or never: nobody means one that merely lies in a folder.
      if (kind === "File") yield* readOne(file)
      else if (kind !== "Directory") problems.push({ file, line: 0, field: "", message: `is no file (${kind}); name it itself to have it read` })
    }
  })
  for (const given of paths) {
    const info = yield* Effect.result(fs.stat(given))
    if (info._tag === "Failure") {
      problems.push({ file: given, line: 0, field: "", message: "does not exist; give a file or a folder with .yaml, .yml or .json files" })
    } else if (info.success.type === "Directory") yield* readFolder(given)
    else yield* readOne(given)
  }
  return { files, problems }
})
