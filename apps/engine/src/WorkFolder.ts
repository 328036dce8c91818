/** The folder that a command works in. */
import { Data, Effect, FileSystem } from "effect"
import { Machine } from "./Machine.ts"

/** No folder can be made where temporary files go. */
export class WorkFolderUnusable extends Data.TaggedError("WorkFolderUnusable")<{ readonly place: string; readonly problem: string }> {
  override get message(): string {
    return `no folder can be made in ${this.place}, where temporary files go: ${this.problem}; give another with the variable TMPDIR`
  }
}

/** Paths of volumes stand in the commands of tasks, unquoted, in place of the paths in containers: a shell would take this one apart. */
export const problemInCommands = (path: string): string | undefined => {
  const [sign] = /[\s"'`$&();<>|*?[\]\\]/.exec(path) ?? []
  return sign === undefined ? undefined : `its path ${path} has the sign "${sign}", at which commands of tasks would take it apart`
}

/** A folder among the temporary files, without links in its path. It goes with the scope unless it is to be kept. */
export const workFolder = Effect.fnUntraced(function*(keep: boolean = false) {
  const fs = yield* FileSystem.FileSystem
  const { temporaryDirectory } = yield* Machine
  const place = yield* Effect.orElseSucceed(fs.realPath(temporaryDirectory), () => temporaryDirectory)
  const problem = problemInCommands(place)
  if (problem !== undefined) return yield* new WorkFolderUnusable({ place: temporaryDirectory, problem })
  const settings = { directory: temporaryDirectory, prefix: "fairlead-" }
  const made = Effect.flatMap(keep ? fs.makeTempDirectory(settings) : fs.makeTempDirectoryScoped(settings), fs.realPath)
  return yield* Effect.mapError(made, (error) => new WorkFolderUnusable({ place: temporaryDirectory, problem: error.message }))
})
